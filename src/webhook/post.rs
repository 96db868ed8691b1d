//! One attempt over HTTP: sends a body to an address, and returns the receiver's answer.
//!
//! Owns which parts of an answer are kept. `exchange.rs` follows redirects. Never retries a request, and
//! never waits past the deadline. Runs on send threads.

use std::sync::Arc;
use std::time::Duration;

use ureq::Body;
use ureq::http::Response;
use ureq::http::header::RETRY_AFTER;

use super::address::Address;
use super::client::Clients;
use super::exchange::{Exchange, drain, header};
use super::fault::Fault;
use super::verdict::{Answer, EXCERPT_BYTES};
use crate::clock::Clock;
use crate::config::HttpConfig;

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
            body,
            content_type: "application/json",
            follows_redirects: client.follows_redirects(),
            deadline,
            timeout,
            clock: self.clock,
        };
        let response = exchange.run(address, |address, credentials| {
            client.headers(address, credentials, deadline)
        });
        response.map(answer_of)
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
