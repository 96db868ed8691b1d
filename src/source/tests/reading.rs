//! Bodies in all forms, and templates that fail.

use super::*;

const TEXT: &str = "labels: {alertname: A, text: '{{ .text }}'}";

fn text_of(content_type: &str, body: &str) -> String {
    match read(TEXT, content_type, body) {
        Ok(read) => firing(&read)[0].labels.get("text").unwrap_or("").to_owned(),
        Err(fault) => fault,
    }
}

#[test]
fn a_body_is_read_for_what_it_is_and_not_for_what_its_type_says() {
    let json = r#"{"text": "x"}"#;
    for kind in [
        "application/json",
        "text/plain; charset=UTF-8",
        "",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(text_of(kind, json), "x", "{kind}");
    }
    assert_eq!(text_of("", "\u{feff} {\"text\": \"x\"}\n"), "x");
    assert_eq!(
        text_of("application/x-www-form-urlencoded", "text=a+b&other=1"),
        "a b"
    );
    assert_eq!(text_of("", "text=a"), "a");
    assert_eq!(
        text_of(
            "application/x-www-form-urlencoded",
            "payload=%7B%22text%22%3A%22x%22%7D"
        ),
        "x"
    );
    assert_eq!(
        text_of("application/x-www-form-urlencoded", "data=1&text=x"),
        "x"
    );
    assert_eq!(
        text_of("application/x-www-form-urlencoded", "rc=2 at db1"),
        "rc=2 at db1"
    );
    assert_eq!(text_of("text/plain", "a=b"), "a=b");
    assert_eq!(text_of("text/plain", "[FIRING:1] disk"), "[FIRING:1] disk");
    let form = "--X\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"text\": \"x\"}\r\n--X--\r\n";
    assert_eq!(text_of("multipart/form-data; boundary=X", form), "x");
}

#[test]
fn what_is_nothing_of_these_is_refused_with_a_reason() {
    for (kind, body, reason) in [
        (
            "application/json",
            "{\"text\": ",
            "the body is no JSON that can be used: EOF",
        ),
        (
            "text/plain",
            "{\"text\"",
            "the body is no JSON that can be used: EOF",
        ),
        (
            "application/json",
            "hello",
            "the body is no JSON object or list",
        ),
        (
            "application/json",
            "[1,",
            "the body is no JSON that can be used",
        ),
        ("", "", "the request has neither a body nor a query"),
        (
            "multipart/form-data; boundary=X",
            "{}",
            "the multipart body has no boundary --X",
        ),
    ] {
        let fault = read(TEXT, kind, body).expect_err(body);
        assert!(fault.starts_with(reason), "{body}: {fault}");
    }
    let headers = [];
    let body = b"\xff\xfe";
    let posted = Posted {
        query: "",
        headers: &headers,
        body,
    };
    let fault = source(TEXT).source.read(&posted, now());
    assert_eq!(
        fault,
        Err("the body is neither JSON nor a form nor a text in UTF-8".to_owned())
    );
}

#[test]
fn a_boundary_that_is_no_boundary_is_not_looked_for() {
    let kind = format!("multipart/form-data; boundary={}", "a".repeat(71));
    assert_eq!(
        read(TEXT, &kind, "--a"),
        Err("the boundary of the form has more than 70 bytes".to_owned())
    );
}

#[test]
fn a_request_without_a_body_is_its_query() {
    let posted = Posted {
        query: "text=a%20b&heartbeat=%7B%22status%22%3A1%7D&token=secret",
        headers: &[],
        body: b"",
    };
    let lines = "labels: {alertname: A, text: '{{ .text }}', n: '{{ .heartbeat.status }}', \
                 t: '{{ query \"token\" }}{{ .token }}', q: '{{ query \"text\" }}'}\n\
                 auth: {query: {parameter: token, token: secret}}";
    let read = source(lines).source.read(&posted, now()).expect("a query");
    assert_eq!(
        shown(&read),
        "firing - {alertname=\"A\", n=\"1\", q=\"a b\", text=\"a b\"}"
    );
}

#[test]
fn whole_numbers_are_ints_and_those_beyond_64_bits_keep_their_digits() {
    let lines = "labels: {alertname: A, a: '{{ if eq .a 1 }}yes{{ end }}', b: '{{ .b }}', c: '{{ .c }}', d: '{{ .d }}'}";
    let body = r#"{"a": 1.0, "b": 18446744073709551615, "c": -9223372036854775808, "d": 1.5}"#;
    let read = read(lines, "", body).expect("numbers");
    assert_eq!(
        shown(&read),
        "firing - {a=\"yes\", alertname=\"A\", b=\"18446744073709551615\", c=\"-9223372036854775808\", d=\"1.5\"}"
    );
}

#[test]
fn what_is_missing_is_empty_and_in_a_strict_source_refused() {
    let lines = "labels: {alertname: A, a: '{{ .a.b.c }}{{ index .l 3 }}{{ len .l }}{{ toUpper .x }}{{ printf \"%s\" .x }}'}";
    let lenient = read(lines, "", "{}").expect("an object");
    assert_eq!(shown(&lenient), "firing - {a=\"0\", alertname=\"A\"}");
    assert_eq!(lenient.faults, [""; 0]);
    let strict = read(&format!("{lines}\nstrict: true"), "", "{}").expect("an object");
    let reason = "refused 0 labels.a: template: :1: executing \"\" at <.a.b.c>: map has no entry for key \"a\"";
    assert_eq!(shown(&strict), reason);
}

#[test]
fn elements_are_a_list_in_the_body_or_the_body() {
    let lines =
        "labels: {alertname: '{{ .n }}', whole: '{{ (body).of }}'}\ndrop: '{{ eq .n \"b\" }}'";
    let list = r#"{"of": "x", "data": {"list": [{"n": "a"}, {"n": "b"}, {}, {"n": "c"}]}}"#;
    let read_list = read(&format!("{lines}\neach: /data/list"), "", list).expect("a list");
    assert_eq!(
        shown(&read_list),
        "firing - {alertname=\"a\", whole=\"x\"}\nfiring - {whole=\"x\"}\nfiring - {alertname=\"c\", whole=\"x\"}\ndropped 1"
    );
    let bare = read(lines, "", r#"[{"n": "a"}, {"n": "c"}]"#).expect("a list");
    assert_eq!(
        shown(&bare),
        "firing - {alertname=\"a\"}\nfiring - {alertname=\"c\"}"
    );
    for (body, reason) in [
        ("{}", "the body has no list at /data/list"),
        (
            r#"{"data": {"list": "x"}}"#,
            "at /data/list the body has a text and no list",
        ),
    ] {
        let fault = read(&format!("{lines}\neach: /data/list"), "", body);
        assert_eq!(fault, Err(reason.to_owned()));
    }
}

#[test]
fn good_elements_of_a_list_are_kept_and_others_refused_each_with_its_reason() {
    let lines = "status: '{{ .s }}'\nstarts_at: '{{ .t }}'\nlabels: {alertname: '{{ .n }}'}";
    let body = r#"[{"n": "a"}, {}, {"n": "b", "s": "maybe"}, {"n": "c", "t": "yesterday"}, {"n": "d", "t": "2026-11-29T10:00:00+01:00"}]"#;
    let read = read(lines, "", body).expect("a list");
    assert_eq!(
        shown(&read),
        "firing - {alertname=\"a\"}\nfiring - {alertname=\"d\"}\n\
         refused 1 the element has none of the fields that labels are made of\n\
         refused 2 the status is \"maybe\", and neither one that fires (firing, alerting, alarm, problem, triggered, \
         fired, open, down) nor one that has resolved (resolved, ok, recovered, recovery, closed, clear, up, inactive)\n\
         refused 3 starts_at is \"yesterday\", and no time such as 2026-01-31T12:00:00Z"
    );
}

#[test]
fn a_list_of_too_many_elements_is_refused() {
    let body = format!("[{}1]", "1,".repeat(99_999));
    assert_eq!(
        read(TEXT, "", &body),
        Err(
            "the body has a list of 100000 elements, and a source takes 10000 at a time".to_owned()
        )
    );
}

#[test]
fn a_body_that_nests_too_deep_or_grows_too_large_is_refused() {
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    let fault = read(TEXT, "application/json", &deep).expect_err("too deep");
    assert!(fault.contains("nest deeper than 64 levels"), "{fault}");
    let large = format!("[{}1]", "1,".repeat(2_000_000));
    let fault = read(TEXT, "application/json", &large).expect_err("too large");
    assert!(
        fault.contains("its values take more than 32 MiB"),
        "{fault}"
    );
}

#[test]
fn a_template_that_fails_keeps_the_alert_and_names_the_fault() {
    let lines = "labels: {alertname: '{{ index .list 7 }}', host: '{{ .host }}'}\nannotations: {summary: '{{ .s }}'}";
    let read = read(lines, "", r#"{"list": [], "host": "db1", "s": "full"}"#).expect("a body");
    assert_eq!(shown(&read), "firing - {alertname=\"s\", host=\"db1\"}");
    let annotations = annotations(&read);
    assert_eq!(annotations.get("summary"), Some("full"));
    let fault = annotations.get(FAULT_ANNOTATION).expect("an annotation");
    assert!(
        fault.starts_with("labels.alertname: template: :1: executing"),
        "{fault}"
    );
    assert_eq!(read.faults, [fault]);
}

#[test]
fn a_fault_in_what_has_resolved_refuses_the_element() {
    let lines = "status: resolved\nlabels: {alertname: '{{ index .list 7 }}'}";
    let faulty = read(lines, "", r#"{"list": []}"#).expect("a body");
    assert_eq!(faulty.reports, []);
    assert!(
        faulty.refused[0]
            .reason
            .starts_with("labels.alertname: template")
    );
    // With a key nobody needs the labels.
    let keyed = read(&format!("{lines}\nkey: k"), "", r#"{"list": []}"#).expect("a body");
    assert_eq!(shown(&keyed), "resolved k {}");
}

#[test]
fn a_template_that_loops_ends_and_so_do_those_of_all_elements() {
    let lines = "labels: {alertname: A}\nannotations: {a: '{{ range 9000000000 }}{{ end }}'}";
    let body = format!("[{}{{}}]", "{},".repeat(999));
    let read = read(lines, "", &body).expect("a list");
    assert_eq!(read.reports.len(), 1000);
    assert_eq!(read.faults.len(), 1000);
    assert!(
        read.faults[0].contains("more than 2000000 steps"),
        "{}",
        read.faults[0]
    );
}

#[test]
fn templates_that_copy_the_body_into_each_element_are_bounded() {
    let lines = "each: /list\nlabels: {alertname: A}\nannotations: {a: '{{ (body).big }}', b: '{{ len (toJson body) }}'}";
    let body = format!(
        r#"{{"big": "{}", "list": [{}1]}}"#,
        "x".repeat(1 << 20),
        "1,".repeat(999)
    );
    let read = read(lines, "", &body).expect("a list");
    let first = read.refused.first().expect("one too many");
    assert_eq!(first.index, 15);
    assert_eq!(
        first.reason,
        "the alerts of one body may have 16 MiB of text"
    );
    let bytes: usize = read.reports.iter().map(text_bytes).sum();
    assert!(bytes <= limits::SOURCE_REPORT_BYTES, "{bytes}");
    let last = read.faults.last().expect("the steps run out");
    assert!(last.contains("more than 2000000 steps"), "{last}");
}

#[test]
fn times_may_be_rfc_3339_or_printed_ones() {
    let lines = "labels: {alertname: A}\nstarts_at: '{{ fromEpoch .t }}'\nends_at: '{{ parseTime \"2006-01-02 15:04:05\" \"Europe/Berlin\" .e }}'";
    let read = read(
        lines,
        "",
        r#"{"t": 1796342400123, "e": "2026-12-04 02:00:00"}"#,
    )
    .expect("times");
    let alert = firing(&read)[0];
    assert_eq!(alert.starts_at, "2026-12-04T00:00:00.123Z".parse().ok());
    assert_eq!(alert.ends_at, "2026-12-04T01:00:00Z".parse().ok());
}

#[test]
fn times_come_near_to_rfc_3339_and_are_in_utc_without_a_zone() {
    let lines = "labels: {alertname: A}\nstarts_at: '{{ .t }}'";
    for written in [
        "2026-11-29T10:00:00.5Z",
        "2026-11-29T11:00:00.5+01:00",
        "2026-11-29T11:00:00.500+0100",
        "2026-11-29 10:00:00.5",
        "2026-11-29T10:00:00.5000000",
        "2026-11-29 10:00:00.5 +0000 UTC",
        "1795946400.5",
        "1795946400500",
    ] {
        let read = read(lines, "", &format!(r#"{{"t": "{written}"}}"#)).expect(written);
        let time = firing(&read).first().and_then(|alert| alert.starts_at);
        assert_eq!(time, "2026-11-29T10:00:00.5Z".parse().ok(), "{written}");
    }
}

#[test]
fn labels_that_break_the_rules_are_refused() {
    let lines = "labels_from: ['']\nlabels: {alertname: A}";
    let read = read(lines, "", &format!(r#"{{"a": "{}"}}"#, "x".repeat(2 << 20))).expect("a body");
    assert!(read.refused[0].reason.starts_with("label set too large"));
    let named = self::read(lines, "", r#"{"": "x"}"#).expect("a body");
    assert_eq!(shown(&named), "refused 0 \"\" is no name of a label");
}

#[test]
fn an_annotation_with_a_name_that_none_may_have_is_left_out() {
    let lines = "labels: {alertname: A}\nannotations_from: ['']";
    let read = read(lines, "", r#"{"": "x", "free space": "1%"}"#).expect("a body");
    assert_eq!(
        annotations(&read),
        Labels::from_pairs([("free space", "1%")])
    );
}
