//! API v2: which endpoints there are, and what every one of them does before its own work.
//!
//! Owns the framework's checks in the framework's order (path, method, media types) and the
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
use super::router::Api;
use super::target::Target;

/// Where API v2 begins, below the prefix.
pub const ROOT: &str = "/api/v2/";

/// A path of API v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/alerts`
    Alerts,
    /// `/alerts/groups`
    Groups,
    /// `/receivers`
    Receivers,
    /// `/status`
    Status,
    /// `/silences`
    Silences,
    /// `/silence/{silenceID}`
    Silence,
}

impl Endpoint {
    /// The endpoint at `path`, which begins with [`ROOT`]; a trailing slash does not matter.
    fn find(path: &str) -> Option<Self> {
        let below = path.strip_prefix(ROOT)?;
        Some(match below.strip_suffix('/').unwrap_or(below) {
            "alerts" => Endpoint::Alerts,
            "alerts/groups" => Endpoint::Groups,
            "receivers" => Endpoint::Receivers,
            "status" => Endpoint::Status,
            "silences" => Endpoint::Silences,
            other => {
                let id = other.strip_prefix("silence/")?;
                if id.is_empty() || id.contains('/') {
                    return None;
                }
                Endpoint::Silence
            }
        })
    }

    /// The value of the metrics' label `handler`.
    fn pattern(self) -> &'static str {
        match self {
            Endpoint::Alerts => "/api/v2/alerts",
            Endpoint::Groups => "/api/v2/alerts/groups",
            Endpoint::Receivers => "/api/v2/receivers",
            Endpoint::Status => "/api/v2/status",
            Endpoint::Silences => "/api/v2/silences",
            Endpoint::Silence => "/api/v2/silence/{silenceID}",
        }
    }

    fn methods(self) -> &'static [&'static str] {
        match self {
            Endpoint::Alerts | Endpoint::Silences => &["GET", "POST"],
            Endpoint::Groups | Endpoint::Receivers | Endpoint::Status => &["GET"],
            Endpoint::Silence => &["GET", "DELETE"],
        }
    }
}

/// Answers a request for `path`, which begins with [`ROOT`]. Returns the pattern of the endpoint
/// as well, for the metrics: one word for all unknown paths, so that nobody can invent series.
pub fn answer(api: &Api, request: &Request, path: &str) -> (&'static str, Answer) {
    let endpoint = Endpoint::find(path);
    let pattern = endpoint.map_or(ROOT, Endpoint::pattern);
    if let Some(answer) = cors::answer_preflight(&api.settings.origins, request) {
        return (pattern, answer);
    }
    let answer = check(endpoint, request, path)
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

fn check(endpoint: Option<Endpoint>, request: &Request, path: &str) -> Result<Endpoint, ApiError> {
    let endpoint = endpoint.ok_or_else(|| ApiError::NotFound {
        path: path.to_owned(),
    })?;
    if !endpoint.methods().contains(&request.method.as_str()) {
        return Err(ApiError::MethodNotAllowed {
            method: request.method.clone(),
            allowed: endpoint.methods(),
        });
    }
    check_content_type(request)?;
    if request.method != "POST" {
        check_accept(request)?;
    }
    Ok(endpoint)
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
            assert_eq!(Endpoint::find(path), expected, "{path}");
        }
    }
}
