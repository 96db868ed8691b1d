//! Unknown keys, keys given twice, and keys that are not built yet.

use super::*;

#[test]
fn unknown_ones_are_refused_with_the_nearest() {
    assert_eq!(
        route_faults(", routes: [{matcherz: []}]"),
        "f.yml:1: route.routes[0].matcherz: field matcherz not found in a route; did you mean \
         matchers?"
    );
    assert_eq!(
        receiver_faults("webhook_configs: [{url: 'http://x/', colour: red}]"),
        "f.yml:2: receivers[0].webhook_configs[0].colour: field colour not found in a webhook; \
         it has send_resolved, url, url_file, max_alerts, timeout, http_config, payload"
    );
    assert!(receiver_faults("webhook_config: []").contains("did you mean webhook_configs?"));
    let told = faults(&format!(
        "routes: {{}}\nroute: {{receiver: a}}\n{RECEIVERS}"
    ));
    assert!(told.ends_with("did you mean route?"), "{told}");
}

#[test]
fn a_key_given_twice_is_refused() {
    assert_eq!(
        route_faults(", group_wait: 1s, group_wait: 2s"),
        "f.yml:1: route.group_wait: key \"group_wait\" already set in map; keep one of the two"
    );
}

#[test]
fn what_is_not_built_is_refused_unless_it_says_nothing() {
    for section in [
        "inhibit_rules: [{}]",
        "templates: ['*.tmpl']",
        "mute_time_intervals: [{name: x}]",
        "time_intervals: [{name: x}]",
        "tracing: {endpoint: x}",
        "event_recorder: {file_outputs: [x]}",
        "global: {http_config: {proxy_url: http://x/}}",
        "global: {http_config: {follow_redirects: false}}",
        "global: {http_config: {basic_auth: {}}}",
        "global: {http_config: {tls_config: {ca_file: x}}}",
        "global: {smtp_tls_config: {insecure_skip_verify: true}}",
    ] {
        let told = faults(&format!("{section}\nroute: {{receiver: a}}\n{RECEIVERS}"));
        assert!(told.starts_with("f.yml:1: "), "{told}");
        assert!(told.contains(": not built yet; "), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    for section in [
        "inhibit_rules: []",
        "templates: []",
        "time_intervals: ~",
        "tracing: {}",
        "global: {http_config: {}}",
        "global: {http_config: {follow_redirects: yes, enable_http2: true, proxy_url: '', \
         tls_config: {insecure_skip_verify: false}, http_headers: {}}}",
    ] {
        let told = faults(&format!("{section}\nroute: {{receiver: a}}\n{RECEIVERS}"));
        assert_eq!(told, "none", "{section}");
    }
}

#[test]
fn integrations_that_are_not_built_are_refused_where_a_receiver_uses_them() {
    let told = receiver_faults("slack_configs: [{channel: '#x'}]");
    assert_eq!(
        told,
        "f.yml:2: receivers[0].slack_configs: not built yet; receiver \"a\" can use \
         webhook_configs with a service that passes them on"
    );
    assert_eq!(
        receiver_faults("slack_configs: [], email_configs: ~"),
        "none"
    );
    assert!(
        receiver_faults("webhook_configs: [{url: 'http://x/', payload: {}}]")
            .contains("webhook_configs[0].payload: not built yet; ")
    );
}

#[test]
fn settings_of_integrations_do_no_harm_but_are_checked() {
    let global = |keys: &str| {
        faults(&format!(
            "global: {{{keys}}}\nroute: {{receiver: a}}\n{RECEIVERS}"
        ))
    };
    assert_eq!(
        global(
            "smtp_from: x@y, smtp_smarthost: 'z:25', smtp_require_tls: no, slack_api_url: <secret>"
        ),
        "none"
    );
    for (keys, fault) in [
        ("smtp_smarthost: z", "address z: missing port in address; "),
        ("jira_api_url: x", "unsupported scheme \"\" for URL; "),
        ("smtp_require_tls: x", "cannot unmarshal `x` into bool; "),
        (
            "slack_app_token: x, slack_app_token_file: y",
            "at most one of slack_app_token & slack_app_token_file must be configured; ",
        ),
        (
            "smtp_form: x",
            "field smtp_form not found in global; did you mean smtp_from?",
        ),
        ("http_config: ", "http_config is null; "),
        ("resolve_timeout: 5", "not a valid duration string: \"5\"; "),
    ] {
        let told = global(keys);
        assert!(told.contains(fault), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}
