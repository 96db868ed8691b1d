//! Tests that `GET /status` shows Alertmanager's own text for the same files.

use crate::config::parse;
use crate::model::ParserMode;

fn original(text: &str) -> String {
    match parse("f.yml", text, ParserMode::default()) {
        Ok(loaded) => loaded.config.original,
        Err(faults) => panic!("refused:\n{faults}"),
    }
}

/// The part from `route` on.
fn from_route(text: &str) -> String {
    let original = original(text);
    let start = original.find("route:").expect("a route is always shown");
    original[start..].to_owned()
}

const RICH: &str = r#"
global:
  resolve_timeout: 90m
  smtp_from: 'a@b.c'
  slack_api_url: https://hooks.example/hunter2
  opsgenie_api_url: https://foo.example/x
  mattermost_webhook_url: https://hooks.example/hunter2
route:
  receiver: "web hook: yes"
  group_by: [cluster, alertname]
  group_wait: 0s
  routes:
  - match: {b: yes, a: 2, n: , q: "it's"}
    match_re: {env: "produ.*", b: "x"}
    receiver: b
    continue: yes
    group_by: ['...']
  - matchers: ['{foo="bar", x=~"y z"}', '"a b"=c']
    group_interval: 24h
    repeat_interval: 100d
    routes:
    - receiver: "123"
      group_by: []
      matchers: []
receivers:
- name: "web hook: yes"
  labels: {team: x, "y": "no"}
  webhook_configs:
  - url: http://user:hunter2@localhost:9000/hunter2
  - url_file: /etc/hook
    max_alerts: 5
    timeout: 1m30s
    send_resolved: off
- name: b
- name: "123"
"#;

const RICH_FROM_ROUTE: &str = r#"route:
  receiver: 'web hook: yes'
  group_by:
  - cluster
  - alertname
  continue: false
  routes:
  - receiver: b
    group_by:
    - '...'
    match:
      a: "2"
      b: "yes"
      "n": ""
      q: it's
    match_re:
      b: x
      env: produ.*
    continue: true
  - matchers:
    - '"a b"="c"'
    - foo="bar"
    - x=~"y z"
    continue: false
    routes:
    - receiver: "123"
      continue: false
    group_interval: 1d
    repeat_interval: 100d
  group_wait: 0s
receivers:
- name: 'web hook: yes'
  labels:
    name: 'web hook: yes'
    team: x
    "y": "no"
  webhook_configs:
  - send_resolved: true
    http_config:
      follow_redirects: true
      enable_http2: true
    url: <secret>
    url_file: ""
    max_alerts: 0
    timeout: 0s
  - send_resolved: false
    http_config:
      follow_redirects: true
      enable_http2: true
    url_file: /etc/hook
    max_alerts: 5
    timeout: 1m30s
- name: b
  labels:
    name: b
- name: "123"
  labels:
    name: "123"
templates: []
"#;

const RICH_GLOBAL: &str = "\
global:
  resolve_timeout: 1h30m
  http_config:
    follow_redirects: true
    enable_http2: true
  smtp_from: a@b.c
  smtp_hello: localhost
  smtp_require_tls: true
  smtp_tls_config:
    insecure_skip_verify: false
  slack_api_url: <secret>
  slack_app_url: https://slack.com/api/chat.postMessage
  pagerduty_url: https://events.pagerduty.com/v2/enqueue
  opsgenie_api_url: https://foo.example/x
  wechat_api_url: https://qyapi.weixin.qq.com/cgi-bin/
  victorops_api_url: https://alert.victorops.com/integrations/generic/20131114/alert/
  telegram_api_url: https://api.telegram.org
  webex_api_url: https://webexapis.com/v1/messages
  rocketchat_api_url: https://open.rocket.chat/
  mattermost_webhook_url: <secret>
";

#[test]
fn routes_and_receivers_are_shown_as_alertmanager_shows_them() {
    assert_eq!(from_route(RICH), RICH_FROM_ROUTE);
}

#[test]
fn global_is_shown_with_all_defaults() {
    let original = original(RICH);
    assert!(
        original.starts_with(&format!("{RICH_GLOBAL}route:\n")),
        "{original}"
    );
}

#[test]
fn no_secret_is_shown() {
    assert!(!original(RICH).contains("hunter2"));
}

#[test]
fn what_is_shown_is_shown_again_when_it_is_loaded() {
    // The mask itself is refused as an address, so that only the receiver's URL is put back.
    let shown = original(RICH);
    let loadable = shown.replace(
        "url: <secret>\n    url_file: \"\"",
        "url: http://x.example/",
    );
    assert_eq!(original(&loadable), shown);
}

const ALL_ELSE: &str = r#"
route:
  receiver: a
  labels: {b10: "{{ .Status }}", b2: "y\nz"}
  routes: [{mute_time_intervals: [t], active_time_intervals: [u]}]
inhibit_rules: [~, {name: n, source_match: {a: b}, target_matchers: [c!=d], equal: [x]}]
templates: [x/*.tmpl]
time_intervals:
- name: t
  time_intervals:
  - {times: [{start_time: 09:00, end_time: 24:00}], weekdays: ['monday:friday', Sunday], location: Europe/Berlin}
  - {days_of_month: ['1:5', '-1'], months: ['may:august'], years: ['2026:2028']}
- name: u
receivers:
- name: a
  webhook_configs:
  - url: http://x/
    payload: {b: [1, 1e6, ~, [x]], a: {}}
    http_config:
      bearer_token: hunter2
      proxy_url: http://u:hunter2@p/
      tls_config: {ca_file: x, insecure_skip_verify: true}
"#;

/// A location makes the next item short: that is the library's slip, and ours with it.
const ALL_ELSE_FROM_ROUTE: &str = r#"route:
  receiver: a
  continue: false
  routes:
  - mute_time_intervals:
    - t
    active_time_intervals:
    - u
    continue: false
  labels:
    b2: |-
      y
      z
    b10: '{{ .Status }}'
inhibit_rules:
- {}
- name: "n"
  source_match:
    a: b
  target_matchers:
  - c!="d"
  equal:
  - x
receivers:
- name: a
  labels:
    name: a
  webhook_configs:
  - send_resolved: true
    http_config:
      authorization:
        type: Bearer
        credentials: <secret>
      tls_config:
        ca_file: x
        insecure_skip_verify: true
      follow_redirects: true
      enable_http2: true
      proxy_url: http://u:xxxxx@p/
    url: <secret>
    url_file: ""
    max_alerts: 0
    timeout: 0s
    payload:
      a: {}
      b:
      - 1
      - 1e+06
      - null
      - - x
templates:
- x/*.tmpl
time_intervals:
- name: t
  time_intervals:
  - times:
    - start_time: "09:00"
      end_time: "24:00"
    weekdays: ['monday:friday', sunday]
    location: Europe/Berlin
  - {days_of_month: ["1:5", "-1"], months: ["5:8"], years: ['2026:2028']}
- name: u
  time_intervals: []
"#;

#[test]
fn sections_of_every_kind_are_shown_as_alertmanager_shows_them() {
    assert_eq!(from_route(ALL_ELSE), ALL_ELSE_FROM_ROUTE);
}

#[test]
fn constants_of_a_payload_that_are_secret_are_masked() {
    let shown = original(
        "route: {receiver: a}
receivers:
- name: a
  webhook_configs:
  - url: http://x/
    payload:
      routing_key: hunter2
      Auth: {api_TOKEN: [hunter2, 12345]}
      password: !text hunter2
      secret: 'hunter2 {{ .Status }}'
      dedup_key: '{{ .Receiver }}'
      event_action: trigger
",
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("12345"),
        "{shown}"
    );
    assert!(shown.contains("routing_key: <secret>"), "{shown}");
    assert!(shown.contains("{{ .Receiver }}"), "{shown}");
    assert!(shown.contains("event_action: trigger"), "{shown}");
}
