//! Tests of the pages: health, metrics, reload, redirects and the route prefix.

use super::*;
use crate::api::router::SelfPeer;
use crate::telemetry::health::Health;

#[test]
fn health_is_told_to_get_and_head() {
    let api = api(World::default());
    for path in ["/-/healthy", "/-/ready", "/%2d/healthy?x=1"] {
        let told = get(&api, path);
        assert_eq!((told.status, told.body.as_str()), (200, "OK"), "{path}");
    }
    let told = tell(&api, request("HEAD", "/-/ready"));
    assert_eq!((told.status, told.body.as_str()), (200, ""));
}

#[test]
fn a_daemon_without_a_dispatcher_is_healthy_but_not_ready() {
    let (requests, incoming) = bounded(1);
    drop(incoming);
    let metrics = Arc::new(Metrics::new("test"));
    let api = Api::new(
        Inbox::new(WakingSender::new(requests, &Waker::default())),
        metrics,
        Clock::start(),
        settings(),
    );
    assert_eq!(get(&api, "/-/healthy").status, 200);
    let told = get(&api, "/-/ready");
    assert_eq!(
        (told.status, told.body.as_str()),
        (503, "the daemon is stopping\n")
    );
    assert_eq!(get(&api, "/metrics").status, 503);
    let told = get(&api, "/api/v2/alerts");
    assert_eq!(told.status, 503);
    assert_eq!(
        told.body,
        r#"{"code":503,"message":"the daemon is stopping"}"#
    );
}

#[test]
fn a_reload_that_fails_says_why() {
    let told = tell(&api(World::default()), request("POST", "/-/reload"));
    assert_eq!((told.status, told.body.as_str()), (200, ""));
    let api = api_with(
        World::default(),
        Settings {
            reload: Box::new(|| Err(NotReloaded::Failed("no such file".to_owned()))),
            ..settings()
        },
    );
    let told = tell(&api, request("POST", "/-/reload"));
    assert_eq!(told.status, 500);
    assert_eq!(told.body, "failed to reload config: no such file\n");
}

#[test]
fn metrics_are_of_the_type_that_alertmanager_serves() {
    let told = get(&api(World::default()), "/metrics");
    assert_eq!(told.status, 200);
    let expected = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    assert_eq!(told.header("Content-Type"), Some(expected));
}

#[test]
fn the_old_api_is_gone() {
    let api = api(World::default());
    for (method, path) in [
        ("GET", "/api/v1/alerts"),
        ("POST", "/api/v1/silences"),
        ("DELETE", "/api/v1/silence/x"),
    ] {
        let told = tell(&api, request(method, path));
        assert_eq!(told.status, 410, "{method} {path}");
        assert!(
            told.body
                .starts_with(r#"{"status":"deprecated","error":"The Alertmanager v1 API"#)
        );
        assert!(told.body.ends_with("in the v2 API\"}\n"));
    }
    assert_eq!(get(&api, "/api/v1/alerts/groups").status, 404);
}

#[test]
fn wrong_methods_and_paths_are_told_in_plain_text() {
    let api = api(World::default());
    let table = [
        ("PUT", "/api/v1/alerts", "GET, OPTIONS, POST"),
        ("POST", "/-/healthy", "GET, HEAD, OPTIONS"),
        ("GET", "/-/reload", "OPTIONS, POST"),
        ("POST", "/", "GET, OPTIONS"),
        ("FOO", "/metrics", "GET, OPTIONS"),
    ];
    for (method, path, allow) in table {
        let told = tell(&api, request(method, path));
        assert_eq!(
            (told.status, told.body.as_str()),
            (405, "Method Not Allowed\n")
        );
        assert_eq!(told.header("Allow"), Some(allow), "{method} {path}");
        assert_eq!(told.header("X-Content-Type-Options"), Some("nosniff"));
        let told = tell(&api, request("OPTIONS", path));
        assert_eq!(
            (told.status, told.header("Allow")),
            (200, Some(allow)),
            "{path}"
        );
    }
    for path in ["/nope", "/api", "/API/v2/alerts", "/api/v1/silence/x/y"] {
        let told = get(&api, path);
        assert_eq!(
            (told.status, told.body.as_str()),
            (404, "404 page not found\n"),
            "{path}"
        );
    }
    assert_eq!(get(&api, "/api/v2/x%zz").status, 400);
}

#[test]
fn nearly_right_paths_are_redirected() {
    let api = api(World::default());
    let table = [
        ("GET", "/-/HEALTHY?x=1", 301, "/-/healthy?x=1"),
        ("GET", "/metrics/", 301, "/metrics"),
        ("POST", "/-/reload/", 307, "/-/reload"),
        ("GET", "/api/v2", 301, "/api/v2/"),
        ("GET", "/api/v2?x=1", 301, "/api/v2/?x=1"),
        ("GET", "//api/v2/alerts", 301, "/api/v2/alerts"),
        ("POST", "//api/v2/alerts", 308, "/api/v2/alerts"),
        ("POST", "/api/v2//alerts?a=b", 308, "/api/v2/alerts?a=b"),
        ("POST", "/./api/v2/alerts", 308, "/api/v2/alerts"),
        ("POST", "/../api/v2/alerts", 308, "/api/v2/alerts"),
        ("POST", "/api/v2/x/../alerts//", 308, "/api/v2/alerts/"),
        ("DELETE", "/api/v2//silence/x", 308, "/api/v2/silence/x"),
        (
            "GET",
            "/api/v2/../v2/alerts?x=1&y=%20",
            301,
            "/api/v2/alerts?x=1&y=%20",
        ),
    ];
    for (method, target, status, location) in table {
        let told = tell(&api, request(method, target));
        assert_eq!(told.status, status, "{method} {target}");
        assert_eq!(told.header("Location"), Some(location), "{method} {target}");
        assert_eq!(told.body.is_empty(), method != "GET");
    }
    assert_eq!(tell(&api, request("POST", "/-/ready/")).status, 404);
    let told = get(&api, "/api/v2//alerts?a=1&b=\"<");
    let expected = "<a href=\"/api/v2/alerts?a=1&amp;b=&#34;&lt;\">Moved Permanently</a>.\n\n";
    assert_eq!(told.body, expected);
}

#[test]
fn while_the_state_cannot_be_kept_it_is_not_ready_and_says_why() {
    let health = Arc::new(Health::default());
    let api = api_with(
        World::default(),
        Settings {
            health: Arc::clone(&health),
            ..settings()
        },
    );
    health.set(Some("data/journal: No space left on device".into()));
    let told = get(&api, "/-/ready");
    let expected = (503, "not ready: data/journal: No space left on device\n");
    assert_eq!((told.status, told.body.as_str()), expected);
    assert_eq!(get(&api, "/-/healthy").status, 200, "it lives and serves");
    health.set(None);
    let told = get(&api, "/-/ready");
    assert_eq!((told.status, told.body.as_str()), (200, "OK"));
}

#[test]
fn everything_lies_below_the_prefix() {
    let api = api_with(
        World::default(),
        Settings {
            route_prefix: "/am/".to_owned(),
            ..settings()
        },
    );
    for path in ["/am/-/healthy", "/am/api/v2/receivers", "/am/"] {
        assert_eq!(get(&api, path).status, 200, "{path}");
    }
    for path in ["/-/healthy", "/api/v2/receivers", "/amx/-/healthy", "/nope"] {
        assert_eq!(get(&api, path).status, 404, "{path}");
    }
    let table = [
        ("/?x=1", 302, "/am"),
        ("/am", 301, "/am/"),
        ("/am/api/v2", 301, "/am/api/v2/"),
        ("/am/-/HEALTHY", 301, "/am/-/healthy"),
        ("/am//metrics", 301, "/am/metrics"),
    ];
    for (path, status, location) in table {
        let told = get(&api, path);
        assert_eq!(
            (told.status, told.header("Location")),
            (status, Some(location)),
            "{path}"
        );
    }
    let told = tell(&api, request("POST", "/am//api/v2/alerts"));
    let expected = (308, Some("/am/api/v2/alerts"));
    assert_eq!((told.status, told.header("Location")), expected);
    let told = get(&api, "/am/api/v2/nope");
    assert_eq!(
        told.body,
        r#"{"code":404,"message":"path /api/v2/nope was not found"}"#
    );
    assert_eq!(tell(&api, request("POST", "/")).status, 405);
}

#[test]
fn the_front_page_says_what_this_is() {
    let told = get(&api(World::default()), "/");
    assert_eq!((told.status, told.body.lines().count()), (200, 2));
    assert!(told.body.contains("/api/v2/"));
}

#[test]
fn the_status_has_every_field_that_clients_require() {
    let told = get(&api(World::default()), "/api/v2/status");
    assert_eq!(told.status, 200);
    let expected = format!(
        concat!(
            r#"{{"cluster":{{"peers":[],"status":"disabled"}},"#,
            r#""config":{{"original":"route:\n  receiver: default\n"}},"#,
            r#""uptime":"2026-01-01T00:00:00.000Z","versionInfo":{{"branch":"{branch}","#,
            r#""buildDate":"{date}","buildUser":"{user}","goVersion":"rust","#,
            r#""revision":"{revision}","version":"{version}"}}}}"#,
            "\n"
        ),
        branch = BUILD.branch,
        date = BUILD.build_date,
        user = BUILD.build_user,
        revision = BUILD.revision,
        version = BUILD.version,
    );
    assert_eq!(told.body, expected);
    assert!(BUILD.version.starts_with("0.33.1+alertwheel."));
}

#[test]
fn with_clustering_on_we_are_our_own_peer() {
    let api = api_with(
        World::default(),
        Settings {
            cluster: Some(SelfPeer {
                name: "01J".to_owned(),
                address: "127.0.0.1:9094".to_owned(),
            }),
            ..settings()
        },
    );
    let expected = concat!(
        r#"{"cluster":{"name":"01J","#,
        r#""peers":[{"address":"127.0.0.1:9094","name":"01J"}],"status":"ready"}"#
    );
    assert!(get(&api, "/api/v2/status").body.starts_with(expected));
}

fn from_page(request: Request, host: &str, origin: &str) -> Request {
    let mut headers = request.headers.clone();
    headers.push(("host".to_owned(), host.to_owned()));
    headers.push(("origin".to_owned(), origin.to_owned()));
    Request { headers, ..request }
}

#[test]
fn a_page_of_another_site_changes_nothing_where_origins_are_restricted() {
    let api = api_with(
        World::default(),
        Settings {
            origins: Origins::new(Pages::Own, "http://box:9093", []),
            reload: Box::new(|| unreachable!("no page may ask for it")),
            ..settings()
        },
    );
    let evil = |request| from_page(request, "127.0.0.1:9093", "http://evil.example");
    let requests = [
        post_alerts("[]"),
        post("/api/v2/silences", "{}"),
        request("DELETE", "/api/v2/silence/x"),
        request("POST", "/-/reload"),
    ];
    for request in requests {
        let target = request.target.clone();
        let told = tell(&api, evil(request));
        assert_eq!(told.status, 403, "{target}");
        assert!(told.body.contains("--web.cors.origin"), "{}", told.body);
        assert_eq!(told.header("Access-Control-Allow-Origin"), None);
    }
    let told = tell(&api, evil(request("GET", "/api/v2/alerts")));
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
    let rebound = from_page(post_alerts("[]"), "evil.example", "http://evil.example");
    let told = tell(&api, rebound);
    assert_eq!(told.status, 403);
    assert!(told.body.contains("\"evil.example\""), "{}", told.body);
    assert!(told.body.contains("--web.external-url"), "{}", told.body);
    let own = from_page(post_alerts("[]"), "127.0.0.1:9093", "http://127.0.0.1:9093");
    assert_eq!(tell(&api, own).status, 200);
    assert_eq!(tell(&api, post_alerts("[]")).status, 200, "no page");
}

#[test]
fn a_page_of_another_site_posts_where_any_may_but_never_reloads() {
    let api = api_with(
        World::default(),
        Settings {
            reload: Box::new(|| unreachable!("no page may ask for it")),
            ..settings()
        },
    );
    let karma = |request| from_page(request, "alertmanager:9093", "http://karma.example");
    let told = tell(&api, karma(post_alerts("[]")));
    assert_eq!(
        (told.status, told.header("Access-Control-Allow-Origin")),
        (200, Some("*"))
    );
    let told = tell(&api, karma(request("POST", "/-/reload")));
    let expected = (403, "pages of other sites may not do this\n");
    assert_eq!((told.status, told.body.as_str()), expected);
}

#[test]
fn every_endpoint_is_counted_under_a_name_of_its_own() {
    let all = crate::api::v2::patterns()
        .chain(crate::api::hooks::patterns())
        .chain(crate::api::pages::patterns());
    let mut asked = 0;
    for (pattern, methods) in all {
        for method in methods {
            let path = pattern
                .replace("{silenceID}", NEW_ID)
                .replace(":sid", NEW_ID)
                .replace("{name}", HEARTBEAT);
            let api = api(World::default());
            tell(&api, request(method, &path));
            let metrics = get(&api, "/metrics").body;
            let handler = pattern.strip_prefix("/api/v1").unwrap_or(pattern);
            let count = format!(
                "alertmanager_http_request_duration_seconds_count{{handler=\"{handler}\",method=\"{}\"",
                method.to_lowercase()
            );
            assert!(metrics.contains(&count), "{count}: {metrics}");
            assert!(!metrics.contains("handler=\"other\""), "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked >= 44, "{asked}");
}
