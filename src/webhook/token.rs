//! Gets tokens from an OAuth 2 server by client credentials (RFC 6749, 4.4).
//!
//! Owns the current token and the request for the next one, which is like that of Go's `clientcredentials`.
//! The lock is held only to read or replace the token, never during a request. Workers that need a new token
//! at the same time request one each. Runs on send threads.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::Body;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{HeaderMap, Response};

use super::address::Address;
use super::client::basic;
use super::exchange::Exchange;
use super::fault::Fault;
use super::reloading_agent::{AgentFactory, ReloadingAgent};
use super::secret::{self, Credentials};
use super::token_answer::{self, Granted};
use crate::clock::Clock;
use crate::config::OAuth2;
use crate::limits;
use crate::model::Mono;

/// The characters that are percent-encoded in a form: all but those that Go leaves as they are.
const ESCAPED_IN_FORMS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The token of one configuration, and the means to get a new one.
#[derive(Debug)]
pub struct TokenSource {
    config: OAuth2,
    link: ReloadingAgent,
    known: Mutex<Known>,
    clock: Clock,
}

#[derive(Default)]
struct Known {
    token: Option<Token>,
    /// The style of client authentication that has worked; `None` until one has.
    style: Option<Style>,
}

struct Token {
    /// The value of the header `Authorization`.
    authorization: String,
    /// The client secret that the token was granted for.
    secret: String,
    /// When the token must be replaced; `None` if it does not expire.
    until: Option<Mono>,
}

/// The place of the client's name and secret in a request for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// In the header `Authorization`, as RFC 6749 recommends.
    Header,
    /// Among the parameters of the form.
    Parameters,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Known")
    }
}

impl TokenSource {
    /// A source that has no token yet.
    pub fn new(config: &OAuth2, factory: &Arc<AgentFactory>) -> Result<Self, Fault> {
        Ok(TokenSource {
            config: config.clone(),
            link: ReloadingAgent::new(&config.tls, &config.proxy, factory)?,
            known: Mutex::default(),
            clock: factory.clock,
        })
    }

    /// The value of the header `Authorization`. Uses the current token while it is valid and the secret is
    /// unchanged, else requests a new one, until `deadline` at the latest.
    pub fn authorization(&self, deadline: Mono) -> Result<String, Fault> {
        let secret = secret::read(&self.config.client_secret, "client_secret_file");
        let secret = secret.map_err(Fault::Setup)?;
        let now = self.clock.mono();
        if let Some(token) = &self.known().token
            && token.secret == secret
            && token.until.is_none_or(|until| now < until)
        {
            return Ok(token.authorization.clone());
        }
        let granted = self.ask(&secret, deadline)?;
        let authorization = granted.authorization();
        let life = granted
            .life
            .map(|life| life.saturating_sub(limits::TOKEN_MARGIN));
        self.known().token = Some(Token {
            authorization: authorization.clone(),
            secret,
            until: life.map(|life| self.clock.mono() + life),
        });
        Ok(authorization)
    }

    /// Aborts all requests under way, and makes no more.
    pub fn hang_up(&self) {
        self.link.hang_up();
    }

    /// Requests a token in the style that has worked before, or else in one style and then the other.
    fn ask(&self, secret: &str, deadline: Mono) -> Result<Granted, Fault> {
        let known = self.known().style;
        let first = known.unwrap_or(Style::Header);
        let result = self.ask_in(first, secret, deadline);
        if known.is_some() {
            return result;
        }
        let (result, worked) = match result {
            Ok(granted) => (Ok(granted), Style::Header),
            Err(_) => {
                let style = Style::Parameters;
                (self.ask_in(style, secret, deadline), style)
            }
        };
        if result.is_ok() {
            self.known().style = Some(worked);
        }
        result
    }

    fn ask_in(&self, style: Style, secret: &str, deadline: Mono) -> Result<Granted, Fault> {
        let address = Address::parse(&self.config.token_url)
            .ok_or_else(|| Fault::Setup("token_url is no http or https URL".to_owned()))?;
        let form = self.form(style, secret);
        let timeout = deadline.since(self.clock.mono());
        let exchange = Exchange {
            link: &self.link,
            method: "POST",
            body: Some(form.as_bytes()),
            content_type: "application/x-www-form-urlencoded",
            follows_redirects: true,
            deadline,
            body_time: limits::ANSWER_BODY_TIME,
            timeout,
            clock: self.clock,
        };
        let response = exchange.run(address.clone(), |address, credentials| {
            self.headers(style, secret, address, credentials)
        });
        token_answer_of(response.map_err(Fault::of_token)?)
            .map_err(|why| Fault::Token(format!("{}: {why}", self.link.describe(&address))))
    }

    fn headers(
        &self,
        style: Style,
        secret: &str,
        address: &Address,
        credentials: Credentials,
    ) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        let ours = (style == Style::Header && credentials == Credentials::Allowed)
            .then(|| basic(&form_escaped(&self.config.client_id), &form_escaped(secret)));
        if let Some(text) = ours.as_deref().or(address.authorization()) {
            let value = secret::header_value(text, "header Authorization");
            headers.insert(AUTHORIZATION, value.map_err(Fault::Setup)?);
        }
        Ok(headers)
    }

    /// The body of a request, with the parameters sorted by name, as in Go.
    fn form(&self, style: Style, secret: &str) -> String {
        let config = &self.config;
        let mut parameters = vec![("grant_type", "client_credentials")];
        let scopes = config.scopes.join(" ");
        if !scopes.is_empty() {
            parameters.push(("scope", &scopes));
        }
        for (name, value) in &config.endpoint_params {
            parameters.retain(|(other, _)| name != other || name != "grant_type");
            parameters.push((name, value));
        }
        if style == Style::Parameters {
            parameters.push(("client_id", &config.client_id));
            if !secret.is_empty() {
                parameters.push(("client_secret", secret));
            }
        }
        parameters.sort_by_key(|(name, _)| *name);
        let pairs = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", form_escaped(name), form_escaped(value)));
        pairs.collect::<Vec<String>>().join("&")
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // A panic cannot leave the state half updated, so poisoning is ignored.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn token_answer_of(response: Response<Body>) -> Result<Granted, String> {
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let reader = response.into_body().into_reader();
    reader
        .take(limits::TOKEN_ANSWER as u64)
        .read_to_end(&mut body)
        .map_err(|_| "the answer broke off".to_owned())?;
    token_answer::read(status, kind.as_deref().unwrap_or_default(), &body)
}

/// `text`, encoded for a form.
fn form_escaped(text: &str) -> String {
    let escaped = utf8_percent_encode(text, ESCAPED_IN_FORMS).to_string();
    // A percent sign of the text itself is `%25` by now, so `%20` can only be a blank.
    escaped.replace("%20", "+")
}

#[cfg(test)]
mod tests;
