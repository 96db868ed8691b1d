//! Cross-origin requests (CORS).
//!
//! Owns the headers of cross-origin requests (§10.2). Pages of allowed origins may read and post JSON; no
//! page of another origin may delete. Applies to API v2 alone. Pure; runs on the connections' threads.

use super::http::{Answer, Request};
use super::origins::Origins;

/// The headers that a page may set, in the order in which browsers list them.
const ALLOWED_HEADERS: [&str; 3] = ["accept", "content-type", "x-requested-with"];

const REQUEST_METHOD: &str = "access-control-request-method";
const REQUEST_HEADERS: &str = "access-control-request-headers";

/// The answer to a preflight request; `None` if the request is no preflight.
pub fn answer_preflight(origins: &Origins, request: &Request) -> Option<Answer> {
    let method = request
        .header(REQUEST_METHOD)
        .filter(|method| request.method == "OPTIONS" && !method.is_empty())?;
    let answer = Answer::empty(204).with_header(
        "Vary",
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    );
    let headers = request.header(REQUEST_HEADERS).unwrap_or("");
    let may_pass = matches!(method, "GET" | "POST" | "HEAD") && are_allowed(headers);
    let Some(origin) = origins.allowed_to_read(request).filter(|_| may_pass) else {
        return Some(answer);
    };
    let answer = answer
        .with_header("Access-Control-Allow-Origin", origin)
        .with_header("Access-Control-Allow-Methods", method);
    Some(if headers.is_empty() {
        answer
    } else {
        answer.with_header("Access-Control-Allow-Headers", headers)
    })
}

/// Makes the answer readable for pages of allowed origins, if the method allows it.
pub fn open_to_pages(origins: &Origins, request: &Request, answer: Answer) -> Answer {
    let may_read = matches!(request.method.as_str(), "GET" | "POST" | "HEAD" | "OPTIONS");
    match origins.allowed_to_read(request).filter(|_| may_read) {
        Some(origin) => answer.with_header("Access-Control-Allow-Origin", origin),
        None => answer,
    }
}

/// Whether all listed headers are allowed. Browsers list them sorted and in lower case, so a list in another
/// form is refused.
fn are_allowed(headers: &str) -> bool {
    let mut allowed = ALLOWED_HEADERS.iter();
    headers
        .split(',')
        .map(|header| header.trim_matches([' ', '\t']))
        .filter(|header| !header.is_empty())
        .all(|header| allowed.any(|known| *known == header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::origins::Pages;

    fn any() -> Origins {
        Origins::new(Pages::Any, "http://box:9093", [])
    }

    fn ask(headers: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let request = Request {
            method: "OPTIONS".to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Request::default()
        };
        let answer = answer_preflight(&any(), &request).expect("a preflight");
        assert_eq!(answer.status, 204);
        answer.headers
    }

    #[test]
    fn a_page_may_post_json() {
        let headers = ask(&[
            ("origin", "http://x.y"),
            (REQUEST_METHOD, "POST"),
            (REQUEST_HEADERS, "accept, content-type"),
        ]);
        assert_eq!(headers[1], ("Access-Control-Allow-Origin", "*".to_owned()));
        assert_eq!(
            headers[2],
            ("Access-Control-Allow-Methods", "POST".to_owned())
        );
        assert_eq!(
            headers[3],
            (
                "Access-Control-Allow-Headers",
                "accept, content-type".to_owned()
            )
        );
    }

    #[test]
    fn deleting_and_other_headers_are_not_for_pages() {
        let origin = ("origin", "http://x.y");
        assert_eq!(ask(&[origin, (REQUEST_METHOD, "DELETE")]).len(), 1);
        assert_eq!(ask(&[(REQUEST_METHOD, "GET")]).len(), 1);
        assert_eq!(ask(&[("origin", ""), (REQUEST_METHOD, "GET")]).len(), 1);
        for headers in [
            "x-foo",
            "Content-Type",
            "content-type,accept",
            "content-type,x-foo",
        ] {
            let given = ask(&[origin, (REQUEST_METHOD, "POST"), (REQUEST_HEADERS, headers)]);
            assert_eq!(given.len(), 1, "{headers}");
        }
    }

    #[test]
    fn an_options_request_without_a_method_to_ask_for_is_no_preflight() {
        let mut request = Request {
            method: "OPTIONS".to_owned(),
            ..Request::default()
        };
        assert!(answer_preflight(&any(), &request).is_none());
        request
            .headers
            .push((REQUEST_METHOD.to_owned(), String::new()));
        assert!(answer_preflight(&any(), &request).is_none());
    }
}
