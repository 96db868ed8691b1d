//! The last bodies of a source, so that its templates can be put right by what its sender really posts.
//!
//! Owns the bounds on them, and what of a request is secret and left out. A body is shown as it came: a secret
//! inside of it is shown too. Runs on the connections' threads, under the lock of the source.

use std::collections::VecDeque;

use super::outcome::Outcome;
use crate::api::http::Request;
use crate::api::target::Target;
use crate::limits::{RECENT_BODIES, RECENT_BODIES_AGE, RECENT_BODIES_BYTES, RECENT_BODY_BYTES};
use crate::model::{Mono, Wall};

/// Words in the name of a header or a parameter that holds a secret.
const SECRET_WORDS: [&str; 9] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "pass",
    "secret",
    "session",
    "signature",
    "token",
];

/// Stands in the place of a secret.
const MASK: &str = "<secret>";

/// A request to a source, and what became of it.
#[derive(Clone, Debug)]
pub struct RecentBody {
    /// When it came.
    pub at: Wall,
    /// The same by the clock that is never set.
    came_at: Mono,
    /// The address of the sender, if it is known.
    pub sender: Option<String>,
    /// The method.
    pub method: String,
    /// The query, its secrets masked.
    pub query: String,
    /// The headers without those that hold a secret.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: Vec<u8>,
    /// The length of the whole body in bytes.
    pub length: usize,
    /// The outcome of the request.
    pub outcome: Outcome,
}

impl RecentBody {
    /// The part of a request that is kept. `parameter` is the parameter of the query that holds the source's token.
    pub fn of(
        request: &Request,
        parameter: Option<&str>,
        outcome: Outcome,
        (at, came_at): (Wall, Mono),
    ) -> Self {
        let kept = request.body.len().min(RECENT_BODY_BYTES);
        let headers = request.headers.iter();
        let headers = headers.filter(|(name, _)| !is_secret(name));
        RecentBody {
            at,
            came_at,
            sender: request
                .peer
                .map(|peer| peer.ip().to_canonical().to_string()),
            method: request.method.clone(),
            query: masked(Target::split(&request.target).query, parameter),
            headers: headers.cloned().collect(),
            body: request.body[..kept].to_vec(),
            length: request.body.len(),
            outcome,
        }
    }

    /// The bytes that it takes.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len());
        self.query.len() + headers.sum::<usize>() + self.body.len() + self.outcome.text_bytes()
    }
}

/// The last bodies, the oldest first.
#[derive(Debug, Default)]
pub struct RecentBodies {
    bodies: VecDeque<RecentBody>,
    bytes: usize,
}

impl RecentBodies {
    /// Keeps a body, and drops the oldest that are past a bound.
    pub fn keep(&mut self, body: RecentBody) {
        self.drop_old(body.came_at);
        self.bytes += body.bytes();
        self.bodies.push_back(body);
        while self.bodies.len() > RECENT_BODIES || self.bytes > RECENT_BODIES_BYTES {
            self.drop_first();
        }
    }

    /// The bodies that are young enough at `now`, the newest first.
    pub fn newest_first(&mut self, now: Mono) -> Vec<RecentBody> {
        self.drop_old(now);
        self.bodies.iter().rev().cloned().collect()
    }

    fn drop_old(&mut self, now: Mono) {
        let is_old = |body: &RecentBody| now.since(body.came_at) > RECENT_BODIES_AGE;
        while self.bodies.front().is_some_and(is_old) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(body) = self.bodies.pop_front() {
            self.bytes -= body.bytes();
        }
    }
}

/// Whether a header or parameter of this name may hold a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The query without the values of parameters that may hold a secret.
fn masked(query: &str, parameter: Option<&str>) -> String {
    let pairs = query.split('&').map(|pair| {
        let name = pair.split('=').next().unwrap_or(pair);
        // A name may be written with escapes, and then is not one that is known here.
        let is_secret = is_secret(name) || name.contains('%') || Some(name) == parameter;
        if is_secret && pair.len() > name.len() {
            format!("{name}={MASK}")
        } else {
            pair.to_owned()
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(body: &str) -> Request {
        Request {
            method: "POST".to_owned(),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        }
    }

    fn kept(request: &Request, second: u64) -> RecentBody {
        let at = (Wall::UNIX_EPOCH, Mono::START + Duration::from_secs(second));
        RecentBody::of(request, Some("t"), Outcome::default(), at)
    }

    #[test]
    fn secrets_of_the_head_are_left_out() {
        let headers = [
            ("authorization", "Bearer x"),
            ("cookie", "a=b"),
            ("x-api-key", "x"),
            ("x-hub-signature-256", "sha256=x"),
            ("x-gitlab-token", "x"),
            ("content-type", "text/plain"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = Request {
            target: "/hooks/a?t=hush&api_key=hush&page=2&access_token=hush&%74oken=hush&flag"
                .to_owned(),
            headers: headers.to_vec(),
            ..request("x")
        };
        let kept = kept(&request, 0);
        let expected =
            "t=<secret>&api_key=<secret>&page=2&access_token=<secret>&%74oken=<secret>&flag";
        assert_eq!(kept.query, expected);
        assert_eq!(
            kept.headers,
            [("content-type".to_owned(), "text/plain".to_owned())]
        );
    }

    #[test]
    fn bodies_are_bounded_in_number_bytes_and_age() {
        let mut recent = RecentBodies::default();
        for number in 0..2 * RECENT_BODIES {
            recent.keep(kept(&request(&number.to_string()), 0));
        }
        let bodies = recent.newest_first(Mono::START);
        assert_eq!(bodies.len(), RECENT_BODIES);
        assert_eq!(
            bodies[0].body,
            (2 * RECENT_BODIES - 1).to_string().as_bytes()
        );

        let large = "x".repeat(2 * RECENT_BODY_BYTES);
        for _ in 0..RECENT_BODIES {
            recent.keep(kept(&request(&large), 10));
        }
        assert!(recent.bytes <= RECENT_BODIES_BYTES);
        let bodies = recent.newest_first(Mono::START);
        assert_eq!(
            (bodies[0].body.len(), bodies[0].length),
            (RECENT_BODY_BYTES, large.len())
        );

        let later = Mono::START + RECENT_BODIES_AGE + Duration::from_secs(11);
        assert!(recent.newest_first(later).is_empty());
        assert_eq!(recent.bytes, 0);
    }
}
