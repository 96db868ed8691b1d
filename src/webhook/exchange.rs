//! One request and what it leads to: through redirects to an answer, within one deadline.
//!
//! Owns which redirects are followed, and how. A body is sent again wherever a redirect leads, by the same
//! method, but for a 303, which asks for a look elsewhere. (Go turns 301 and 302 into a GET as well, which loses the
//! notification and counts it as told.) Never tries a request again, and never waits past the deadline.
//! Runs on send threads.

use std::io::Read;
use std::time::Duration;

use ureq::http::header::{CONTENT_TYPE, HOST, LOCATION};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use ureq::{Agent, AsSendBody, Body};

use super::address::Address;
use super::fault::Fault;
use super::reloading_agent::ReloadingAgent;
use super::secret::Credentials;
use super::transport::OUTPUT_BUFFER;
use crate::clock::Clock;
use crate::limits;
use crate::model::Mono;

/// Bytes that a line of a request has beside a target, a name and a value.
const LINE_MARGIN: usize = 64;

/// What is to be sent, over which way, and until when.
pub struct Exchange<'a> {
    /// The way to the other end.
    pub link: &'a ReloadingAgent,
    /// The method, until a redirect asks for a look elsewhere.
    pub method: &'static str,
    /// What is sent.
    pub body: &'a [u8],
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// Whether a redirect is followed, or is the answer.
    pub follows_redirects: bool,
    /// When it has to be over.
    pub deadline: Mono,
    /// All the time there was, for the text of a fault.
    pub timeout: Duration,
    /// What time it is.
    pub clock: Clock,
}

/// What a redirect asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redirect {
    /// Fetch the other address, without our body.
    Get,
    /// Send the body there.
    Again,
}

impl Exchange<'_> {
    /// Sends the body to `address`, and follows redirects. `headers` makes those of each request, and says what
    /// must not be seen by a host to which a redirect has led. Every status is an answer; a fault says
    /// why there is none.
    pub fn run(
        &self,
        mut address: Address,
        mut headers: impl FnMut(&Address, Credentials) -> Result<HeaderMap, Fault>,
    ) -> Result<Response<Body>, Fault> {
        let first = address.clone();
        let mut body = Some(self.body);
        let mut credentials = Credentials::Allowed;
        for _ in 0..=limits::REDIRECTS {
            let response = self.request(&address, headers(&address, credentials)?, body)?;
            let redirect = redirect_of(&response).filter(|_| self.follows_redirects);
            let Some((redirect, location)) = redirect else {
                return Ok(response);
            };
            // The body of a redirect is read only so that the connection can serve again.
            drain(response, 0);
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

    /// Sends `body` to `address`, or gets what there is if there is none.
    fn request(
        &self,
        address: &Address,
        mut headers: HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<Response<Body>, Fault> {
        let agent = self.link.agent()?;
        if let Some(host) = address
            .host_header()
            .filter(|_| !headers.contains_key(HOST))
        {
            headers.extend(HeaderValue::try_from(host).map(|host| (HOST, host)).ok());
        }
        let left = self.deadline.since(self.clock.mono());
        let result = match body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
                let request = Request::builder().method(self.method);
                run(&agent, request.uri(address.uri()).body(body), headers, left)
            }
            None => run(&agent, Request::get(address.uri()).body(()), headers, left),
        };
        result.map_err(|error| {
            let fault = Fault::from_ureq(error, self.link.describe(address), self.timeout);
            if matches!(fault, Fault::Network { .. }) {
                self.link.failed(address);
            }
            fault
        })
    }
}

fn run(
    agent: &Agent,
    request: Result<Request<impl AsSendBody>, ureq::http::Error>,
    headers: HeaderMap,
    left: Duration,
) -> Result<Response<Body>, ureq::Error> {
    let mut request = request?;
    *request.headers_mut() = headers;
    let longest = longest_line(&request);
    let mut request = agent.configure_request(request).timeout_global(Some(left));
    if longest > OUTPUT_BUFFER {
        // Its connection serves this request alone.
        request = request.output_buffer_size(longest);
    }
    agent.run(request.build())
}

/// Bytes of the longest line of `request`, or a few more.
fn longest_line<B>(request: &Request<B>) -> usize {
    let target = request.uri().path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let header = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let longest = request
        .headers()
        .iter()
        .map(header)
        .fold(target, usize::max);
    longest + LINE_MARGIN
}

/// The redirect in `response`, if it is one that can be followed: with a place to go.
fn redirect_of(response: &Response<Body>) -> Option<(Redirect, String)> {
    let redirect = match response.status().as_u16() {
        301 | 302 | 307 | 308 => Redirect::Again,
        303 => Redirect::Get,
        _ => return None,
    };
    let location = header(response, LOCATION).filter(|location| !location.is_empty())?;
    Some((redirect, location))
}

/// The value of a header of an answer.
pub fn header(response: &Response<Body>, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Reads the body within its bounds and returns its beginning, of `most_bytes`. A body that does not
/// end in time or within its size costs the connection, never the answer.
pub fn drain(response: Response<Body>, most_bytes: usize) -> Vec<u8> {
    let mut excerpt = Vec::new();
    let mut reader = response.into_body().into_reader();
    let mut buffer = [0; 4096];
    let mut seen = 0;
    while seen <= limits::ANSWER_BODY {
        let Ok(amount @ 1..) = reader.read(&mut buffer) else {
            break;
        };
        seen += amount;
        let wanted = (most_bytes - excerpt.len()).min(amount);
        excerpt.extend_from_slice(&buffer[..wanted]);
    }
    excerpt
}

#[cfg(test)]
mod tests;
