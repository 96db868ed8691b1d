//! Tests of refused requests of API v2, and of the headers common to its answers.

use super::*;

fn with_header(request: Request, name: &str, value: &str) -> Request {
    let mut request = request;
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

#[test]
fn unknown_paths_and_wrong_methods_are_told_by_the_framework() {
    let api = api(World::default());
    let told = get(&api, "/api/v2/x%20y?z");
    assert_eq!(told.status, 404);
    assert_eq!(
        told.body,
        r#"{"code":404,"message":"path /api/v2/x%20y was not found"}"#
    );
    let table = [
        ("PUT", "/api/v2/alerts", "GET,POST"),
        ("HEAD", "/api/v2/status", "GET"),
        ("POST", "/api/v2/silence/x", "GET,DELETE"),
        ("OPTIONS", "/api/v2/receivers", "GET"),
    ];
    for (method, path, allow) in table {
        let told = tell(&api, request(method, path));
        assert_eq!(
            (told.status, told.header("Allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
        let expected = match method {
            "HEAD" => String::new(),
            _ => format!(
                r#"{{"code":405,"message":"method {method} is not allowed, but [{allow}] are"}}"#
            ),
        };
        assert_eq!(told.body, expected);
    }
}

#[test]
fn a_body_in_a_coding_that_is_not_known_is_told_so_unless_it_is_plain_all_the_same() {
    let api = api(World::default());
    let coded = |coding, body| with_header(post_alerts(body), "content-encoding", coding);
    let told = tell(&api, coded("br", "\u{b}\u{2}\u{80}"));
    assert_eq!(
        (told.status, told.header("Accept-Encoding")),
        (415, Some("gzip"))
    );
    assert_eq!(
        told.body,
        r#"{"code":415,"message":"unsupported content encoding \"br\", only gzip is understood, once"}"#
    );
    for coding in ["br", "utf-8", ""] {
        assert_eq!(tell(&api, coded(coding, "[]")).status, 200, "{coding}");
    }
    for coding in ["identity", "Identity", ""] {
        assert_eq!(tell(&api, coded(coding, "x")).status, 400, "{coding}");
    }
    let told = tell(&api, coded("br", r#"[{"labels":{}},{}]"#));
    assert_eq!(told.status, 422, "it was read");
}

#[test]
fn a_body_must_be_json() {
    let api = api(World::default());
    let told = tell(
        &api,
        Request {
            headers: Vec::new(),
            ..post_alerts("[]")
        },
    );
    assert_eq!(told.status, 415);
    assert_eq!(
        told.body,
        r#"{"code":415,"message":"unsupported media type \"application/octet-stream\", only [application/json] are allowed"}"#
    );
    let told = tell(&api, request("POST", "/api/v2/alerts"));
    assert_eq!(told.status, 422);
    assert_eq!(
        told.body,
        r#"{"code":602,"message":"alerts in body is required"}"#
    );
}

#[test]
fn what_cannot_be_read_is_not_sent_but_posts_do_not_care() {
    let api = api(World::default());
    let told = tell(
        &api,
        with_header(
            request("GET", "/api/v2/alerts?filter=x"),
            "accept",
            "text/html",
        ),
    );
    assert_eq!(told.status, 406);
    assert_eq!(
        told.body,
        r#"{"code":406,"message":"unsupported media type requested, only [application/json] are available"}"#
    );
    let told = tell(&api, with_header(post_alerts("[]"), "accept", "text/html"));
    assert_eq!(told.status, 200);
}

#[test]
fn every_answer_forbids_caching_and_opens_itself_to_pages() {
    let api = api(World::default());
    for target in ["/api/v2/receivers", "/api/v2/nope"] {
        let told = tell(
            &api,
            with_header(request("GET", target), "origin", "http://x.y"),
        );
        assert_eq!(told.header("Cache-Control"), Some("no-store"));
        assert_eq!(told.header("Vary"), Some("Origin"));
        assert_eq!(told.header("Content-Type"), Some("application/json"));
        assert_eq!(told.header("Access-Control-Allow-Origin"), Some("*"));
    }
    let told = get(&api, "/api/v2/receivers");
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
    let told = tell(
        &api,
        with_header(request("PUT", "/api/v2/alerts"), "origin", "http://x.y"),
    );
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
    let told = tell(
        &api,
        with_header(request("GET", "/-/healthy"), "origin", "http://x.y"),
    );
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
}

#[test]
fn a_preflight_is_answered_wherever_it_goes() {
    let api = api(World::default());
    for target in ["/api/v2/alerts", "/api/v2/nope"] {
        let ask = with_header(request("OPTIONS", target), "origin", "http://x.y");
        let told = tell(
            &api,
            with_header(ask, "access-control-request-method", "GET"),
        );
        assert_eq!((told.status, told.body.as_str()), (204, ""), "{target}");
        assert_eq!(told.header("Access-Control-Allow-Methods"), Some("GET"));
        assert_eq!(told.header("Content-Type"), None);
    }
}

#[test]
fn a_full_inbox_turns_senders_away_for_a_second() {
    // Nobody takes anything out of this inbox, and it has no room.
    let (requests, _incoming) = bounded(0);
    let metrics = Arc::new(Metrics::new("test"));
    let api = Api::new(
        Inbox::new(WakingSender::new(requests, &Waker::default())),
        metrics,
        Clock::start(),
        settings(),
    );
    let told = tell(&api, post_alerts(r#"[{"labels":{"a":"b"}}]"#));
    assert_eq!((told.status, told.header("Retry-After")), (503, Some("1")));
    assert_eq!(
        told.body,
        r#"{"code":503,"message":"the dispatcher's inbox is full, try again later"}"#
    );
    for target in ["/api/v2/alerts", "/-/ready", "/metrics"] {
        let told = get(&api, target);
        assert_eq!(
            (told.status, told.header("Retry-After")),
            (503, Some("1")),
            "{target}"
        );
    }
}

#[test]
fn a_daemon_at_its_limit_turns_senders_away_for_a_second() {
    let api = api(World {
        alert_limit: Some(7),
        ..World::default()
    });
    let told = tell(&api, post_alerts(r#"[{"labels":{"a":"b"}}]"#));
    assert_eq!((told.status, told.header("Retry-After")), (503, Some("1")));
    assert_eq!(
        told.body,
        r#"{"code":503,"message":"the daemon holds 7 alerts and may hold no more, try again later"}"#
    );
}
