//! The pages beside API v2: health, metrics, reload, the home page and the answers for API v1.
//!
//! Owns those pages, which behave like those of Alertmanager's second router: plain text, redirects to the
//! right spelling, `Allow` (§10.1). Runs on the connections' threads.

use crate::telemetry::metrics::{CONTENT_TYPE, NO_HANDLER, Refusal};

use super::error::ApiError;
use super::http::{Answer, Body, Request};
use super::route::Route;
use super::router::{Api, NotReloaded};
use super::target::Target;

const V1_IS_GONE: &[u8] = b"{\"status\":\"deprecated\",\"error\":\"The Alertmanager v1 API was \
deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent \
route in the v2 API\"}\n";

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Home,
    Healthy,
    Ready,
    Reload,
    Metrics,
    V1,
}

/// The placeholder for a segment of any content at the end of a pattern.
const ANY_SEGMENT: &str = ":sid";

const ROUTES: [Route<Page>; 10] = [
    Route::new("/", &["GET"], Page::Home),
    Route::new("/-/healthy", &["GET", "HEAD"], Page::Healthy),
    Route::new("/-/ready", &["GET", "HEAD"], Page::Ready),
    Route::new("/-/reload", &["POST"], Page::Reload),
    Route::new("/metrics", &["GET"], Page::Metrics),
    Route::new("/api/v1/status", &["GET"], Page::V1),
    Route::new("/api/v1/receivers", &["GET"], Page::V1),
    Route::new("/api/v1/alerts", &["GET", "POST"], Page::V1),
    Route::new("/api/v1/silences", &["GET", "POST"], Page::V1),
    Route::new("/api/v1/silence/:sid", &["DELETE", "GET"], Page::V1),
];

impl Route<Page> {
    fn is_at(&self, path: &str) -> bool {
        match self.pattern.strip_suffix(ANY_SEGMENT) {
            Some(start) => path
                .strip_prefix(start)
                .is_some_and(|segment| !segment.is_empty() && !segment.contains('/')),
            None => self.pattern == path,
        }
    }

    /// The right spelling of `path`, if it differs from this page's only in case and a trailing slash.
    fn meant_by(&self, path: &str) -> Option<String> {
        if self.pattern == "/" {
            return matches!(path, "" | "/").then(|| "/".to_owned());
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let start = self.pattern.strip_suffix(ANY_SEGMENT);
        let (start, segment) = match start {
            Some(start) => (start, path.get(start.len()..)?),
            None => (self.pattern, ""),
        };
        let right = format!("{start}{segment}");
        (self.is_at(&right) && right.eq_ignore_ascii_case(path)).then_some(right)
    }

    /// The value of the metric label `handler`. For API v1 it lacks the root `/api/v1`, as in Alertmanager.
    fn handler(&self) -> &'static str {
        self.pattern.strip_prefix("/api/v1").unwrap_or(self.pattern)
    }

    fn allow(&self) -> String {
        let mut methods = self.methods.to_vec();
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.join(", ")
    }
}

/// The patterns of all pages, with the methods that each takes.
#[cfg(test)]
pub fn patterns() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ROUTES.iter().map(|route| (route.pattern, route.methods))
}

/// Answers a request for `path`, which is decoded and below the route prefix. Also returns the pattern of
/// the page for the metrics, which is the same for all unknown paths.
pub fn answer(api: &Api, request: &Request, path: &str) -> (&'static str, Answer) {
    let method = request.method.as_str();
    if let Some(route) = ROUTES.iter().find(|route| route.is_at(path)) {
        let answer = if route.takes(method) {
            serve(api, route.endpoint, request)
        } else if method == "OPTIONS" {
            Answer::empty(200).with_header("Allow", route.allow())
        } else {
            plain_error(405, "Method Not Allowed").with_header("Allow", route.allow())
        };
        return (route.handler(), answer);
    }
    (NO_HANDLER, answer_misspelt(api, request, path))
}

/// Answers a request for a `path` without a page, or with the prefix in another case. Redirects to the page
/// that the path probably means, if there is one.
pub fn answer_misspelt(api: &Api, request: &Request, path: &str) -> Answer {
    let method = request.method.as_str();
    let mut routes = ROUTES.iter().filter(|route| route.takes(method));
    let Some(meant) = routes.find_map(|route| route.meant_by(path)) else {
        return not_found();
    };
    let status = if method == "GET" { 301 } else { 307 };
    let path = format!("{}{meant}", api.settings.prefix());
    let location = Target::split(&request.target).with_path(&path);
    redirect(request, status, &location)
}

/// A redirect. The answer to GET has a short page with the link; the answer to HEAD has that page's type.
pub fn redirect(request: &Request, status: u16, location: &str) -> Answer {
    let answer = Answer::empty(status);
    let answer = if matches!(request.method.as_str(), "GET" | "HEAD") {
        let link = location
            .replace('&', "&amp;")
            .replace('"', "&#34;")
            .replace('<', "&lt;");
        let title = if status == 302 {
            "Found"
        } else {
            "Moved Permanently"
        };
        let page = format!("<a href=\"{link}\">{title}</a>.\n\n");
        answer.with_body("text/html; charset=utf-8", Body::Bytes(page.into_bytes()))
    } else {
        answer
    };
    answer.with_header("Location", location)
}

/// The answer to an unknown path.
pub fn not_found() -> Answer {
    plain_error(404, "404 page not found")
}

/// An error in plain text, with a header that forbids browsers to guess another type.
pub fn plain_error(status: u16, text: &str) -> Answer {
    Answer::text(status, format!("{text}\n")).with_header("X-Content-Type-Options", "nosniff")
}

fn serve(api: &Api, page: Page, request: &Request) -> Answer {
    let method = request.method.as_str();
    match page {
        Page::Home => Answer::text(
            200,
            format!(
                "alertwheel: takes alerts in, groups them and notifies webhooks, as Alertmanager does.\n\
                 There is no page for people yet; the API is at {}/api/v2/.\n",
                api.settings.prefix()
            ),
        ),
        Page::Healthy => well(method),
        Page::Ready => ready(api, method),
        Page::Reload => match api.settings.origins.check_site(request) {
            Ok(()) => reload(api),
            Err(foreign) => api.refuse(&foreign),
        },
        Page::Metrics => metrics(api),
        Page::V1 => Answer::json(410, V1_IS_GONE.to_vec()),
    }
}

fn reload(api: &Api) -> Answer {
    match (api.settings.reload)() {
        Ok(()) => Answer::empty(200),
        Err(NotReloaded::Failed(why)) => {
            plain_error(500, &format!("failed to reload config: {why}"))
        }
        Err(NotReloaded::TimedOut(limit)) => {
            api.metrics.refused(Refusal::TimedOut);
            ApiError::TimedOut(limit).into_answer()
        }
    }
}

/// The answer of a healthy daemon. The answer to HEAD has no `Content-Type`, because it has no body.
fn well(method: &str) -> Answer {
    if method == "HEAD" {
        Answer::empty(200)
    } else {
        Answer::text(200, "OK")
    }
}

/// The answer of the readiness probe. The daemon is ready if no fault is recorded in its health and the
/// dispatcher answers its cheapest query.
fn ready(api: &Api, method: &str) -> Answer {
    if let Some(trouble) = api.settings.health.trouble() {
        return plain_error(503, &format!("not ready: {trouble}"));
    }
    match api.heard(api.inbox.config()) {
        Ok(_) => match api.settings.health.notice() {
            Some(notice) if method != "HEAD" => Answer::text(
                200,
                format!("OK, but on the last good configuration: {notice}"),
            ),
            _ => well(method),
        },
        Err(error) => unanswered(error),
    }
}

fn metrics(api: &Api) -> Answer {
    let groups = if api.metrics.needs_groups() {
        api.heard(api.inbox.groups())
            .map(|answered| answered.answer)
    } else {
        Ok(Vec::new())
    };
    let gauges = api.heard(api.inbox.gauges());
    match groups.and_then(|groups| Ok((groups, gauges?))) {
        Ok((groups, gauges)) => {
            let text = api.metrics.encode(&gauges.answer, &groups, gauges.at);
            Answer::empty(200).with_body(CONTENT_TYPE, Body::Bytes(text.into_bytes()))
        }
        Err(error) => unanswered(error),
    }
}

fn unanswered(error: ApiError) -> Answer {
    if let ApiError::TimedOut(_) = error {
        return error.into_answer();
    }
    let answer = plain_error(error.status(), &error.to_string());
    match error {
        ApiError::Overloaded(_) => answer.with_header("Retry-After", "1"),
        _ => answer,
    }
}
