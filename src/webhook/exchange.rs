//! One HTTP exchange: a request and its redirects up to an answer, within one deadline.
//!
//! Owns the rules for redirects. A redirect repeats the request with the same method and body, except a 303,
//! which leads to a GET without the body. (Go turns 301 and 302 into a GET as well, which loses the
//! notification and counts it as delivered.) Never retries a request, and never waits past the deadline.
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

/// The most bytes of a request line or header line besides target, name and value.
const LINE_MARGIN: usize = 64;

/// One exchange: the agent, the request, and the deadline.
pub struct Exchange<'a> {
    /// The agent that sends the requests.
    pub link: &'a ReloadingAgent,
    /// The method. A 303 changes it to GET.
    pub method: &'static str,
    /// The body of the request, if it has one.
    pub body: Option<&'a [u8]>,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// Whether redirects are followed; if not, a redirect is the answer.
    pub follows_redirects: bool,
    /// When the exchange must have ended.
    pub deadline: Mono,
    /// Maximum time to receive the body of the answer.
    pub body_time: Duration,
    /// The timeout of the whole attempt, for the text of a fault.
    pub timeout: Duration,
    /// The clock of the deadline.
    pub clock: Clock,
}

/// How a redirect is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redirect {
    /// With a GET without the body.
    Get,
    /// With the same method and body.
    Again,
}

impl Exchange<'_> {
    /// Sends the body to `address` and follows redirects. `headers` makes the headers of each request,
    /// without secrets if credentials are withheld. Every status counts as an answer; a fault says why there
    /// is none.
    pub fn run(
        &self,
        mut address: Address,
        mut headers: impl FnMut(&Address, Credentials) -> Result<HeaderMap, Fault>,
    ) -> Result<Response<Body>, Fault> {
        let first = address.clone();
        let (mut method, mut body) = (self.method, self.body);
        let mut credentials = Credentials::Allowed;
        for _ in 0..=limits::REDIRECTS {
            let headers = headers(&address, credentials)?;
            let response = self.request(&address, headers, method, body)?;
            let redirect = redirect_of(&response).filter(|_| self.follows_redirects);
            let Some((redirect, location)) = redirect else {
                return Ok(response);
            };
            // The redirect's body is read only so that the connection can be reused.
            drain(response, 0);
            address = address.redirected_to(&location).ok_or(Fault::BadRedirect)?;
            if !address.is_at_or_below(&first) {
                // Withheld for the rest of the exchange: a foreign host may redirect to any address.
                credentials = Credentials::Withheld;
            }
            if redirect == Redirect::Get {
                (method, body) = ("GET", None);
            }
        }
        Err(Fault::TooManyRedirects)
    }

    /// Sends one request to `address`.
    fn request(
        &self,
        address: &Address,
        mut headers: HeaderMap,
        method: &str,
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
        let within = (left, self.body_time);
        let request = Request::builder().method(method).uri(address.uri());
        let result = match body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
                run(&agent, request.body(body), headers, within)
            }
            None => run(&agent, request.body(()), headers, within),
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
    (left, body_time): (Duration, Duration),
) -> Result<Response<Body>, ureq::Error> {
    let mut request = request?;
    *request.headers_mut() = headers;
    let longest = longest_line(&request);
    let mut request = agent
        .configure_request(request)
        .timeout_global(Some(left))
        .timeout_recv_body(Some(body_time));
    if longest > OUTPUT_BUFFER {
        // A connection with this larger buffer serves this request alone.
        request = request.output_buffer_size(longest);
    }
    agent.run(request.build())
}

/// An upper bound on the bytes of the longest line of `request`.
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

/// The redirect in `response` and its location; `None` if the status is no redirect or names no location.
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

/// Reads the body up to `ANSWER_BODY` bytes and returns its first `most_bytes`. After a body that is too slow
/// or too long the connection is not reused; the answer counts all the same.
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
