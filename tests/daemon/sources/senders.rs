//! Who may post: secrets in files that change, and strangers.

use serde_json::json;

use super::{post, request, told_alert};
use crate::process::{Daemon, Setup};
use crate::receiver::Receiver;
use crate::samples::{config, webhook};
use crate::time::millis;

const SOURCES: &str = "
sources:
- {name: guarded, preset: generic, auth: {bearer_file: token}}
- {type: simple, auth: {query: {token: hush}}}
";

fn guarded(receiver: &Receiver) -> Setup {
    let text = config(super::EACH, &[webhook(receiver, "")]);
    Setup::with_config(&format!("{text}{SOURCES}")).file("token", "first\n")
}

fn status_with(daemon: &Daemon, token: &str) -> u16 {
    let headers = [("Authorization".to_owned(), format!("Bearer {token}"))];
    let request = request("POST", "/hooks/guarded", &headers, br#"{"name": "a"}"#);
    daemon.connect().ask(&request).expect("an answer").status
}

#[test]
fn a_secret_in_a_file_counts_as_soon_as_it_changes() {
    let receiver = Receiver::healthy();
    let daemon = guarded(&receiver).start();
    assert_eq!(
        (
            status_with(&daemon, "first"),
            status_with(&daemon, "second")
        ),
        (200, 401)
    );
    daemon.write("token", "second\n");
    assert_eq!(
        (
            status_with(&daemon, "first"),
            status_with(&daemon, "second")
        ),
        (401, 200)
    );
    std::fs::remove_file(daemon.folder().join("token")).expect("it is there");
    assert_eq!(
        status_with(&daemon, "second"),
        503,
        "nobody can prove anything"
    );
    let shown = daemon.get("/api/v2/status").text();
    assert!(
        shown.contains("guarded") && !shown.contains("hush"),
        "{shown}"
    );
}

#[test]
fn a_stranger_leaves_a_count_and_one_line_in_the_log_and_nothing_else() {
    let receiver = Receiver::healthy();
    let daemon = guarded(&receiver).start();
    for _ in 0..5 {
        assert_eq!(
            post(&daemon, "/hooks/guarded", br#"{"name": "a"}"#).status,
            401
        );
    }
    for target in ["/alert/a", "/alert/a?token=guess", "/resolve/a"] {
        assert_eq!(post(&daemon, target, b"").status, 401, "{target}");
    }
    assert_eq!(
        post(&daemon, "/alert/Right?token=hush&host=web1", b"").status,
        200
    );
    let alert = told_alert(&receiver);
    assert_eq!(
        alert["labels"],
        json!({"alertname": "Right", "host": "web1"})
    );
    receiver.expect_silence(millis(300));
    let scrape = daemon.scrape();
    let refused = |source: &str| {
        scrape.value(&format!(
            "alertwheel_source_refused_total{{source=\"{source}\",reason=\"unauthorized\"}}"
        ))
    };
    assert_eq!((refused("guarded"), refused("simple")), (5.0, 3.0));
    assert_eq!(
        daemon
            .get("/api/alertwheel/v1/sources/guarded/bodies")
            .text(),
        "[]\n"
    );
    let log = daemon.log();
    let lines = log.lines().filter(|line| line.contains("source=guarded"));
    assert_eq!(lines.count(), 1, "{log}");
    assert!(!log.contains("hush"), "{log}");
}
