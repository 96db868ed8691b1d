//! Tests of `alertwheel source` on the command line: what a body yields, and presets to copy.

use crate::process::{Ended, Setup};

const CONFIG: &str = r#"route:
  receiver: team
  group_by: [alertname]
  routes:
  - {matchers: [severity=page], receiver: pager, group_by: [host]}
receivers: [{name: team}, {name: pager}]
sources:
- {name: own, preset: generic}
- {name: grafana, preset: alertmanager}
- {name: strict, strict: true, labels: {alertname: '{{ .name }}', team: '{{ header "X-Team" }}{{ query "q" }}'}, ttl: 1h}
- {name: curl, type: simple}
"#;

fn try_body(arguments: &[&str], body: &str) -> Ended {
    let setup = Setup::bare().file("f.yml", CONFIG);
    let setup = setup.arguments(&["--config.file=f.yml", "source", "try"]);
    setup.arguments(arguments).run_on(body.as_bytes())
}

#[test]
fn a_body_is_told_as_alerts_with_their_receivers_and_groups() {
    let body = r#"[{"name": "Disk", "severity": "page", "labels": {"host": "db1"}, "summary": "full", "key": "k",
                   "starts_at": 1796040000, "url": "https://x.example/", "for": "26h"},
                  {"name": "Lag"}, {"key": "k", "status": "ok"}]"#;
    let told = try_body(&["own"], body);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(
        told.output,
        "firing key=\"k\" {alertname=\"Disk\", host=\"db1\", severity=\"page\"}
  summary: full
  began: 2026-11-30T12:00:00Z
  ends without a further report after 1d2h
  link: https://x.example/
  to receiver pager in group {host=\"db1\"}
firing {alertname=\"Lag\"}
  to receiver team in group {alertname=\"Lag\"}
resolved key=\"k\"
"
    );
}

#[test]
fn what_is_refused_fails_with_the_reason() {
    let refused = try_body(
        &["strict", "-H", "X-Team: web", "--query", "q=x"],
        r#"[{"name": "A"}, {}]"#,
    );
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused
            .output
            .contains("firing {alertname=\"A\", team=\"webx\"}"),
        "{refused:?}"
    );
    assert!(
        refused
            .output
            .contains("refused element 1: labels.alertname: template"),
        "{refused:?}"
    );
    let broken = try_body(&["grafana"], "{}");
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(
        broken.log.contains("the body has no list at /alerts"),
        "{broken:?}"
    );
    let unknown = try_body(&["nobody"], "{}");
    assert!(
        unknown.log.contains(
            "there is no source \"nobody\"; the configuration has: own, grafana, strict, curl"
        ),
        "{unknown:?}"
    );
}

#[test]
fn a_simple_source_is_tried_with_the_name_of_the_alert() {
    let told = try_body(
        &["curl", "--alert", "Disk full", "--query", "host=a&for=10m"],
        "",
    );
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.output
            .starts_with("firing {alertname=\"Disk full\", host=\"a\"}\n"),
        "{told:?}"
    );
    let told = try_body(&["curl", "--resolve", "Disk full"], "");
    assert_eq!(told.output, "resolved {alertname=\"Disk full\"}\n");
    let nameless = try_body(&["curl"], "");
    assert!(
        nameless.log.contains("needs --alert or --resolve"),
        "{nameless:?}"
    );
}

#[test]
fn presets_are_listed_and_printed() {
    let listed = Setup::bare().arguments(&["source", "preset"]).run();
    assert!(
        listed.output.starts_with("alertmanager\nazure-monitor\n"),
        "{listed:?}"
    );
    let printed = Setup::bare()
        .arguments(&["source", "preset", "alertmanager"])
        .run();
    assert!(printed.output.contains("\neach: /alerts\n"), "{printed:?}");
    let unknown = Setup::bare().arguments(&["source", "preset", "x"]).run();
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
}
