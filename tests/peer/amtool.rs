//! Tests that amtool prints the same against our daemon and against Alertmanager.

use crate::pair::Pair;
use crate::peers::Peers;

/// Receivers that nobody listens for: these tests look at answers, not at webhooks.
const CONFIGURATION: &str = r#"
global:
  resolve_timeout: 5m
route:
  receiver: default
  group_by: [alertname]
  group_wait: 1h
  routes:
  - matchers: [severity="page"]
    receiver: pager
    continue: true
    group_interval: 2m
  - match_re: {team: "web|shop"}
    receiver: web
    repeat_interval: 1d
    routes:
    - match: {environment: dev}
      receiver: nobody
receivers:
- name: default
  webhook_configs: [{url: 'http://127.0.0.1:9/hook?token=hidden'}]
- name: pager
  labels: {team: operations}
  webhook_configs: [{url: 'http://127.0.0.1:9/', send_resolved: false, max_alerts: 3, timeout: 2s}]
- name: web
  webhook_configs: [{url: 'http://127.0.0.1:9/'}]
- name: nobody
"#;

/// Alerts with and without times, with texts that are awkward to print.
const ALERTS: [&[&str]; 4] = [
    &[
        "alertname=DiskFull",
        "severity=page",
        "environment=prod",
        "--annotation=summary=\"nearly full\"",
        "--annotation=quote=\"\\\"\"",
        "--generator-url=http://prometheus.test/graph?g0.expr=up",
        "--start=2025-01-02T03:04:05Z",
    ],
    &[
        "SlowPages",
        "team=web",
        "--annotation=summary=slow",
        "--start=2025-01-02T03:04:06Z",
        "--end=2099-01-02T03:04:06.123456Z",
    ],
    &["TestAlert", "team=shop", "environment=dev"],
    &["a name with spaces", "\"dotted.name\"=grüße"],
];

fn pair(test: &str, flags: &[&str]) -> Option<Pair> {
    Some(Pair::start(&Peers::find(test)?, CONFIGURATION, flags))
}

fn pair_with_alerts(test: &str) -> Option<Pair> {
    let pair = pair(test, &[])?;
    for alert in ALERTS {
        let out = pair.succeed_alike(&[&["alert", "add"], alert].concat());
        assert_eq!(out, "");
    }
    Some(pair)
}

#[test]
fn alerts_that_were_added_are_listed_alike() {
    let Some(pair) = pair_with_alerts("alerts_that_were_added_are_listed_alike") else {
        return;
    };
    let simple = pair.succeed_alike(&["alert", "query"]);
    assert_eq!(simple.lines().count(), 1 + ALERTS.len(), "{simple}");
    let extended = pair.succeed_alike(&["alert", "query", "--output=extended"]);
    assert!(extended.contains("<start + 5m>"), "{extended}");
    let json = pair.succeed_alike(&["alert", "query", "--output=json"]);
    assert!(json.contains("2099-01-02T03:04:06.123Z"), "{json}");
}

#[test]
fn filters_choose_the_same_alerts() {
    let Some(pair) = pair_with_alerts("filters_choose_the_same_alerts") else {
        return;
    };
    let filters: [(&[&str], usize); 10] = [
        (&["team=~\"we.*\""], 1),
        (&["DiskFull"], 1),
        (&["severity!=page"], 3),
        (&["team=\"\"", "environment!~\"d.*\""], 2),
        (&["a name with spaces"], 1),
        (&["\"dotted.name\"=~\".*ß.\""], 1),
        (&["--receiver=web|pager"], 2),
        (&["--receiver=we"], 0),
        (&["--silenced"], 0),
        (&["--inhibited", "--active"], 4),
    ];
    for (filter, count) in filters {
        let listed = pair.succeed_alike(&[&["alert", "query"], filter].concat());
        assert_eq!(listed.lines().count(), 1 + count, "{filter:?}: {listed}");
    }
}

#[test]
fn what_is_wrong_is_refused_in_the_same_words() {
    let Some(pair) = pair("what_is_wrong_is_refused_in_the_same_words", &[]) else {
        return;
    };
    let wrong: [&[&str]; 4] = [
        &["alert", "add", ""],
        &[
            "alert",
            "add",
            "Backwards",
            "--start=2026-01-02T03:04:06Z",
            "--end=2025-01-02T03:04:06Z",
        ],
        &["alert", "add", "NoLink", "--generator-url=not a link"],
        &["alert", "query", "--receiver=("],
    ];
    for arguments in wrong {
        let said = pair.fail_alike(arguments);
        assert!(said.err.starts_with("amtool: error: "), "{said:?}");
    }
}

#[test]
fn routes_are_shown_and_tested_alike() {
    let Some(pair) = pair("routes_are_shown_and_tested_alike", &[]) else {
        return;
    };
    let tree = pair.succeed_alike(&["config", "routes", "show"]);
    assert!(tree.contains("receiver: nobody"), "{tree}");

    let test = ["config", "routes", "test"];
    let labels = ["severity=page", "team=web"];
    let plain = pair.succeed_alike(&[&test[..], &labels].concat());
    assert_eq!(plain, "pager,web\n");
    let deep = ["--tree", "severity=page", "team=shop", "environment=dev"];
    let drawn = pair.succeed_alike(&[&test[..], &deep].concat());
    assert!(drawn.ends_with("pager,nobody\n"), "{drawn}");
    pair.succeed_alike(&[&test[..], &["--verify.receivers=pager,web"], &labels].concat());

    let mismatch = [&test[..], &["--verify.receivers=default"], &labels].concat();
    let mismatch = pair.fail_alike(&mismatch);
    assert!(mismatch.out.contains("WARNING"), "{mismatch:?}");
    pair.fail_alike(&[&test[..], &["team=~web"]].concat());
}

#[test]
fn the_configuration_is_shown_alike_and_checks_out() {
    let Some(pair) = pair("the_configuration_is_shown_alike_and_checks_out", &[]) else {
        return;
    };
    let shown = pair.succeed_alike(&["config", "show"]);
    assert!(!shown.contains("hidden"), "{shown}");
    let checked = pair.check(&shown);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.out.contains("- 4 receivers"), "{checked:?}");
}

#[test]
fn the_status_differs_in_the_build_only() {
    let Some(pair) = pair("the_status_differs_in_the_build_only", &[]) else {
        return;
    };
    let [mut ours, mut theirs] = pair
        .ask_both(&["config", "show", "--output=json"])
        .map(|said| said.json());
    let version = ours["versionInfo"]["version"].take();
    let their_version = theirs["versionInfo"]["version"].take();
    let both = format!("{version} {their_version}");
    assert!(both.contains("+alertwheel."), "{both}");
    for status in [&mut ours, &mut theirs] {
        let build = status["versionInfo"].as_object_mut();
        for text in build.expect("the status has a build").values_mut() {
            text.take();
        }
    }
    assert_eq!(ours, theirs);
}

#[test]
fn a_daemon_without_a_cluster_is_shown_alike() {
    let Some(pair) = pair("a_daemon_without_a_cluster_is_shown_alike", &[]) else {
        return;
    };
    for output in ["simple", "extended", "json"] {
        let output = format!("--output={output}");
        let shown = pair.succeed_alike(&["cluster", "show", &output]);
        assert!(shown.contains("disabled"), "{shown}");
    }
}

#[test]
fn a_cluster_of_one_is_shown_alike() {
    let flags = [
        "--cluster.listen-address=127.0.0.1:0",
        "--cluster.peer-name=alpha",
        "--cluster.settle-timeout=1s",
    ];
    let Some(pair) = pair("a_cluster_of_one_is_shown_alike", &flags) else {
        return;
    };
    pair.wait_for_cluster();
    let simple = pair.succeed_alike(&["cluster", "show"]);
    assert!(simple.contains("ready"), "{simple}");
    // Alertmanager names the port that it found; we have no port of a cluster.
    let [ours, theirs] = pair.ask_both(&["cluster", "show", "--output=json"]);
    for said in [ours, theirs] {
        let status = said.json();
        assert_eq!(status["name"], "alpha");
        let peers = status["peers"].as_array().expect("peers are a list");
        assert_eq!(peers.len(), 1);
        assert_eq!(peers[0]["name"], "alpha");
        assert!(peers[0]["address"].to_string().contains("127.0.0.1:"));
    }
}
