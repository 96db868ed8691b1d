//! One attempt over HTTP: a body to an address, through redirects, within one deadline.
//!
//! Owns the requests and the reading of answers. Never tries a request again, and never waits
//! past the deadline, but for the operating system's lookup of a name. Runs on send threads.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use ureq::{Agent, AsSendBody, Body};

use super::address::Address;
use super::client::Clients;
use super::fault::Fault;
use super::secret::Credentials;
use super::verdict::{Answer, EXCERPT_BYTES};
use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::limits;

/// Sends bodies to addresses. Shared by all workers, as are its open connections.
#[derive(Debug)]
pub struct Poster {
    clients: Clients,
    clock: Clock,
}

/// What a redirect asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redirect {
    /// Fetch the other address, without our body.
    Get,
    /// Send the body there.
    Again,
}

impl Poster {
    /// One that sends by way of `clients`.
    pub fn new(clients: Clients, clock: Clock) -> Self {
        Poster { clients, clock }
    }

    /// Posts `body` to `address` as `http` says, and follows redirects as Go does (§6.1), all
    /// within `timeout`. Every status is an answer; a fault says why there is none.
    pub fn post(
        &self,
        http: &Arc<HttpConfig>,
        mut address: Address,
        body: &[u8],
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        let deadline = self.clock.mono() + timeout;
        let client = self.clients.client(http)?;
        let first = address.clone();
        let mut body = Some(body);
        let mut credentials = Credentials::Allowed;
        for _ in 0..=limits::REDIRECTS {
            let headers = client.headers(&address, credentials, deadline)?;
            let agent = client.link().agent()?;
            let left = deadline.since(self.clock.mono());
            let response = request(&agent, &address, headers, body, left).map_err(|error| {
                Fault::from_ureq(error, client.link().describe(&address), timeout)
            })?;
            let redirect = redirect_of(&response, body.is_some());
            let Some((redirect, location)) = redirect.filter(|_| client.follows_redirects()) else {
                return Ok(answer_of(response));
            };
            // The body of a redirect is read only so that the connection can serve again.
            drain(response);
            address = address.redirected_to(&location).ok_or(Fault::BadRedirect)?;
            if !address.is_at_or_below(&first) {
                // For good: whoever answers there may send us anywhere.
                credentials = Credentials::Withheld;
            }
            if redirect == Redirect::Get {
                body = None;
            }
        }
        Err(Fault::TooManyRedirects)
    }

    /// Closes every connection, those in use included: attempts under way fail at once, and so
    /// does each later one.
    pub fn hang_up(&self) {
        self.clients.hang_up();
    }
}

/// Posts `body`, or gets what there is if there is none, within what is `left` of the time.
fn request(
    agent: &Agent,
    address: &Address,
    mut headers: HeaderMap,
    body: Option<&[u8]>,
    left: Duration,
) -> Result<Response<Body>, ureq::Error> {
    match body {
        Some(body) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            run(
                agent,
                Request::post(address.uri()).body(body)?,
                headers,
                left,
            )
        }
        None => run(agent, Request::get(address.uri()).body(())?, headers, left),
    }
}

fn run(
    agent: &Agent,
    mut request: Request<impl AsSendBody>,
    headers: HeaderMap,
    left: Duration,
) -> Result<Response<Body>, ureq::Error> {
    *request.headers_mut() = headers;
    let request = agent.configure_request(request).timeout_global(Some(left));
    agent.run(request.build())
}

/// The redirect in `response`, if it is one that can be followed: with a place to go.
fn redirect_of(response: &Response<Body>, has_body: bool) -> Option<(Redirect, String)> {
    let redirect = match response.status().as_u16() {
        301..=303 => Redirect::Get,
        307 | 308 if has_body => Redirect::Again,
        307 | 308 => Redirect::Get,
        _ => return None,
    };
    let location = header(response, LOCATION).filter(|location| !location.is_empty())?;
    Some((redirect, location))
}

fn answer_of(response: Response<Body>) -> Answer {
    Answer {
        status: response.status().as_u16(),
        retry_after: header(&response, RETRY_AFTER),
        excerpt: drain(response),
    }
}

fn header(response: &Response<Body>, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Reads the body within its bounds and returns its beginning. A body that does not end in time
/// or within its size costs the connection, never the answer.
fn drain(response: Response<Body>) -> Vec<u8> {
    let mut excerpt = Vec::new();
    let mut reader = response.into_body().into_reader();
    let mut buffer = [0; 4096];
    let mut seen = 0;
    while seen <= limits::ANSWER_BODY {
        let Ok(amount @ 1..) = reader.read(&mut buffer) else {
            break;
        };
        seen += amount;
        let wanted = (EXCERPT_BYTES - excerpt.len()).min(amount);
        excerpt.extend_from_slice(&buffer[..wanted]);
    }
    excerpt
}

#[cfg(test)]
mod tests;
