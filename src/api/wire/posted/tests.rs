//! Tests of accepted and rejected bodies. The vectors were tried on Alertmanager.

use super::*;

fn read(body: &str) -> Result<Vec<PostedAlert>, BodyError> {
    posted_alerts(body.as_bytes(), ParserMode::Fallback)
}

/// The only alert of a body.
fn one(body: &str) -> PostedAlert {
    let mut alerts = read(body).expect(body);
    assert_eq!(alerts.len(), 1, "{body}");
    alerts.remove(0)
}

fn pairs(labels: &Labels) -> Vec<(&str, &str)> {
    labels.iter().collect()
}

fn malformed(body: &str) -> String {
    match read(body) {
        Err(BodyError::Malformed(because)) => because,
        other => panic!("{body}: {other:?}"),
    }
}

fn invalid(body: &str) -> (u16, String) {
    match read(body) {
        Err(BodyError::Invalid { code, message }) => (code, message),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_whole_alert_is_read_and_unknown_fields_are_not() {
    let alert = one(
        r#"[{"labels":{"b":"1","a":"ü\n"},"annotations":{"e":"","z":"\u0041"},"startsAt":"2026-01-01T00:00:00Z",
            "endsAt":"2026-01-02","generatorURL":"http://x/y","status":{"state":["x",{}]},"fingerprint":1}]"#,
    );
    assert_eq!(pairs(&alert.labels), [("a", "ü\n"), ("b", "1")]);
    assert_eq!(pairs(&alert.annotations), [("e", ""), ("z", "A")]);
    assert_eq!(
        alert.starts_at,
        Some("2026-01-01T00:00:00Z".parse().expect("a time"))
    );
    assert_eq!(
        alert.ends_at,
        Some("2026-01-02T00:00:00Z".parse().expect("a time"))
    );
    assert_eq!(&*alert.generator_url, "http://x/y");
    assert_eq!(alert.fault, None);
}

#[test]
fn nothing_may_be_posted_but_not_no_body() {
    assert_eq!(read("[]"), Ok(Vec::new()));
    assert_eq!(read("null"), Ok(Vec::new()));
    let required = (602, "alerts in body is required".to_owned());
    assert_eq!(invalid(""), required);
    assert_eq!(invalid(" \r\n"), required);
}

#[test]
fn only_the_first_value_is_read() {
    for tail in [" trailing", "[1", "]", "\0"] {
        one(&format!(r#"[{{"labels":{{"a":"b"}}}}]{tail}"#));
    }
}

#[test]
fn names_of_fields_do_not_mind_case_and_repeated_maps_add_up() {
    let alert = one(r#"[{"LABELS":{"a":"1","b":"2"},"labels":{"a":"3"},"StartsAt":""}]"#);
    assert_eq!(pairs(&alert.labels), [("a", "3"), ("b", "2")]);
    assert_eq!(alert.starts_at, Some(Wall::UNIX_EPOCH));
}

#[test]
fn null_leaves_times_empties_texts_and_takes_maps_away() {
    let alert = one(
        r#"[{"labels":{"a":"b","n":null},"annotations":{"x":"y"},"annotations":null,
            "startsAt":"2026-01-01","startsAt":null,"endsAt":null,"generatorURL":"http://a","generatorURL":null}]"#,
    );
    assert_eq!(pairs(&alert.labels), [("a", "b")]);
    assert!(alert.annotations.is_empty());
    assert!(alert.starts_at.is_some());
    assert_eq!(alert.ends_at, None);
    assert_eq!(&*alert.generator_url, "");
    let required = (602, "0.labels in body is required".to_owned());
    assert_eq!(invalid(r#"[{"labels":{"a":"b"},"labels":null}]"#), required);
}

#[test]
fn empty_values_of_labels_go_and_the_last_of_a_name_counts() {
    let alert =
        one(r#"[{"labels":{"a":"","b":"1","b":"","c":"","c":"2"},"annotations":{"a":""}}]"#);
    assert_eq!(pairs(&alert.labels), [("c", "2")]);
    assert_eq!(pairs(&alert.annotations), [("a", "")]);
}

#[test]
fn the_zero_time_is_no_time() {
    let alert = one(r#"[{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00.000Z"}]"#);
    assert_eq!(alert.starts_at, None);
}

#[test]
fn bad_labels_are_noted_and_do_not_stop_the_batch() {
    let faults: Vec<Option<String>> = read(
        r#"[{"labels":{}},{"labels":{"a":""}},{"labels":{"":""}},{"labels":{"":"x"}},
            {"labels":{"a":"b"},"annotations":{"":"x"}},{"labels":{"a-b":"c"}}]"#,
    )
    .expect("a list")
    .into_iter()
    .map(|alert| alert.fault.map(String::from))
    .collect();
    let none = Some("at least one label pair required".to_owned());
    assert_eq!(
        faults,
        [
            none.clone(),
            none.clone(),
            none,
            Some("invalid label set: invalid name \"\"".to_owned()),
            Some("invalid annotations: invalid name \"\"".to_owned()),
            None,
        ]
    );
}

#[test]
fn the_classic_mode_minds_label_names() {
    let body = br#"[{"labels":{"a-b":"c"}}]"#;
    let alerts = posted_alerts(body, ParserMode::Classic).expect("a list");
    assert_eq!(
        alerts[0].fault.as_deref(),
        Some("invalid label set: invalid name \"a-b\"")
    );
}

#[test]
fn the_first_broken_rule_is_told() {
    let required = |field: &str| (602, format!("{field} in body is required"));
    assert_eq!(invalid("[{}]"), required("0.labels"));
    assert_eq!(invalid("[null]"), required("0.labels"));
    assert_eq!(
        invalid(r#"[{"labels":{"a":"b"}},{"labels":null},{}]"#),
        required("1.labels")
    );
    let no_uri = (
        601,
        r#"0.generatorURL in body must be of type uri: "x""#.to_owned(),
    );
    assert_eq!(invalid(r#"[{"generatorURL":"x"},{}]"#), no_uri);
}

#[test]
fn a_notification_is_told_to_be_one() {
    let bodies = [
        r#"{"receiver":"team","status":"firing","alerts":[{"status":"firing"}],"version":"4"}"#,
        r#"{"alerts":[]}"#,
    ];
    for body in bodies {
        let Err(BodyError::Notification(told)) =
            posted_alerts(body.as_bytes(), ParserMode::default())
        else {
            panic!("{body} is no list of alerts");
        };
        assert!(told.contains("sends to a webhook"), "{told}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_told_with_its_place() {
    let table = [
        (
            "{}",
            "the body is an object, and should be an array of alerts",
        ),
        (
            r#""x""#,
            "the body is a string, and should be an array of alerts",
        ),
        (
            "1",
            "the body is a number, and should be an array of alerts",
        ),
        (
            "true",
            "the body is a boolean, and should be an array of alerts",
        ),
        ("[[]]", "alert 0 is an array, and should be an object"),
        (
            r#"[{"labels":{"a":1}}]"#,
            "alert 0: labels.a is a number, and should be a string",
        ),
        (
            r#"[{"labels":{"a":{"b":[]}}}]"#,
            "alert 0: labels.a is an object, and should be a string",
        ),
        (
            r#"[{"LABELS":[{}]}]"#,
            "alert 0: LABELS is an array, and should be an object of strings",
        ),
        (
            r#"[{"annotations":"x"}]"#,
            "alert 0: annotations is a string, and should be an object of strings",
        ),
        (
            r#"[{"generatorURL":1}]"#,
            "alert 0: generatorURL is a number, and should be a string",
        ),
        (
            r#"[{"startsAt":{}}]"#,
            "alert 0: startsAt is an object, and should be a string",
        ),
        (
            r#"[{"endsAt":"x"}]"#,
            "alert 0: endsAt: \"x\" is no time, such as 2026-01-02T15:04:05Z",
        ),
    ];
    for (body, expected) in table {
        assert_eq!(malformed(body), expected);
    }
}

#[test]
fn the_first_wrong_value_is_told_unless_the_syntax_is_broken() {
    assert_eq!(
        malformed(r#"[{"generatorURL":"x"},{"labels":1,"generatorURL":true}]"#),
        "alert 1: labels is a number, and should be an object of strings"
    );
    assert_eq!(
        malformed(r#"[{"labels":1},"#),
        "EOF while parsing a value at line 1 column 14"
    );
}

#[test]
fn broken_json_is_told_with_its_place_however_broken_its_text_is() {
    let broken: [(&[u8], &str); 4] = [
        (b"x", "expected value at line 1 column 1"),
        (b"[{\"a\":1,}]", "trailing comma at line 1 column 9"),
        (
            b"[{\"labels\":{\"a\":\"\\ud8zz\"}}]",
            "invalid escape at line 1 column 23",
        ),
        (
            b"[{\"a\":\"\xff\"}\n x]",
            "expected `,` or `]` at line 2 column 2",
        ),
    ];
    for (body, expected) in broken {
        let told = posted_alerts(body, ParserMode::Fallback);
        assert_eq!(
            told.err(),
            Some(BodyError::Malformed(expected.to_owned())),
            "{}",
            body.escape_ascii()
        );
    }
}

#[test]
fn text_that_is_not_unicode_is_replaced() {
    let body = b"[{\"labels\":{\"a\":\"\xff\xfe y\",\"b\":\"\\ud800y\\udc00\\ud83d\\ude00\",\"c\":\"\\\\ud800\"}}]";
    let alerts = posted_alerts(body, ParserMode::Fallback).expect("a list");
    assert_eq!(
        pairs(&alerts[0].labels),
        [
            ("a", "\u{fffd}\u{fffd} y"),
            ("b", "\u{fffd}y\u{fffd}😀"),
            ("c", "\\ud800"),
        ]
    );
}

#[test]
fn deep_nesting_where_nobody_looks_is_harmless() {
    let deep = format!("{}{}", "[".repeat(9_000), "]".repeat(9_000));
    one(&format!(r#"[{{"x":{deep},"labels":{{"a":"b"}}}}]"#));
    malformed(&format!(r#"[{{"labels":{deep}}}]"#));
    malformed(&"[".repeat(1_000_000));
}

#[test]
fn keys_fold_as_in_go_and_each_byte_of_a_cut_character_is_replaced() {
    let alert = one("[{\"label\u{17f}\":{\"a\":\"b\"}}]");
    assert_eq!(pairs(&alert.labels), [("a", "b")]);
    let cut = b"[{\"labels\":{\"a\":\"\xe2\x82 x\"}}]";
    let alerts = posted_alerts(cut, ParserMode::Fallback).expect("it is repaired");
    let expected = [("a", "\u{fffd}\u{fffd} x")];
    assert_eq!(pairs(&alerts[0].labels), expected);
}

#[test]
fn an_alert_with_too_many_or_too_large_labels_is_refused_alone() {
    let many = |count: usize| {
        let labels: Vec<_> = (0..count).map(|n| format!("\"l{n}\":\"v\"")).collect();
        format!("{{\"labels\":{{{}}}}}", labels.join(","))
    };
    let large = format!("{{\"labels\":{{\"a\":\"{}\"}}}}", "x".repeat(LABEL_BYTES));
    let body = format!("[{},{},{large}]", many(LABELS), many(LABELS + 1));
    let alerts = read(&body).expect("the batch is read");
    let faults: Vec<_> = alerts.iter().map(|alert| alert.fault.is_some()).collect();
    assert_eq!(faults, [false, true, true]);
    let fault = alerts[1].fault.as_deref().expect("a fault");
    assert!(fault.contains("may have 1000 labels"), "{fault}");
}

#[test]
fn an_alert_with_too_large_annotations_is_refused_alone() {
    let with = |bytes: usize, link: usize| {
        let (summary, link) = ("x".repeat(bytes), "y".repeat(link));
        format!(
            "{{\"labels\":{{\"a\":\"b\"}},\"annotations\":{{\"s\":\"{summary}\"}},\
             \"generatorURL\":\"http://h/{link}\"}}"
        )
    };
    let half = ANNOTATION_BYTES / 2;
    let body = format!(
        "[{},{},{}]",
        with(half, half - 100),
        with(half, half),
        with(0, ANNOTATION_BYTES)
    );
    let alerts = read(&body).expect("the batch is read");
    let faults: Vec<_> = alerts.iter().map(|alert| alert.fault.is_some()).collect();
    assert_eq!(faults, [false, true, true]);
}

#[test]
fn of_labels_past_their_bytes_the_rest_is_not_kept() {
    let labels: Vec<_> = (0..400_000).map(|n| format!("\"l{n}\":\"v\"")).collect();
    let same = ["\"a\":\"bcdefghijkl\""; 200_000].join(",");
    let body = format!(
        "[{{\"labels\":{{{}}}}},{{\"labels\":{{{same}}}}}]",
        labels.join(",")
    );
    let alerts = read(&body).expect("the batch is read");
    for alert in &alerts {
        let fault = alert.fault.as_deref().expect("a fault");
        assert!(fault.contains("may have 1000 labels"), "{fault}");
        assert!(alert.labels.text_bytes() <= 2 * ANNOTATION_BYTES);
    }
    assert_eq!(alerts.len(), 2);
}

#[test]
fn a_body_that_grows_past_what_a_record_holds_is_refused() {
    let mut body = b"[{\"labels\":{\"a\":\"b\"},\"annotations\":{\"a\":\"".to_vec();
    body.resize(
        body.len() + crate::limits::REPAIRED_BODY_BYTES / 3 + 1,
        0xff,
    );
    body.extend_from_slice(b"\"}}]");
    match posted_alerts(&body, ParserMode::Fallback) {
        Err(BodyError::Malformed(because)) => {
            assert!(because.contains("no UTF-8"), "{because}");
        }
        other => panic!("{} alerts", other.map_or(0, |alerts| alerts.len())),
    }
}
