//! Tests of functions that amtool 0.33.1 lacks, of limits, and of checks of a configuration's texts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::check::{TextKind, check_text};
use super::{data, now, rendered};
use crate::config::parse_rendered;
use crate::template::{Payload, TemplateFile, Templates};

fn fault(text: &str) -> String {
    rendered(text).expect_err(text).text
}

#[test]
fn functions_of_newer_alertmanagers_are_there() {
    for (text, expected) in [
        (
            r#"{{ toDate "2006-01-02" "2026-03-05" }}"#,
            "2026-03-05 00:00:00 +0000 UTC",
        ),
        (
            r#"{{ toDate "2006-01-02" "nonsense" }}"#,
            "0001-01-01 00:00:00 +0000 UTC",
        ),
        (
            r#"{{ (mustToDate "15:04 -0700 2006" "16:07 +0100 2026").UTC.Hour }}"#,
            "15",
        ),
        (r#"{{ base64encode "a?>~é" }}"#, "YT8-fsOp"),
        (r#"{{ base64decode "YT8-fsOp" }}"#, "a?>~é"),
        (
            r#"{{ routeLabels "team" }}{{ .RouteLabels.team }}"#,
            "shopshop",
        ),
        (r#"{{ routeLabels "none" }}"#, ""),
        (
            "{{ (index .Alerts 0).StartsAt | since | humanizeDuration }}",
            "7h 52m 50s",
        ),
        ("{{ now }}", "2026-03-06 00:00:00 +0000 UTC"),
        (
            r#"{{ .CommonLabels.Names.Join "," }} {{ .CommonLabels.Values.Join "+" }}"#,
            "alertname,severity DiskFull+page",
        ),
        (
            r#"{{ .CommonLabels.SortedPairs.Values.Join "" }}"#,
            "DiskFullpage",
        ),
    ] {
        assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
    }
    let told = fault(r#"{{ mustToDate "2006" "x" }}"#);
    assert!(
        told.contains("error calling mustToDate: parsing time"),
        "{told}"
    );
    assert!(fault(r#"{{ base64decode "***" }}"#).ends_with("at input byte 0"));
}

#[test]
fn later_files_win_over_earlier_ones_and_over_what_is_built_in() {
    let file = |name: &str, text: &str| TemplateFile {
        path: PathBuf::from(name),
        text: text.to_owned(),
    };
    let templates = Templates::compile(&[
        file(
            "a.tmpl",
            r#"{{ define "x" }}a{{ end }}{{ define "y" }}a{{ end }}"#,
        ),
        file(
            "b.tmpl",
            r#"{{ define "x" }}b{{ end }}{{ define "y" }} {{ end }}bare"#,
        ),
        file("c.tmpl", r#"{{ define "__subject" }}ours{{ end }}"#),
    ])
    .expect("sound files");
    let text = r#"{{ template "x" }}{{ template "y" }} {{ template "__subject" }} {{ template "b.tmpl" }}"#;
    let rendered = templates.render_text(text, &data(), now());
    assert_eq!(rendered.as_deref(), Ok("ba ours bare"));
}

#[test]
fn a_faulty_file_is_told_with_its_line() {
    let text = "line one\n{{ nofunc }}".to_owned();
    let path = PathBuf::from("a.tmpl");
    let fault = Templates::compile(&[TemplateFile { path, text }]).expect_err("no such function");
    assert_eq!(
        fault.to_string(),
        "a.tmpl:2: function \"nofunc\" not defined"
    );
}

#[test]
fn no_template_runs_for_ever_or_fills_the_memory() {
    let recursive = r#"{{ define "r" }}{{ template "r" }}{{ end }}{{ template "r" }}"#;
    assert!(fault(recursive).contains("maximum template depth"));
    assert!(fault("{{ range 9000000000 }}{{ end }}").contains("more than 2000000 steps"));
    let doubling = r#"{{ $x := "0123456789" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}"#;
    assert!(fault(doubling).contains("grows past 16 MiB"));
    let padding = r#"{{ range 60 }}{{ printf "%9999999d" 1 }}{{ end }}"#;
    assert!(fault(padding).contains("grows past 16 MiB"));
    let replaced = r#"{{ $x := "aaaaaaaaaa" }}{{ range 60 }}{{ $x = reReplaceAll "a" "$0$0$0$0$0$0$0$0$0$0" $x }}{{ end }}"#;
    assert!(fault(replaced).contains("grows"));
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(60), ")".repeat(60));
    assert_eq!(rendered(&nested).as_deref(), Ok("1"));
    let deep = format!("{}x{}", "{{if 1}}".repeat(60), "{{end}}".repeat(60));
    assert_eq!(rendered(&deep).as_deref(), Ok("x"));
}

#[test]
fn what_a_rendering_holds_at_once_is_bounded() {
    let large = r#"{{ $x := printf "%1000000d" 1 }}"#;
    let list = format!(
        "{large}{{{{ $l := list }}}}{{{{ range 100 }}}}{{{{ $l = append $l $x }}}}{{{{ end }}}}"
    );
    assert!(fault(&list).contains("more than 32 MiB"));
    let doubling = r#"{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}"#;
    assert!(fault(doubling).contains("takes more than 32 MiB"));
    let dots = format!(
        r#"{large}{{{{ define "r" }}}}{{{{ template "r" (print . "x") }}}}{{{{ end }}}}{{{{ template "r" $x }}}}"#
    );
    assert!(fault(&dots).contains("dots and variables take more than 32 MiB"));
    // Dropped values no longer count.
    let turns = format!("{large}{{{{ range 100 }}}}{{{{ $y := print $x 1 }}}}{{{{ end }}}}x");
    assert_eq!(rendered(&turns).as_deref(), Ok("x"));
    let nested = "{{ $l := list }}{{ range 100000 }}{{ $l = list $l }}{{ end }}";
    assert!(fault(nested).contains("nest deeper than 64 levels"));
}

#[test]
fn a_template_may_call_itself_for_each_of_many_items() {
    let count_down =
        r#"{{ define "r" }}{{ if . }}{{ len . }},{{ template "r" (slice . 1) }}{{ end }}{{ end }}"#;
    let items = "1 ".repeat(200);
    let text = format!(r#"{count_down}{{{{ template "r" (list {items}) }}}}"#);
    let expected: String = (1..=200).rev().map(|number| format!("{number},")).collect();
    assert_eq!(rendered(&text), Ok(expected));
    // Variables, the line and the name of the caller are there again behind the call.
    let text = concat!(
        r#"{{ define "r" }}{{ $x := 7 }}{{ range . }}{{ break }}{{ end }}{{ end }}"#,
        "{{ $x := 1 }}{{ with list 5 }}{{ template \"r\" . }}{{ $x }}{{ end }}\n{{ index (list) $x }}"
    );
    let told = fault(text);
    assert!(
        told.starts_with("template: :2: executing \"\" at <index (list) $x>"),
        "{told}"
    );
}

/// The stack that send threads have is enough for whatever stays on it.
#[test]
fn the_deepest_templates_fit_on_the_stack_of_a_worker() {
    let parentheses = |inner: &str| {
        let depth = crate::limits::TEMPLATE_PARENTHESES - 1;
        format!(
            "{{{{ {}{inner}{} }}}}",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    };
    let calls = r#"{{ define "r" }}{{ if . }}{{ template "r" (len (slice "xxxxxxxxxx" 1)) }}{{ end }}{{ end }}{{ template "r" 1 }}"#;
    let list = "{{ $l := list }}{{ range 60 }}{{ $l = list $l }}{{ end }}{{ toJson $l }}{{ $l }}";
    let labels = (0..8)
        .map(|number| {
            (
                format!("l{number}"),
                parentheses(&format!("routeLabels \"l{}\"", number + 1)),
            )
        })
        .collect();
    let parentheses = parentheses("1");
    let (sender, results) = crossbeam_channel::bounded(1);
    let work = move || {
        let results = [calls, list, &parentheses].map(rendered);
        let labels = Templates::default().render_route_labels(&labels, &data(), now());
        let _ = sender.send((results, labels.faults.len()));
    };
    crate::threads::spawn("deep", crate::threads::WORKER_STACK, work).expect("a thread");
    let ([calls, list, parentheses], faults) = results.recv().expect("the thread lives");
    assert!(
        calls
            .expect_err("endless")
            .text
            .contains("maximum template depth")
    );
    assert_eq!(list.map(|text| text.len()), Ok(4 * 61));
    assert_eq!(parentheses.as_deref(), Ok("1"));
    // Together they are too deep, and the first asks for all others.
    assert!(faults > 0);
}

#[test]
fn the_labels_of_a_route_may_ask_for_one_another_but_not_in_circles() {
    let texts: BTreeMap<String, String> = [
        ("team", "{{ .CommonLabels.severity }}-team"),
        (
            "link",
            r#"http://wiki/{{ routeLabels "team" }}/{{ routeLabels "none" }}"#,
        ),
        ("reason", "{{ .NotificationReason }}"),
        ("a", r#"{{ routeLabels "b" }}"#),
        ("b", r#"{{ routeLabels "a" }}"#),
        ("typo", "{{ .Typo }}"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .collect();
    let rendered = Templates::default().render_route_labels(&texts, &data(), now());
    let labels: Vec<_> = rendered.labels.iter().collect();
    assert_eq!(
        labels,
        [
            ("link", "http://wiki/page-team/"),
            ("reason", "unknown"),
            ("team", "page-team")
        ]
    );
    let faulty: Vec<_> = rendered
        .faults
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(faulty, ["a", "b", "typo"]);
    let cycle = &rendered.faults[0].1.text;
    assert!(
        cycle.contains("route label cycle detected: a -> b -> a"),
        "{cycle}"
    );
}

#[test]
fn what_a_payload_renders_is_read_as_yaml() {
    let text = |text: &str| Payload::Text(text.to_owned());
    let payload = Payload::Map(vec![
        ("{{ .Status }}".to_owned(), text("{{ len .Alerts }}")),
        (
            "list".to_owned(),
            Payload::List(vec![text("a: {{ .Status }}"), text("<b>")]),
        ),
        ("yes".to_owned(), text("yes")),
        ("empty".to_owned(), text("{{ .CommonLabels.none }}")),
        ("quoted".to_owned(), text("\"{{ .Status }}\"")),
        ("nested".to_owned(), text("{{ toJson .GroupLabels }}")),
        ("number".to_owned(), Payload::Float(1.5)),
        ("nothing".to_owned(), Payload::Null),
    ]);
    let body = Templates::default()
        .render_payload(&payload, &data(), now(), parse_rendered)
        .expect("a body");
    assert_eq!(
        String::from_utf8(body).expect("text"),
        concat!(
            r#"{"empty":null,"firing":2,"list":[{"a":"firing"},"\u003cb\u003e"],"#,
            r#""nested":{"alertname":"DiskFull"},"nothing":null,"number":1.5,"#,
            r#""quoted":"\"firing\"","yes":true}"#,
            "\n"
        )
    );
    let data_as_template = Payload::Text(r#"["{{ "{{ .Typo }}" }}"]"#.to_owned());
    let body =
        Templates::default().render_payload(&data_as_template, &data(), now(), parse_rendered);
    assert_eq!(
        body,
        Ok(b"[\"{{ .Typo }}\"]\n".to_vec()),
        "data must not run"
    );
}

#[test]
fn a_text_that_is_marked_stays_one_whatever_it_looks_like() {
    let payload = Payload::List(vec![
        Payload::PlainText("{{ .Status }}: {{ .CommonLabels.severity }}".to_owned()),
        Payload::PlainText("{{ len .Alerts }}".to_owned()),
        Payload::PlainText("{{ .CommonLabels.none }}".to_owned()),
    ]);
    let body = Templates::default().render_payload(&payload, &data(), now(), parse_rendered);
    assert_eq!(body, Ok(b"[\"firing: page\",\"2\",\"\"]\n".to_vec()));
}

#[test]
fn a_check_finds_what_no_data_can_mend_and_nothing_else() {
    let check = |text: &str, kind| check_text(&Templates::default(), text, kind);
    for text in [
        "{{ .Typo }}",
        "{{ range .Alerts }}{{ .Label }}{{ end }}",
        r#"{{ if eq .Status "resolved" }}{{ template "none" }}{{ end }}"#,
        "{{ toUpper 1 }}",
        "{{ if }}",
        r#"{{ define "r" }}{{ template "r" }}{{ end }}{{ template "r" }}"#,
    ] {
        assert!(check(text, TextKind::Other).is_err(), "{text}");
    }
    for text in [
        "plain",
        "{{ humanizeDuration .CommonLabels.seconds }}",
        "{{ (index .Alerts 5).Status }}",
        r#"{{ template "__subject" . }}"#,
    ] {
        assert_eq!(check(text, TextKind::Other), Ok(()), "{text}");
    }
    let url = "http://host/{{ toUpper .Receiver }}";
    assert_eq!(check(url, TextKind::Other), Ok(()));
    let fault = check(url, TextKind::Url).expect_err("no function of Go's");
    assert!(fault.starts_with("invalid template syntax: "), "{fault}");
    assert_eq!(
        check("http://host/{{ urlquery .Receiver }}", TextKind::Url),
        Ok(())
    );
}
