//! Heartbeats: their alerts, and what is refused.

use super::*;
use crate::model::Labels;

fn heartbeats(list: &str) -> Config {
    config(&format!(
        "heartbeats: [{list}]\nroute: {{receiver: a}}\n{RECEIVERS}"
    ))
}

fn heartbeat_faults(list: &str) -> String {
    faults(&format!(
        "heartbeats: [{list}]\nroute: {{receiver: a}}\n{RECEIVERS}"
    ))
}

#[test]
fn a_heartbeat_has_the_labels_of_its_alert_unless_it_says_otherwise() {
    let config = heartbeats(
        "{name: backup, every: 1d, grace: 1h, labels: {severity: page}, annotations: {a: b}}, \
         {name: ping, every: 30s, labels: {alertname: Silent, heartbeat: ''}}",
    );
    let [backup, ping] = &config.heartbeats[..] else {
        panic!("{:?}", config.heartbeats);
    };
    assert_eq!(backup.period(), Duration::from_secs(25 * 3600));
    let labels = [
        ("alertname", "HeartbeatMissing"),
        ("heartbeat", "backup"),
        ("severity", "page"),
    ];
    assert_eq!(backup.labels, Labels::from_pairs(labels));
    assert_eq!(backup.annotations, Labels::from_pairs([("a", "b")]));
    assert_eq!(ping.period(), Duration::from_secs(30));
    assert_eq!(ping.labels, Labels::from_pairs([("alertname", "Silent")]));
}

#[test]
fn what_no_heartbeat_can_be_is_refused() {
    for (list, told) in [
        ("{every: 1m}", "missing name in heartbeat; write name"),
        ("{name: a}", "heartbeat without every, or with every 0s"),
        (
            "{name: a, every: 0s}",
            "heartbeat without every, or with every 0s",
        ),
        (
            "{name: a/b, every: 1m}",
            "heartbeat name \"a/b\" does not fit into a URL",
        ),
        (
            "{name: a, every: 1m}, {name: a, every: 2m}",
            "heartbeat \"a\" is not unique; give it a name of its own",
        ),
        (
            "{name: a, every: 1m, labels: {a-b: c}}",
            "invalid label name \"a-b\"",
        ),
        ("{name: a, every: 1m, gracee: 1m}", "did you mean grace?"),
    ] {
        let faults = heartbeat_faults(list);
        assert!(faults.contains(told), "{list}: {faults}");
    }
}

#[test]
fn heartbeats_are_not_shown_where_amtool_reads() {
    let config = heartbeats("{name: backup, every: 1d}");
    assert!(!config.original.contains("backup"), "{}", config.original);
}

#[test]
fn a_webhook_is_pinged_as_often_as_it_says() {
    let heartbeat = |keys: &str| {
        let text = format!("webhook_configs: [{{url: 'http://x/'{keys}}}]");
        receiver(&text).webhooks[0].heartbeat
    };
    assert_eq!(heartbeat(""), None);
    assert_eq!(heartbeat(", heartbeat: 0s"), None);
    assert_eq!(heartbeat(", heartbeat: 1m"), Some(Duration::from_secs(60)));
    let told = receiver_faults("webhook_configs: [{url: 'http://x/', heartbeat: 1ms}]");
    assert!(
        told.contains("heartbeat is shorter than 1s; write one such as 1m"),
        "{told}"
    );
}
