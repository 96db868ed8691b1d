//! One attempt over HTTP: sends a body to an address, and returns the receiver's answer.
//!
//! Owns which parts of an answer are kept, and the fetch of a document that the daemon itself needs.
//! `exchange.rs` follows redirects. Never retries a request, and never waits past the deadline. Runs on send
//! threads, and fetches on connection threads.

use std::sync::Arc;
use std::time::Duration;

use ureq::Body;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, Response};

use super::address::Address;
use super::client::Clients;
use super::exchange::{Exchange, drain, header};
use super::fault::Fault;
use super::verdict::{Answer, EXCERPT_BYTES};
use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::files;
use crate::limits;

/// Sends bodies to addresses. All workers share it, and with it the open connections.
#[derive(Debug)]
pub struct Poster {
    clients: Clients,
    clock: Clock,
}

impl Poster {
    /// A poster that sends with `clients`.
    pub fn new(clients: Clients, clock: Clock) -> Self {
        Poster { clients, clock }
    }

    /// Sends `body` to `address` by `method` with the configuration `http`, and follows redirects, all within
    /// `timeout`. Every status counts as an answer; a fault says why there is none.
    pub fn send(
        &self,
        method: &'static str,
        http: &Arc<HttpConfig>,
        address: Address,
        body: &[u8],
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        let deadline = self.clock.mono() + timeout;
        let client = self.clients.client(http)?;
        let exchange = Exchange {
            link: client.link(),
            method,
            body: Some(body),
            content_type: "application/json",
            follows_redirects: client.follows_redirects(),
            deadline,
            body_time: limits::ANSWER_BODY_TIME,
            timeout,
            clock: self.clock,
        };
        let response = exchange.run(address, |address, credentials| {
            client.headers(address, credentials, deadline)
        });
        response.map(answer_of)
    }

    /// Fetches the body of an answer to a GET, of at most `most` bytes, within `timeout`. Follows no redirect:
    /// whoever asks has checked the host of this URL alone. An error says why there is no such body.
    pub fn fetch(&self, url: &str, most: usize, timeout: Duration) -> Result<Vec<u8>, String> {
        let address = Address::parse(url).ok_or("it is no http or https URL")?;
        let deadline = self.clock.mono() + timeout;
        let client = self.clients.client(&Arc::default());
        let client = client.map_err(|fault| fault.to_string())?;
        let exchange = Exchange {
            link: client.link(),
            method: "GET",
            body: None,
            content_type: "",
            follows_redirects: false,
            deadline,
            body_time: limits::ANSWER_BODY_TIME,
            timeout,
            clock: self.clock,
        };
        let response = exchange.run(address, |_, _| Ok(HeaderMap::new()));
        let response = response.map_err(|fault| fault.to_string())?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("the answer is {status}"));
        }
        let body = response.into_body().into_reader();
        files::read_from(body, most as u64).map_err(|error| error.to_string())
    }

    /// Closes every connection, also those in use. Attempts under way fail at once, and so does each later
    /// attempt.
    pub fn hang_up(&self) {
        self.clients.hang_up();
    }
}

fn answer_of(response: Response<Body>) -> Answer {
    Answer {
        status: response.status().as_u16(),
        retry_after: header(&response, RETRY_AFTER),
        excerpt: drain(response, EXCERPT_BYTES),
    }
}

#[cfg(test)]
mod tests;
