//! Single requests to the API of a daemon, with the whole answer, for the command line.
//!
//! Owns the bound of an answer. Sends with the same agents as the workers, so that TLS, proxies and
//! credentials of an `http_config` mean the same. Never retries a request. Runs on main.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::client::Clients;
use super::exchange::Exchange;
use super::fault::{Cause, Fault};
use super::idle::KeptConnections;
use super::reloading_agent::AgentFactory;
use super::resolver::Resolver;
use super::trust::HostRoots;
use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::limits;

/// Sends requests one after the other, and keeps the connection between them.
#[derive(Debug)]
pub struct Requester {
    clients: Clients,
    http: Arc<HttpConfig>,
    timeout: Duration,
    clock: Clock,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The method.
    pub method: &'static str,
    /// The absolute URL; its credentials, if any, are sent as basic authentication.
    pub url: &'r str,
    /// The body, as JSON, if there is one.
    pub body: Option<&'r [u8]>,
}

/// The status and the body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeAnswer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Requester {
    /// A requester with the client settings `http`. Each request ends within `timeout`.
    pub fn new(http: HttpConfig, user_agent: String, timeout: Duration, clock: Clock) -> Self {
        let factory = AgentFactory {
            user_agent,
            kept: KeptConnections {
                total: 1,
                per_host: 1,
            },
            resolver: Arc::new(Resolver::new(clock)),
            host_roots: Arc::new(HostRoots::default()),
            variable: |name| std::env::var(name).ok(),
            clock,
        };
        Requester {
            clients: Clients::new(factory),
            http: Arc::new(http),
            timeout,
            clock,
        }
    }

    /// Sends `request` and follows redirects. Every status counts as an answer; a fault says why there is
    /// none.
    pub fn send(&self, request: Request<'_>) -> Result<WholeAnswer, Fault> {
        let address = Address::parse(request.url);
        let address = address.ok_or_else(|| Fault::Setup("not an http or https URL".to_owned()))?;
        let deadline = self.clock.mono() + self.timeout;
        let client = self.clients.client(&self.http)?;
        let endpoint = client.link().describe(&address);
        let exchange = Exchange {
            link: client.link(),
            method: request.method,
            body: request.body,
            content_type: "application/json",
            follows_redirects: client.follows_redirects(),
            deadline,
            body_time: self.timeout,
            timeout: self.timeout,
            clock: self.clock,
        };
        let response = exchange.run(address, |address, credentials| {
            client.headers(address, credentials, deadline)
        })?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let most = limits::API_ANSWER_BYTES;
        let mut input = response.into_body().into_reader().take(most + 1);
        let cause = match input.read_to_end(&mut body) {
            Ok(_) if body.len() as u64 <= most => return Ok(WholeAnswer { status, body }),
            Ok(_) => Cause::Other(format!("the answer is larger than {} MiB", most >> 20)),
            Err(error) => Cause::Other(format!("the answer ends early: {error}")),
        };
        Err(Fault::Network { endpoint, cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::fake_receiver::{FakeReceiver, Reply, answer};

    fn send(method: &'static str, url: &str, body: Option<&[u8]>) -> Result<WholeAnswer, Fault> {
        let (http, timeout) = (HttpConfig::default(), Duration::from_secs(60));
        let requester = Requester::new(http, "test".to_owned(), timeout, Clock::start());
        requester.send(Request { method, url, body })
    }

    #[test]
    fn an_answer_is_read_whole_whatever_its_status() {
        let long = "x".repeat(200_000);
        let text = answer("404 Not Found", "", &long);
        let receiver = FakeReceiver::start(move |_| Reply::Write(text.clone()));
        let url = receiver.url("/a?b=c");
        let got = send("GET", &url, None).expect("an answer");
        assert_eq!((got.status, got.body), (404, long.into_bytes()));
        let seen = &receiver.take_seen()[0];
        assert_eq!(seen.request_line(), "get /a?b=c http/1.1");
        assert_eq!(seen.header("content-type"), None);
    }

    #[test]
    fn bodies_and_deletions_are_sent_as_such() {
        let receiver = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "{}")));
        send("POST", &receiver.url("/a"), Some(b"[1]")).expect("an answer");
        send("DELETE", &receiver.url("/b"), None).expect("an answer");
        let seen = receiver.take_seen();
        assert_eq!(seen[0].body, b"[1]");
        assert_eq!(seen[0].header("content-type"), Some("application/json"));
        assert_eq!(seen[1].request_line(), "delete /b http/1.1");
    }

    #[test]
    fn an_answer_that_ends_early_is_no_answer() {
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
        let receiver = FakeReceiver::start(move |_| Reply::WriteAndClose(cut.to_owned()));
        let fault = send("GET", &receiver.url("/"), None).expect_err("it is cut");
        assert!(
            fault.to_string().contains("the answer ends early"),
            "{fault}"
        );
    }

    #[test]
    fn what_is_no_url_is_said_to_be_none() {
        let fault = send("GET", "ftp://host/", None).expect_err("no URL");
        assert_eq!(fault.to_string(), "not an http or https URL");
    }
}
