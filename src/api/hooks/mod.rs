//! Webhooks in: bodies that other programs post, alerts in one line of curl, heartbeats, and what came of them.
//!
//! ```text
//! request ─ source ─ auth ─ protocol ─ Source::read ─► reports ─► inbox ─► outcome ─► answer, log, memory
//! ```
//!
//! Owns the table of these endpoints. Decides nothing about alerts: a source reads bodies, and the engine keeps
//! what comes of them. No URL that a body names is ever asked, except those of Amazon SNS by their own rule. Runs
//! on the connections' threads; a request waits for the dispatcher at most once.
//!
//! - `take_in`, `simple`, `heartbeat`: the requests of senders; `protocol`: the answers that some of them expect
//! - `auth`, `verification`, `seen_ids`: who may post; `sns`, `certificate`: the same for Amazon SNS
//! - `sources`, `memory`, `recent_bodies`, `outcome`: what is in force, and what is remembered of it
//! - `views`: what people see

mod auth;
mod certificate;
mod heartbeat;
mod memory;
mod outcome;
mod protocol;
mod recent_bodies;
mod seen_ids;
mod simple;
pub(in crate::api) mod sns;
mod sources;
mod take_in;
mod verification;
mod views;

pub use sns::{Fetch, SigningKeys};
pub use sources::Sources;

use super::cors;
use super::http::{Answer, Request};
use super::route::Route;
use super::router::Api;
use super::target::{Plus, percent_decode};
use super::wire;

/// The root of our own API, below the route prefix.
pub const ROOT: &str = "/api/alertwheel/v1/";

/// The endpoint at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Hook,
    Alert,
    Resolve,
    Heartbeat,
    FailedHeartbeat,
    Sources,
    Bodies,
    Confirm,
}

/// The placeholder for a name in a pattern.
const ANY_NAME: &str = "{name}";

const ROUTES: [Route<Endpoint>; 8] = [
    Route::new(
        "/hooks/{name}",
        &["GET", "OPTIONS", "POST", "PUT"],
        Endpoint::Hook,
    ),
    Route::new("/alert/{name}", &["DELETE", "POST", "PUT"], Endpoint::Alert),
    Route::new("/resolve/{name}", &["POST", "PUT"], Endpoint::Resolve),
    Route::new(
        "/heartbeat/{name}",
        &["GET", "HEAD", "POST", "PUT"],
        Endpoint::Heartbeat,
    ),
    Route::new(
        "/heartbeat/{name}/fail",
        &["GET", "HEAD", "POST", "PUT"],
        Endpoint::FailedHeartbeat,
    ),
    Route::new("/api/alertwheel/v1/sources", &["GET"], Endpoint::Sources),
    Route::new(
        "/api/alertwheel/v1/sources/{name}/bodies",
        &["GET"],
        Endpoint::Bodies,
    ),
    Route::new(
        "/api/alertwheel/v1/sources/{name}/confirm",
        &["POST"],
        Endpoint::Confirm,
    ),
];

impl Route<Endpoint> {
    /// The route of a path as sent, and the name in it, decoded.
    fn find(path: &str) -> Option<(&'static Route<Endpoint>, String)> {
        let path = path.strip_suffix('/').unwrap_or(path);
        ROUTES
            .iter()
            .find_map(|route| Some((route, route.name_in(path)?)))
    }

    /// The name in a path of this route; empty for a route without one.
    fn name_in(&self, path: &str) -> Option<String> {
        let Some((before, after)) = self.pattern.split_once(ANY_NAME) else {
            return (self.pattern == path).then(String::new);
        };
        let name = path.strip_prefix(before)?.strip_suffix(after)?;
        if name.is_empty() || name.contains('/') {
            return None;
        }
        percent_decode(name, Plus::Literal)
    }
}

/// The patterns of all endpoints, with the methods that each takes.
#[cfg(test)]
pub fn patterns() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ROUTES.iter().map(|route| (route.pattern, route.methods))
}

/// Answers a request for `path`, as sent and without the route prefix, if it is one of these; else `None`. Also
/// returns the pattern of the endpoint for the metrics.
pub fn answer(api: &Api, request: &Request, path: &str) -> Option<(&'static str, Answer)> {
    let (route, name) = Route::<Endpoint>::find(path)?;
    let is_api = route.pattern.starts_with(ROOT);
    let answer = if !route.takes(&request.method) {
        let allow = route.methods.join(", ");
        error(405, "this method is not allowed here").with_header("Allow", allow)
    } else if let Err(foreign) = api.settings.origins.check_change(request)
        && !is_api
    {
        // A ping may be a GET, which other endpoints answer to pages of any site.
        api.refuse(&foreign)
    } else {
        serve(api, request, route.endpoint, &name)
    };
    let answer = answer.with_header("Cache-Control", "no-store");
    let answer = match is_api {
        true => cors::open_to_pages(&api.settings.origins, request, answer),
        false => answer,
    };
    Some((route.pattern, answer))
}

fn serve(api: &Api, request: &Request, endpoint: Endpoint, name: &str) -> Answer {
    match endpoint {
        Endpoint::Hook => match api.settings.sources.webhook(name) {
            Some(source) => take_in::hook(api, request, &source),
            None => error(404, &format!("no source is called {name:?}")),
        },
        Endpoint::Alert => simple::alert(api, request, name, request.method == "DELETE"),
        Endpoint::Resolve => simple::alert(api, request, name, true),
        Endpoint::Heartbeat => heartbeat::beat(api, name, false),
        Endpoint::FailedHeartbeat => heartbeat::beat(api, name, true),
        Endpoint::Sources => views::sources(api),
        Endpoint::Bodies => match api.settings.sources.any(name) {
            Some(source) => views::bodies(api, &source),
            None => error(404, &format!("no source is called {name:?}")),
        },
        Endpoint::Confirm => match api.settings.sources.webhook(name) {
            Some(source) => views::confirm(api, &source),
            None => error(404, &format!("no source is called {name:?}")),
        },
    }
}

/// An error, as JSON.
fn error(status: u16, text: &str) -> Answer {
    let answer = Answer::json(status, wire::error_text(text));
    match status {
        503 => answer.with_header("Retry-After", "1"),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_with_the_name_in_their_path() {
        let table = [
            ("/hooks/am", Some((Endpoint::Hook, "am"))),
            ("/hooks/am/", Some((Endpoint::Hook, "am"))),
            ("/alert/Disk%20full", Some((Endpoint::Alert, "Disk full"))),
            ("/alert/a%2Fb", Some((Endpoint::Alert, "a/b"))),
            ("/heartbeat/backup", Some((Endpoint::Heartbeat, "backup"))),
            (
                "/heartbeat/backup/fail",
                Some((Endpoint::FailedHeartbeat, "backup")),
            ),
            ("/api/alertwheel/v1/sources", Some((Endpoint::Sources, ""))),
            (
                "/api/alertwheel/v1/sources/am/bodies",
                Some((Endpoint::Bodies, "am")),
            ),
            ("/hooks", None),
            ("/hooks/", None),
            ("/hooks/a/b", None),
            ("/hooks/%zz", None),
            ("/heartbeat/a/b/fail", None),
            ("/HOOKS/am", None),
        ];
        for (path, expected) in table {
            let found = Route::<Endpoint>::find(path).map(|(route, name)| (route.endpoint, name));
            let expected = expected.map(|(endpoint, name)| (endpoint, name.to_owned()));
            assert_eq!(found, expected, "{path}");
        }
    }
}
