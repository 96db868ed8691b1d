//! One attempt over HTTP: a body to an address, through redirects, within one deadline.
//!
//! Owns the requests and the reading of answers. Never tries a request again, and never waits
//! past the deadline, but for the operating system's lookup of a name. Runs on send threads.

use std::io::Read;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderName, Request, Response, request};
use ureq::{Agent, AsSendBody, Body};

use super::address::Address;
use super::fault::Fault;
use super::verdict::{Answer, EXCERPT_BYTES};
use crate::clock::Clock;
use crate::limits;

/// Sends bodies to addresses. Shared by all workers, as are its open connections.
#[derive(Debug)]
pub struct Poster {
    agent: Agent,
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
    /// One that sends through `agent`, which must not follow redirects by itself.
    pub fn new(agent: Agent, clock: Clock) -> Self {
        Poster { agent, clock }
    }

    /// Posts `body` to `address` and follows redirects as Go does (§6.1), all within `timeout`.
    /// Every status is an answer; a fault says why there is none.
    pub fn post(
        &self,
        mut address: Address,
        body: &[u8],
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        let deadline = self.clock.mono() + timeout;
        let mut body = Some(body);
        for _ in 0..=limits::REDIRECTS {
            let left = deadline.since(self.clock.mono());
            let response = self
                .request(&address, body, left)
                .map_err(|error| Fault::from_ureq(error, &address, timeout))?;
            let Some((redirect, location)) = redirect_of(&response, body.is_some()) else {
                return Ok(answer_of(response));
            };
            // The body of a redirect is read only so that the connection can serve again.
            drain(response);
            address = address.redirected_to(&location).ok_or(Fault::BadRedirect)?;
            if redirect == Redirect::Get {
                body = None;
            }
        }
        Err(Fault::TooManyRedirects)
    }

    /// Closes every connection, those in use included: attempts under way fail at once, and so
    /// does each later one.
    pub fn hang_up(&self) {
        self.agent.clone().shutdown();
    }

    fn request(
        &self,
        address: &Address,
        body: Option<&[u8]>,
        left: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        match body {
            Some(body) => {
                let request = to(Request::post(address.uri()), address)
                    .header(CONTENT_TYPE, "application/json");
                self.run(request.body(body)?, left)
            }
            None => self.run(to(Request::get(address.uri()), address).body(())?, left),
        }
    }

    fn run(
        &self,
        request: Request<impl AsSendBody>,
        left: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(left))
            .build();
        self.agent.run(request)
    }
}

fn to(request: request::Builder, address: &Address) -> request::Builder {
    match address.authorization() {
        Some(credentials) => request.header(AUTHORIZATION, credentials),
        None => request,
    }
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
