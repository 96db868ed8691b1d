//! Defaults, inheritance, null, aliases: how routes come to what the daemon uses.

use super::*;

#[test]
fn the_defaults_are_alertmanagers() {
    let config = config(&format!("route: {{receiver: a}}\n{RECEIVERS}"));
    assert_eq!(config.resolve_timeout, Duration::from_secs(300));
    assert_eq!(config.route.group_wait, Duration::from_secs(30));
    assert_eq!(config.route.group_interval, Duration::from_secs(300));
    assert_eq!(config.route.repeat_interval, Duration::from_secs(14_400));
    assert_eq!(config.route.group_by, GroupBy::Names(Vec::new()));
    assert!(!config.route.continues);
    let webhook = &config.receivers[0].webhooks[0];
    assert!(webhook.send_resolved);
    assert_eq!(webhook.max_alerts, 0);
    assert_eq!(webhook.timeout, None);
}

#[test]
fn children_take_over_all_but_matchers_and_continue() {
    let root = route(
        ", group_by: [b, a], group_wait: 1s, group_interval: 2s, repeat_interval: 3s, routes: \
         [{matchers: [x=y], continue: true, routes: [{}]}]",
    );
    let grandchild = &root.routes[0].routes[0];
    assert_eq!(&*grandchild.receiver.name, "a");
    assert_eq!(
        grandchild.group_by,
        GroupBy::Names(vec!["a".into(), "b".into()])
    );
    assert_eq!(grandchild.group_wait, Duration::from_secs(1));
    assert_eq!(grandchild.group_interval, Duration::from_secs(2));
    assert_eq!(grandchild.repeat_interval, Duration::from_secs(3));
    assert!(grandchild.matchers.is_empty());
    assert!(!grandchild.continues);
}

#[test]
fn children_replace_what_they_name() {
    let root = route(
        ", group_by: [a], group_wait: 9s, routes: [{group_by: [], group_wait: 0s}, {group_by: \
         ['...'], routes: [{group_by: [b]}, {group_by: ~}]}]",
    );
    assert_eq!(root.routes[0].group_by, GroupBy::Names(Vec::new()));
    assert_eq!(root.routes[0].group_wait, Duration::ZERO);
    assert_eq!(root.routes[1].group_by, GroupBy::All);
    assert_eq!(
        root.routes[1].routes[0].group_by,
        GroupBy::Names(vec!["b".into()])
    );
    assert_eq!(root.routes[1].routes[1].group_by, GroupBy::All);
}

#[test]
fn null_means_zero_or_absent_as_in_go() {
    let config = config(
        "global: {resolve_timeout: }\nroute: {receiver: a, group_wait: , routes: [{receiver: \
         }]}\nreceivers: [{name: a, labels: {x: }, webhook_configs: [{url: http://x/, \
         send_resolved: , max_alerts: , timeout: , url_file: , http_config: , payload: }]}]\n",
    );
    assert_eq!(config.resolve_timeout, Duration::ZERO);
    assert_eq!(config.route.group_wait, Duration::from_secs(30));
    assert_eq!(&*config.route.routes[0].receiver.name, "a");
    assert!(!config.receivers[0].webhooks[0].send_resolved);
    assert_eq!(config.receivers[0].labels["x"], "");
}

#[test]
fn null_sections_are_as_if_missing() {
    let text = format!("global:\ntemplates:\ntracing:\nroute: {{receiver: a}}\n{RECEIVERS}");
    assert_eq!(config(&text).resolve_timeout, Duration::from_secs(300));
}

#[test]
fn aliases_and_merge_keys_work() {
    let root = route(
        ", routes: [&first {matchers: [x=y], group_wait: 7s}, {<<: *first, matchers: [x=z]}]",
    );
    assert_eq!(root.routes[1].group_wait, Duration::from_secs(7));
    assert_eq!(format_matchers(&root.routes[1].matchers), "{x=\"z\"}");
}
