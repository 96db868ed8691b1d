//! Texts of payloads that are marked as such, and those that a warning is about because they are not.

use super::*;
use crate::limits::CONFIG_FAULTS;
use crate::template::Payload;

/// The warnings of a webhook with this payload.
fn warnings(payload: &str) -> Vec<String> {
    let text = format!(
        "route: {{receiver: a, group_by: [cluster]}}\n\
         receivers:\n- name: a\n  webhook_configs:\n  - url: http://x.example/\n    payload:\n      {payload}\n"
    );
    loaded(&text).warnings
}

#[test]
fn a_text_that_may_become_something_else_is_warned_of() {
    for (payload, place, becomes) in [
        (
            "text: '{{ .Status }}: {{ .CommonAnnotations.summary }}'",
            "text",
            r#"a map where it renders to "firing: a sample""#,
        ),
        (
            "text: '{{ .CommonAnnotations.summary }}'",
            "text",
            r#"a map where it renders to "95% full: /var""#,
        ),
        (
            "list: [{a: '{{ range .Alerts }}{{ .Annotations.description }}{{ break }}{{ end }}'}]",
            "list[0].a",
            r#"a boolean where it renders to "no""#,
        ),
        (
            "text: '- {{ .CommonAnnotations.summary }}'",
            "text",
            r#"a list where it renders to "- a sample""#,
        ),
        (
            "severity: '{{ .CommonLabels.severity }}'",
            "severity",
            r#"null where it renders to """#,
        ),
        (
            "text: 'Overview: see the dashboard'",
            "text",
            r#"a map where it renders to "Overview: see the dashboard""#,
        ),
    ] {
        let expected = format!(
            "f.yml:7: receivers[0].webhook_configs[0].payload.{place}: becomes {becomes}; to send a \
             text in any case, write !text before it"
        );
        assert_eq!(warnings(payload), [expected], "{payload}");
    }
}

#[test]
fn the_warnings_of_a_large_file_end_somewhere() {
    let texts = "'{{ .CommonAnnotations.summary }}', ".repeat(100);
    assert_eq!(warnings(&format!("texts: [{texts}]")).len(), CONFIG_FAULTS);
}

#[test]
fn a_text_that_stays_what_it_seems_to_be_is_not_warned_of() {
    for payload in [
        "text: !text '{{ .Status }}: {{ .CommonAnnotations.summary }}'",
        "text: '[{{ .Status | toUpper }}]: {{ .CommonAnnotations.summary }}'",
        "text: 'Alert {{ .CommonLabels.alertname }} is {{ .Status }}'",
        "color: '#ff0000'",
        "count: '{{ len .Alerts }}'",
        "is_over: '{{ eq .Status \"resolved\" }}'",
        "cluster: '{{ .GroupLabels.cluster }}'",
        "labels: '{{ toJson .CommonLabels }}'",
        "blocks: '[{{ range $i, $a := .Alerts }}{{ if $i }},{{ end }}{{ toJson $a.Labels }}{{ end }}]'",
        "maybe: '{{ if eq .Status \"firing\" }}{a: 1}{{ end }}'",
        "flag: yes",
        "nothing: ''",
        "number: 5",
    ] {
        assert_eq!(warnings(payload), [""; 0], "{payload}");
    }
}

#[test]
fn a_marked_text_is_shown_with_its_mark_and_read_back() {
    let text = "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs:\n  \
         - url: http://x.example/\n    payload:\n      \
         a: !text 'x: {{ .Status }}'\n      b: [!text '5', !text '', !text \"x\\ny: z\"]\n";
    let config = config(text);
    let marked = |text: &str| Payload::PlainText(text.into());
    let expected = Payload::Map(vec![
        ("a".into(), marked("x: {{ .Status }}")),
        (
            "b".into(),
            Payload::List(vec![marked("5"), marked(""), marked("x\ny: z")]),
        ),
    ]);
    let payload = |config: &Config| config.receivers[0].webhooks[0].payload.clone();
    assert_eq!(payload(&config).as_deref(), Some(&expected));
    let shown = config.original.clone();
    assert!(shown.contains("a: !text 'x: {{ .Status }}'"), "{shown}");
    let again = super::config(&shown.replace("<secret>", "http://x.example/"));
    assert_eq!(payload(&again).as_deref(), Some(&expected));
}
