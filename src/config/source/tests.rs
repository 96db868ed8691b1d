//! Stories of the section `sources`.

use super::*;
use crate::config::{Config, Loaded, Secret, built_in, demo, parse as parse_file};
use crate::model::ParserMode;

fn load(sources: &str) -> Result<Loaded, Vec<String>> {
    let text = format!("route: {{receiver: r}}\nreceivers: [{{name: r}}]\nsources:\n{sources}\n");
    parse_file("a.yml", &text, ParserMode::default()).map_err(|faults| {
        let faults = faults.faults.iter();
        faults.map(ToString::to_string).collect()
    })
}

fn config(sources: &str) -> Config {
    load(sources)
        .unwrap_or_else(|faults| panic!("{faults:?}"))
        .config
}

fn faults(sources: &str) -> Vec<String> {
    load(sources).expect_err("a fault")
}

fn warnings(sources: &str) -> Vec<String> {
    load(sources)
        .unwrap_or_else(|faults| panic!("{faults:?}"))
        .warnings
}

#[test]
fn every_preset_can_be_used_without_a_warning() {
    for preset in Preset::ALL {
        let sources = format!("- {{name: a, preset: {}}}", preset.name);
        assert_eq!(warnings(&sources), [""; 0], "{}", preset.name);
    }
}

#[test]
fn the_built_in_configurations_take_simple_alerts() {
    for config in [built_in(), demo()] {
        let kinds: Vec<_> = config.sources.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [SourceKind::Simple]);
    }
}

#[test]
fn a_line_of_the_source_goes_before_its_preset() {
    let config = config(
        "- name: a\n  preset: pagerduty\n  ttl: 2h\n  labels: {alertname: PagerDuty, component: ''}\n  key: ''",
    );
    let settings = config.sources[0].source.settings();
    assert_eq!(settings.protocol, Protocol::PagerDuty);
    assert_eq!(settings.ttl.as_ref().map(SourceText::source), Some("2h"));
    assert!(settings.key.is_none());
    let labels: Vec<_> = settings
        .labels
        .iter()
        .map(|(name, text)| (&**name, text.source()))
        .collect();
    assert_eq!(
        labels,
        [
            ("severity", "{{ .payload.severity }}"),
            ("source", "{{ .payload.source }}"),
            ("group", "{{ .payload.group }}"),
            ("alertname", "PagerDuty"),
        ]
    );
}

#[test]
fn names_are_parts_of_paths_and_unique() {
    assert_eq!(
        faults(
            "- {preset: generic}\n- {name: a/b, preset: generic}\n- {name: c, preset: generic}\n- {name: c, preset: generic}"
        ),
        [
            "a.yml:4: sources[0]: missing name in source; write a name of letters, digits, dots, dashes and underscores, such as grafana",
            "a.yml:5: sources[1].name: source name \"a/b\" cannot be a part of a path; write a name of letters, digits, dots, dashes and underscores, such as grafana",
            "a.yml:7: sources[3].name: source name \"c\" is not unique; give it a name of its own",
        ]
    );
}

/// A source with these lines has this fault alone.
fn assert_told(lines: &str, fault: &str) {
    let told = faults(&format!("- name: a\n  {lines}"));
    assert!(
        told.len() == 1 && told[0].contains(fault),
        "{lines}: {told:?}"
    );
}

#[test]
fn mistakes_are_told_with_their_lines() {
    for (lines, fault) in [
        (
            "preset: alertmanger",
            "sources[0].preset: unknown preset \"alertmanger\"; did you mean alertmanager?",
        ),
        (
            "type: hook",
            "sources[0].type: unknown type of a source \"hook\"; write webhook or simple",
        ),
        (
            "protocol: x",
            "sources[0].protocol: unknown protocol \"x\"; write pagerduty, netdata-cloud, cloudevents or sns",
        ),
        (
            "each: alerts",
            "sources[0].each: \"alerts\" is no JSON pointer; write one such as /alerts or /data/items",
        ),
        (
            "labels_from: [labels]",
            "sources[0].labels_from[0]: \"labels\" is no JSON pointer; write one such as /alerts or /data/items",
        ),
        (
            "ttl: soon",
            "sources[0].ttl: not a valid duration string: \"soon\"; write a number with a unit, such as 12h, or 0s for no bound",
        ),
        (
            "status: '{{ .a '",
            "sources[0].status: template: :1: unclosed action; put the template right",
        ),
        (
            "labels: {a: '{{ nofunc }}'}",
            "sources[0].labels.a: template: :1: function \"nofunc\" not defined; put the template right",
        ),
        (
            "labels: {a: '{{ template \"x\" }}'}",
            "sources[0].labels.a: template: :1: executing \"\" at <{{template \"x\"}}>: template \"x\" not defined; put the template right",
        ),
        (
            "labels: {'': x}",
            "sources[0].labels: invalid name \"\" in labels; use letters, digits and _",
        ),
        (
            "lable: {}",
            "sources[0].lable: field lable not found in a source; did you mean labels?",
        ),
    ] {
        assert_told(lines, fault);
    }
}

#[test]
fn mistakes_in_what_a_request_needs_are_told_and_no_secret_is() {
    for (lines, fault) in [
        (
            "auth: {bearer: a, bearer_file: b}",
            "sources[0].auth.bearer_file: at most one of bearer & bearer_file must be configured; remove one of the two",
        ),
        (
            "auth: {bearer: a, basic: {password: b}}",
            "sources[0].auth.basic: bearer and basic both take the header Authorization; remove one of the two",
        ),
        (
            "auth: {query: {parameter: t}}",
            "sources[0].auth.query: a token in the query has no token; write token or token_file",
        ),
        (
            "auth: {hmac: {secret: a}}",
            "sources[0].auth.hmac: a signature has no scheme; write grafana, sentry, github or standard-webhooks",
        ),
        (
            "auth: {hmac: {secret: a, scheme: md5}}",
            "sources[0].auth.hmac.scheme: unknown scheme of a signature \"md5\"; write grafana, sentry, github or standard-webhooks",
        ),
    ] {
        assert_told(lines, fault);
    }
}

#[test]
fn a_simple_source_has_no_templates_and_there_is_one() {
    let told =
        faults("- {type: simple, labels: {a: b}, ttl: '{{ .x }}'}\n- {name: b, type: simple}");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].contains("a source of type simple has no labels"),
        "{told:?}"
    );
    assert!(
        told[1].contains("the ttl of a source of type simple is no template"),
        "{told:?}"
    );
    assert!(
        told[2].contains("there is more than one source of type simple"),
        "{told:?}"
    );
}

#[test]
fn auth_has_all_that_is_given() {
    let config = config(
        "- name: a\n  preset: generic\n  auth:\n    basic: {username: u, password_file: p}\n    query: {token: t}\n    \
         hmac: {scheme: grafana, secret: s, timestamp_header: X-Time, tolerance: 1m}\n    client_names: [host]\n    \
         routing_key: k\n    challenge_secret_file: c\n    sns: {topics: [arn], confirm: true}",
    );
    let auth = &config.sources[0].auth;
    assert_eq!(auth.basic, Some(("u".into(), Secret::File("p".into()))));
    let query = QueryToken {
        parameter: "token".into(),
        token: Secret::Inline("t".into()),
    };
    assert_eq!(auth.query, Some(query));
    let hmac = auth.hmac.as_ref().expect("a signature");
    assert_eq!(hmac.header, "x-grafana-alerting-signature");
    assert_eq!(hmac.timestamp_header.as_deref(), Some("x-time"));
    assert_eq!(hmac.tolerance.as_secs(), 60);
    assert_eq!(
        auth.sns,
        SnsSettings {
            topics: vec!["arn".into()],
            confirms: true
        }
    );
    assert_eq!(auth.client_names, ["host"]);
    assert_eq!(
        config.sources[0]
            .source
            .settings()
            .secret_parameter
            .as_deref(),
        Some("token")
    );
}

#[test]
fn the_status_shows_sources_in_comments_and_no_secret() {
    let config = config(
        "- name: a\n  preset: generic\n  labels: {team: web}\n  auth: {bearer: s3cret, query: {token: s3cret}, hmac: {scheme: github, secret: s3cret}, routing_key: s3cret, challenge_secret: s3cret}",
    );
    assert!(!config.original.contains("s3cret"), "{}", config.original);
    let own = config
        .original
        .lines()
        .filter(|line| line.starts_with("# "));
    let own: Vec<_> = own.collect();
    assert_eq!(
        own[..4],
        [
            "# sources:",
            "# - name: a",
            "#   preset: generic",
            "#   labels:"
        ]
    );
    let again = parse_file("b.yml", &config.original, ParserMode::default());
    let again = again.expect("what is shown can be loaded").config;
    assert!(again.sources.is_empty(), "amtool must be able to read it");
}

#[test]
fn an_alert_that_nothing_ends_is_warned_of() {
    let told = warnings("- {name: a, labels: {alertname: A}}");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("nothing resolves the alerts of this source"),
        "{told:?}"
    );
    assert!(!warnings("- {name: a, labels: {alertname: A}, status: firing, ttl: 0s}").is_empty());
    for lines in ["ttl: 1h", "status: '{{ .s }}'", "ends_at: '{{ .e }}'"] {
        let sources = format!("- {{name: a, labels: {{alertname: A}}, {lines}}}");
        assert_eq!(warnings(&sources), [""; 0], "{lines}");
    }
}

#[test]
fn a_key_that_changes_on_recovery_is_warned_of() {
    let told = warnings("- {name: a, preset: netdata-cloud, key: '{{ .alert }}-{{ .severity }}'}");
    let wanted = "a.yml:4: sources[0].key: the key differs between firing (ram_in_use-critical) and resolved \
                  (ram_in_use-clear), so nothing resolves the alert";
    assert!(told.iter().any(|warning| warning == wanted), "{told:?}");
}

#[test]
fn a_label_that_changes_on_recovery_is_warned_of_where_there_is_no_key() {
    let told = warnings("- {name: a, preset: netdata-cloud, key: ''}");
    let wanted = "the label severity differs between firing and resolved, so without a key nothing resolves the alert";
    assert!(
        told.iter().any(|warning| warning.ends_with(wanted)),
        "{told:?}"
    );
}

#[test]
fn a_status_that_never_resolves_is_warned_of() {
    let told = warnings("- {name: a, preset: oncall, status: '{{ .missing }}'}");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("the status never says resolved"),
        "{told:?}"
    );
    let told = warnings("- {name: a, preset: oncall, status: '{{ .title }}'}");
    assert!(
        told[0].contains("refuses the request \"firing\" of the preset: the status is"),
        "{told:?}"
    );
}

#[test]
fn a_template_that_fails_on_data_is_warned_of_with_its_line() {
    let told = warnings(
        "- name: a\n  status: '{{ .s }}'\n  labels:\n    alertname: A\n    n: '{{ if gt .n 5 }}many{{ end }}'",
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with(
            "a.yml:8: sources[0].labels.n: fails on an empty object: template: :1: executing"
        ),
        "{told:?}"
    );
    let told =
        warnings("- name: a\n  preset: oncall\n  annotations: {x: '{{ index .title 999 }}'}");
    assert!(
        told[0].contains("sources[0].annotations.x: fails on the request \"firing\" of the preset"),
        "{told:?}"
    );
    let told = warnings(
        "- {name: a, each: /x~1y/z, status: '{{ .s }}', labels: {alertname: A, n: '{{ gt .n 5 }}'}}",
    );
    assert!(
        told[0].contains("labels.n: fails on an empty object"),
        "{told:?}"
    );
    // What is missing in an empty object is what a strict source is for.
    let strict = "- {name: a, strict: true, status: '{{ .s }}', labels: {alertname: '{{ .n }}'}}";
    assert_eq!(warnings(strict), [""; 0]);
}
