//! The checks of a request's media types.
//!
//! Owns the checks of `Content-Type` and `Accept` (§10.2). Pure; runs on the connections' threads.

use super::error::ApiError;
use super::http::Request;
use super::media_type;

const JSON: &str = "application/json";

/// Checks that the `Content-Type` says JSON. A request without a body needs no such header.
pub fn check_content_type(request: &Request) -> Result<(), ApiError> {
    if request.body.is_empty() {
        return Ok(());
    }
    let given = match request.header("content-type") {
        None | Some("") => "application/octet-stream",
        Some(given) => given,
    };
    if !media_type::is_sound(given) {
        return Err(ApiError::BadContentType(given.to_owned()));
    }
    let name = given.split(';').next().unwrap_or(given).trim();
    if name.eq_ignore_ascii_case(JSON) {
        Ok(())
    } else {
        Err(ApiError::UnsupportedMediaType(name.to_ascii_lowercase()))
    }
}

/// Checks that the `Accept` header admits JSON. A request without the header accepts everything.
pub fn check_accept(request: &Request) -> Result<(), ApiError> {
    let mut specs = request
        .headers_named("accept")
        .flat_map(|value| value.split(','))
        .peekable();
    if specs.peek().is_none() || specs.any(takes_json) {
        Ok(())
    } else {
        Err(ApiError::NotAcceptable)
    }
}

fn takes_json(spec: &str) -> bool {
    let mut parts = spec.split(';').map(str::trim);
    let range = parts.next().unwrap_or("");
    let covers = [JSON, "application/*", "*/*"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(range));
    covers && !parts.any(is_zero_quality)
}

fn is_zero_quality(parameter: &str) -> bool {
    parameter
        .strip_prefix("q=")
        .is_some_and(|quality| quality.parse() == Ok(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_for(
        name: &str,
        value: Option<&str>,
        check: fn(&Request) -> Result<(), ApiError>,
    ) -> u16 {
        let request = Request {
            headers: value
                .map(|value| (name.to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            body: b"[]".to_vec(),
            ..Request::default()
        };
        check(&request).map_or_else(|error| error.status(), |()| 200)
    }

    #[test]
    fn only_json_bodies_are_read() {
        let table = [
            (None, 415),
            (Some(""), 415),
            (Some("application/json"), 200),
            (Some("APPLICATION/JSON"), 200),
            (Some("application/json; charset=utf-8"), 200),
            (Some("application/json;"), 200),
            (Some("application/json; charset"), 400),
            (Some("text/plain; a=b"), 415),
            (Some("application/vnd.x+json"), 415),
            (Some("json"), 400),
            (Some("a b"), 400),
            (Some("foo/"), 400),
            (Some("application/json, text/plain"), 400),
        ];
        for (given, expected) in table {
            assert_eq!(
                status_for("content-type", given, check_content_type),
                expected,
                "{given:?}"
            );
        }
    }

    #[test]
    fn the_media_type_of_nothing_does_not_matter() {
        let mut request = Request::default();
        request
            .headers
            .push(("content-type".to_owned(), "text/plain".to_owned()));
        assert!(check_content_type(&request).is_ok());
    }

    #[test]
    fn answers_are_json_or_not_acceptable() {
        let table = [
            (None, 200),
            (Some("*/*"), 200),
            (Some("application/json; charset=utf-8"), 200),
            (Some("application/*"), 200),
            (Some("text/html, application/json;q=0.1"), 200),
            (Some("application/xml, */*"), 200),
            (Some("text/html"), 406),
            (Some("application/json;q=0"), 406),
            (Some("text/html;q=0.5,*/*;q=0"), 406),
            (Some("application/problem+json"), 406),
            (Some("garbage"), 406),
            (Some(""), 406),
        ];
        for (given, expected) in table {
            assert_eq!(
                status_for("accept", given, check_accept),
                expected,
                "{given:?}"
            );
        }
    }
}
