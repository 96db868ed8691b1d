//! The HTTP clients: one for each `http_config`.
//!
//! Owns the configured headers and the authorization of requests (§1.7), and the table of clients. The table
//! survives a reload, so an unchanged configuration keeps its connections and tokens. The table's lock is
//! held for a lookup and to make a new client. Used by all send threads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::HeaderMap;
use ureq::http::header::AUTHORIZATION;

use super::address::Address;
use super::fault::Fault;
use super::reloading_agent::{AgentFactory, ReloadingAgent};
use super::secret::{self, Credentials};
use super::token::TokenSource;
use crate::config::{Authorization, HttpConfig};
use crate::limits;
use crate::model::Mono;

/// The HTTP client of one `http_config`: its agent and, with OAuth 2, its tokens.
#[derive(Debug)]
pub struct Client {
    http: Arc<HttpConfig>,
    link: ReloadingAgent,
    tokens: Option<TokenSource>,
}

impl Client {
    fn new(http: &Arc<HttpConfig>, factory: &Arc<AgentFactory>) -> Result<Self, Fault> {
        let tokens = match &http.authorization {
            Authorization::OAuth2(config) => Some(TokenSource::new(config, factory)?),
            _ => None,
        };
        Ok(Client {
            http: http.clone(),
            link: ReloadingAgent::new(&http.tls, &http.proxy, factory)?,
            tokens,
        })
    }

    /// Whether redirects are followed; if not, a redirect is the answer.
    pub fn follows_redirects(&self) -> bool {
        self.http.follow_redirects
    }

    /// The agent of this client.
    pub fn link(&self) -> &ReloadingAgent {
        &self.link
    }

    /// The headers that the configuration adds to a request to `address`. `credentials` says whether secret
    /// headers are among them, which the host of a redirect must not get. Reads files; may request a token,
    /// until `deadline` at the latest.
    pub fn headers(
        &self,
        address: &Address,
        credentials: Credentials,
        deadline: Mono,
    ) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        secret::add_headers(&self.http.headers, credentials, &mut headers).map_err(Fault::Setup)?;
        if let Some(text) = self.authorization(address, credentials, deadline)? {
            let value = secret::header_value(&text, "header Authorization");
            headers.insert(AUTHORIZATION, value.map_err(Fault::Setup)?);
        }
        Ok(headers)
    }

    /// The value of the header `Authorization`. As in Alertmanager, a token takes precedence over credentials
    /// of the URL, and these over other configured ones.
    fn authorization(
        &self,
        address: &Address,
        credentials: Credentials,
        deadline: Mono,
    ) -> Result<Option<String>, Fault> {
        let is_allowed = credentials == Credentials::Allowed;
        if let Some(tokens) = self.tokens.as_ref().filter(|_| is_allowed) {
            return tokens.authorization(deadline).map(Some);
        }
        match address.authorization() {
            Some(text) => Ok(Some(text.to_owned())),
            None if is_allowed => configured(&self.http.authorization).map_err(Fault::Setup),
            None => Ok(None),
        }
    }

    fn hang_up(&self) {
        self.link.hang_up();
        if let Some(tokens) = &self.tokens {
            tokens.hang_up();
        }
    }
}

fn configured(authorization: &Authorization) -> Result<Option<String>, String> {
    match authorization {
        Authorization::Basic { username, password } => {
            let username = secret::read_if_any(username.as_ref(), "username_file")?;
            let password = secret::read_if_any(password.as_ref(), "password_file")?;
            Ok(Some(basic(&username, &password)))
        }
        Authorization::Header {
            scheme,
            credentials,
        } => {
            let credentials = secret::read_if_any(credentials.as_ref(), "credentials_file")?;
            Ok(Some(format!("{scheme} {credentials}")))
        }
        Authorization::None | Authorization::OAuth2(_) => Ok(None),
    }
}

/// The value of the header `Authorization` for basic authentication.
pub fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

/// The clients of all configurations in use.
#[derive(Debug)]
pub struct Clients {
    factory: Arc<AgentFactory>,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    clients: BTreeMap<Arc<HttpConfig>, Entry>,
    lookups: u64,
    is_hung_up: bool,
}

#[derive(Debug)]
struct Entry {
    client: Arc<Client>,
    /// The number of the last lookup of this client.
    used_at: u64,
}

impl Clients {
    /// An empty table.
    pub fn new(factory: AgentFactory) -> Self {
        Clients {
            factory: Arc::new(factory),
            table: Mutex::default(),
        }
    }

    /// The client for `http`, made if there is none yet.
    pub fn client(&self, http: &Arc<HttpConfig>) -> Result<Arc<Client>, Fault> {
        let mut table = self.table();
        if table.is_hung_up {
            return Err(Fault::HungUp);
        }
        table.lookups += 1;
        let used_at = table.lookups;
        if let Some(entry) = table.clients.get_mut(http) {
            entry.used_at = used_at;
            return Ok(entry.client.clone());
        }
        let client = Arc::new(Client::new(http, &self.factory)?);
        let entry = Entry {
            client: client.clone(),
            used_at,
        };
        table.make_room();
        table.clients.insert(http.clone(), entry);
        Ok(client)
    }

    /// Closes every connection, also those in use. Attempts under way fail at once, and so does each later
    /// attempt.
    pub fn hang_up(&self) {
        let mut table = self.table();
        table.is_hung_up = true;
        for entry in table.clients.values() {
            entry.client.hang_up();
        }
        self.factory.resolver.hang_up();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic cannot leave the table half updated, so poisoning is ignored.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Removes the least recently used client if the table is full. Clients in use stay, so that
    /// [`Clients::hang_up`] reaches them; they are no more than there are workers.
    fn make_room(&mut self) {
        if self.clients.len() < limits::HTTP_CLIENTS {
            return;
        }
        let idle = self.clients.iter();
        let idle = idle.filter(|(_, entry)| Arc::strong_count(&entry.client) == 1);
        let oldest = idle.min_by_key(|(_, entry)| entry.used_at);
        if let Some(http) = oldest.map(|(http, _)| http.clone()) {
            self.clients.remove(&http);
        }
    }
}

#[cfg(test)]
mod tests;
