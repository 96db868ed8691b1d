//! API v2: the table of endpoints, and the checks that precede each of them.
//!
//! Owns the checks of Alertmanager's API framework, in its order (path, method, media types), and the
//! headers common to all answers (§10.2). Runs on the connections' threads.

mod alerts;
mod groups;
mod silences;
mod status;

use super::accept::{check_accept, check_content_type};
use super::cors;
use super::error::ApiError;
use super::http::{Answer, Request};
use super::params::Params;
use super::route::Route;
use super::router::Api;
use super::target::Target;
use crate::telemetry::metrics::NO_HANDLER;

/// The root of API v2, below the route prefix.
pub const ROOT: &str = "/api/v2/";

/// The endpoint at a path of API v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Alerts,
    Groups,
    Receivers,
    Status,
    Silences,
    Silence,
}

/// The placeholder for an id at the end of a pattern.
const ANY_ID: &str = "{silenceID}";

const ROUTES: [Route<Endpoint>; 6] = [
    Route::new("/api/v2/alerts", &["GET", "POST"], Endpoint::Alerts),
    Route::new("/api/v2/alerts/groups", &["GET"], Endpoint::Groups),
    Route::new("/api/v2/receivers", &["GET"], Endpoint::Receivers),
    Route::new("/api/v2/status", &["GET"], Endpoint::Status),
    Route::new("/api/v2/silences", &["GET", "POST"], Endpoint::Silences),
    Route::new(
        "/api/v2/silence/{silenceID}",
        &["GET", "DELETE"],
        Endpoint::Silence,
    ),
];

impl Route<Endpoint> {
    /// The route of `path`; a trailing slash does not matter.
    fn find(path: &str) -> Option<&'static Route<Endpoint>> {
        let path = path.strip_suffix('/').unwrap_or(path);
        ROUTES.iter().find(|route| route.is_at(path))
    }

    fn is_at(&self, path: &str) -> bool {
        match self.pattern.strip_suffix(ANY_ID) {
            Some(start) => path
                .strip_prefix(start)
                .is_some_and(|id| !id.is_empty() && !id.contains('/')),
            None => self.pattern == path,
        }
    }
}

/// The patterns of all endpoints, with the methods that each takes.
#[cfg(test)]
pub fn patterns() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ROUTES.iter().map(|route| (route.pattern, route.methods))
}

/// Answers a request for `path`, which begins with [`ROOT`]. Also returns the pattern of the endpoint for the
/// metrics. It is the same for all unknown paths, so that clients cannot create new series.
pub fn answer(api: &Api, request: &Request, path: &str) -> (&'static str, Answer) {
    let route = Route::<Endpoint>::find(path);
    let pattern = route.map_or(NO_HANDLER, |route| route.pattern);
    if let Some(answer) = cors::answer_preflight(&api.settings.origins, request) {
        return (pattern, answer);
    }
    let answer = check(route, request, path)
        .and_then(|endpoint| serve(api, endpoint, request, path))
        .map_err(|error| error.in_coding_of(request))
        .unwrap_or_else(ApiError::into_answer)
        .with_header("Cache-Control", "no-store")
        .with_header("Vary", "Origin");
    (
        pattern,
        cors::open_to_pages(&api.settings.origins, request, answer),
    )
}

fn check(
    route: Option<&'static Route<Endpoint>>,
    request: &Request,
    path: &str,
) -> Result<Endpoint, ApiError> {
    let route = route.ok_or_else(|| ApiError::NotFound {
        path: path.to_owned(),
    })?;
    if !route.takes(&request.method) {
        return Err(ApiError::MethodNotAllowed {
            method: request.method.clone(),
            allowed: route.methods,
        });
    }
    check_content_type(request)?;
    if request.method != "POST" {
        check_accept(request)?;
    }
    Ok(route.endpoint)
}

fn serve(api: &Api, endpoint: Endpoint, request: &Request, path: &str) -> Result<Answer, ApiError> {
    let params = Params::parse(Target::split(&request.target).query);
    match endpoint {
        Endpoint::Alerts if request.method == "POST" => alerts::post(api, request),
        Endpoint::Alerts => alerts::list(api, &params),
        Endpoint::Groups => groups::list(api, &params),
        Endpoint::Receivers => status::receivers(api, &params),
        Endpoint::Status => status::status(api),
        Endpoint::Silences if request.method == "POST" => silences::post(api, &request.body),
        Endpoint::Silences => silences::list(api, &params),
        Endpoint::Silence if request.method == "DELETE" => silences::expire(api, path),
        Endpoint::Silence => silences::get(api, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_by_their_exact_path() {
        let table = [
            ("/api/v2/alerts", Some(Endpoint::Alerts)),
            ("/api/v2/alerts/", Some(Endpoint::Alerts)),
            ("/api/v2/alerts/groups/", Some(Endpoint::Groups)),
            ("/api/v2/alerts/groups/x", None),
            ("/api/v2/silence/x", Some(Endpoint::Silence)),
            ("/api/v2/silence/x/y", None),
            ("/api/v2/silence/", None),
            ("/api/v2/ALERTS", None),
            ("/api/v2/%61lerts", None),
            ("/api/v2/", None),
        ];
        for (path, expected) in table {
            let found = Route::<Endpoint>::find(path).map(|route| route.endpoint);
            assert_eq!(found, expected, "{path}");
        }
    }
}
