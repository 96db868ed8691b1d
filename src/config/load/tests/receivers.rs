//! Receivers, webhooks and addresses.

use super::*;

#[test]
fn names_are_given_and_unique() {
    assert!(
        faults("route: {receiver: a}\nreceivers:\n- name: a\n- labels: {}\n")
            .starts_with("f.yml:4: receivers[1]: missing name in receiver; ")
    );
    assert!(
        faults("route: {receiver: a}\nreceivers:\n- name: a\n- name: a\n").starts_with(
            "f.yml:4: receivers[1].name: notification config name \"a\" is not unique; "
        )
    );
    assert!(
        faults("route: {receiver: a}\nreceivers:\n- ~\n- name: a\n")
            .starts_with("f.yml:3: receivers[0]: missing name in receiver; ")
    );
}

#[test]
fn the_label_name_is_added() {
    assert_eq!(receiver("labels: {x: y}").labels["name"], "a");
    assert_eq!(receiver("labels: {name: a}").labels.len(), 1);
    assert!(receiver_faults("labels: {name: b}").starts_with(
        "f.yml:2: receivers[0].labels.name: receiver label \"name\" must match receiver name \
         \"a\", got \"b\"; "
    ));
}

#[test]
fn a_receiver_without_webhooks_is_allowed() {
    assert!(receiver("webhook_configs: []").webhooks.is_empty());
    assert!(receiver("webhook_configs: ~").webhooks.is_empty());
}

#[test]
fn a_webhook_is_read_whole() {
    let receiver = receiver(
        "webhook_configs: [{url: 'HTTPS://U:p@H.example/x', send_resolved: off, max_alerts: \
         5, timeout: 1m30s}, {url_file: hook, http_config: {follow_redirects: true}}]",
    );
    let [fixed, file] = receiver.webhooks.as_slice() else {
        panic!("there are two webhooks");
    };
    assert_eq!(
        fixed.destination,
        Destination::Url("HTTPS://U:p@H.example/x".into())
    );
    assert_eq!(&*fixed.endpoint.0, "https://h.example:443");
    assert!(!fixed.send_resolved);
    assert_eq!(fixed.max_alerts, 5);
    assert_eq!(fixed.timeout, Some(Duration::from_secs(90)));
    assert_eq!(file.destination, Destination::UrlFile("hook".into()));
    assert_eq!(&*file.endpoint.0, "hook");
}

#[test]
fn a_webhook_has_a_method_that_amtool_does_not_see() {
    for (keys, method) in [
        ("", "POST"),
        (", method: POST", "POST"),
        (", method: PUT", "PUT"),
        (", method: PATCH", "PATCH"),
        (", method: ~", "POST"),
    ] {
        let text = format!(
            "route: {{receiver: a}}\nreceivers: [{{name: a, webhook_configs: [{{url: 'http://x/'{keys}}}]}}]\n"
        );
        let config = config(&text);
        assert_eq!(config.receivers[0].webhooks[0].method, method, "{keys}");
        assert!(!config.original.contains("method"), "{}", config.original);
    }
    let text = "\
route: {receiver: a}
receivers:
- name: a
  webhook_configs:
  - url: http://x/
    method: GET
";
    assert_eq!(
        faults(text),
        "f.yml:6: receivers[0].webhook_configs[0].method: unknown method \"GET\"; write POST, PUT or \
         PATCH"
    );
}

#[test]
fn a_webhook_has_one_address() {
    for (keys, fault) in [
        ("~", "missing webhook config; "),
        ("{}", "one of url or url_file must be configured; "),
        ("{url: ''}", "one of url or url_file must be configured; "),
        (
            "{url: 'http://x/', url_file: y}",
            "at most one of url & url_file must be configured; ",
        ),
        (
            "{url: 'ftp://x/'}",
            "invalid URL: unsupported scheme \"ftp\" for URL; ",
        ),
        ("{url: 'http:///x'}", "invalid URL: missing host for URL; "),
        (
            "{url: 'terminal:'}",
            "invalid URL: unsupported scheme \"terminal\" for URL; ",
        ),
        (
            "{url: <secret>}",
            "url is the mask that a running daemon shows",
        ),
        (
            "{url: 'http://x/', max_alerts: -1}",
            "cannot unmarshal `-1` into uint64; ",
        ),
        (
            "{url: 'http://x/', timeout: 1d}",
            "cannot unmarshal `1d` into time.Duration; ",
        ),
        (
            "{url: 'http://x/', method: put}",
            "unknown method \"put\"; write POST, PUT or PATCH",
        ),
        (
            "{url: 'http://x/', send_resolved: 2}",
            "cannot unmarshal `2` into bool; ",
        ),
    ] {
        let told = receiver_faults(&format!("webhook_configs: [{keys}]"));
        assert!(
            told.contains(&format!(": {fault}")),
            "{told}\nlacks\n{fault}"
        );
        assert!(
            told.starts_with("f.yml:2: receivers[0].webhook_configs[0]"),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_fault_keeps_the_secrets_of_an_address() {
    for url in [
        "ftp://hunter2@x/hunter2",
        "http://:hunter2@/hunter2",
        "http://x y/hunter2",
        "[http://x/hunter2]",
        "{http://x/hunter2: 1}",
    ] {
        let url = if url.starts_with(['[', '{']) {
            url.to_owned()
        } else {
            format!("'{url}'")
        };
        let told = receiver_faults(&format!("webhook_configs: [{{url: {url}}}]"));
        assert!(told.starts_with("f.yml:2: "), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let told = receiver_faults("webhook_configs: http://x/hunter2");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_host_that_a_template_makes_is_warned_of() {
    let warnings = |url: &str| {
        let text = format!(
            "route: {{receiver: a}}\nreceivers:\n- name: a\n  webhook_configs:\n  - url: '{url}'\n"
        );
        loaded(&text).warnings.len()
    };
    for url in [
        "http://{{ .CommonLabels.v }}.example.com/x",
        "http://box:{{ .CommonLabels.port }}/",
        "{{ .CommonLabels.scheme }}://box/",
        "{{ .CommonLabels.url }}",
        "http://box{{ .CommonLabels.path }}",
    ] {
        assert_eq!(warnings(url), 1, "{url}");
    }
    for url in [
        "http://box/{{ .Receiver }}",
        "http://box?a={{ .Receiver }}",
        "http://box/",
    ] {
        assert_eq!(warnings(url), 0, "{url}");
    }
}
