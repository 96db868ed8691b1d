//! Tests of accepted and rejected bodies. The vectors were tried on Alertmanager.

use super::*;

const REST: &str =
    r#""startsAt":"2026-01-01","endsAt":"2026-01-02","createdBy":"me","comment":"c""#;

fn read(body: &str) -> Result<PostedSilence, BodyError> {
    posted_silence(body.as_bytes(), ParserMode::Fallback)
}

/// A silence with these matchers and all else it needs.
fn with_matchers(matchers: &str) -> String {
    format!(r#"{{"matchers":{matchers},{REST}}}"#)
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
fn a_whole_silence_is_read() {
    let silence = read(concat!(
        r#"{"id":"x","matchers":[{"name":"z","value":"1","isRegex":false},"#,
        r#"{"name":"a","value":"b|c","isRegex":true,"isEqual":false}],"startsAt":"2026-01-01T00:00:00+01:00","#,
        r#""endsAt":"2026-01-02","createdBy":"me","comment":"","annotations":{"t":""},"status":{}} trailing"#,
    ))
    .expect("a sound silence");
    assert_eq!(silence.id.as_deref(), Some("x"));
    let matchers: Vec<String> = silence.matchers.iter().map(Matcher::to_string).collect();
    assert_eq!(matchers, [r#"z="1""#, r#"a!~"b|c""#]);
    assert_eq!(silence.starts_at.to_string(), "2025-12-31T23:00:00Z");
    assert_eq!(silence.ends_at.to_string(), "2026-01-02T00:00:00Z");
    assert_eq!(silence.annotations.get("t"), Some(""));
    assert_eq!(silence.fault, None);
}

#[test]
fn no_id_is_a_new_silence_and_the_zero_time_stays_for_the_engine() {
    let matchers = r#"[{"name":"a","value":"b","isRegex":false,"isEqual":null}]"#;
    for id in [r#""id":"","#, r#""id":null,"#, ""] {
        let body =
            format!(r#"{{{id}"matchers":{matchers},{REST},"startsAt":"0001-01-01T00:00:00Z"}}"#);
        let silence = read(&body).expect("a sound silence");
        assert_eq!((silence.id, silence.starts_at), (None, ZERO_TIME));
        assert_eq!(silence.matchers[0].op(), MatchOp::Equal);
    }
}

#[test]
fn what_is_missing_is_told_in_the_order_of_names() {
    let table = [
        (" ", 602, "silence in body is required"),
        ("null", 602, "comment in body is required"),
        ("{}", 602, "comment in body is required"),
        (
            r#"{"comment":"","matchers":[{}]}"#,
            602,
            "createdBy in body is required",
        ),
        (
            r#"{"comment":"","createdBy":""}"#,
            602,
            "endsAt in body is required",
        ),
        (
            r#"{"comment":"","createdBy":"","endsAt":"2026-01-01"}"#,
            602,
            "matchers in body is required",
        ),
        (
            r#"{"comment":"","createdBy":"","endsAt":"2026-01-01","matchers":[]}"#,
            612,
            "matchers in body should have at least 1 items",
        ),
    ];
    for (body, code, message) in table {
        assert_eq!(invalid(body), (code, message.to_owned()), "{body}");
    }
    let late = with_matchers(r#"[{"name":"a","value":"b","isRegex":false}]"#);
    let late = late.replace(r#""2026-01-01""#, "null");
    assert_eq!(invalid(&late).1, "startsAt in body is required");
}

#[test]
fn every_matcher_needs_its_fields() {
    let table = [
        ("[{}]", "matchers.0.isRegex in body is required"),
        ("[null]", "matchers.0.isRegex in body is required"),
        (
            r#"[{"isRegex":true}]"#,
            "matchers.0.name in body is required",
        ),
        (
            r#"[{"name":"a","value":"b","isRegex":false},{"name":"","isRegex":true}]"#,
            "matchers.1.value in body is required",
        ),
    ];
    for (matchers, message) in table {
        assert_eq!(invalid(&with_matchers(matchers)), (602, message.to_owned()));
    }
}

#[test]
fn values_of_the_wrong_kind_are_told_with_their_places() {
    let table = [
        ("[]", "the body is an array, and should be an object"),
        (
            r#"{"ID":5,"startsAt":"x"}"#,
            "ID is a number, and should be a string",
        ),
        (
            r#"{"startsAt":"x","COMMENT":5}"#,
            "startsAt: \"x\" is no time, such as 2026-01-02T15:04:05Z",
        ),
        (
            r#"{"startsAt":5,"comment":5}"#,
            "startsAt is a number, and should be a string",
        ),
        (
            r#"{"annotations":{"a":5}}"#,
            "annotations.a is a number, and should be a string",
        ),
        (
            r#"{"matchers":{}}"#,
            "matchers is an object, and should be an array of matchers",
        ),
        (
            r#"{"matchers":[{},"x"]}"#,
            "matchers.1 is a string, and should be an object",
        ),
        (
            r#"{"Matchers":[{"NAME":5}]}"#,
            "Matchers.0.NAME is a number, and should be a string",
        ),
        (
            r#"{"matchers":[{"isRegex":"x"}]}"#,
            "matchers.0.isRegex is a string, and should be true or false",
        ),
        ("{", "EOF while parsing an object at line 1 column 1"),
    ];
    for (body, told) in table {
        assert_eq!(malformed(body), told, "{body}");
    }
}

#[test]
fn the_first_bad_matcher_is_a_fault_that_leaves_the_rest_to_the_engine() {
    let table = [
        (
            r#"{"name":"","value":"b","isRegex":false}"#,
            r#"invalid label name """#,
        ),
        (
            r#"{"name":"a","value":"(","isRegex":true}"#,
            r#"invalid regular expression "(": error parsing regexp: missing closing ): `(`"#,
        ),
        (
            r#"{"name":"a","value":")(","isRegex":true,"isEqual":false}"#,
            r#"invalid regular expression ")(": error parsing regexp: unexpected ): `)(`"#,
        ),
    ];
    for (matcher, fault) in table {
        let good = r#"{"name":"a","value":"b","isRegex":false}"#;
        let silence = read(&with_matchers(&format!(
            "[{good},{matcher},{{\"name\":\"\",\"value\":\"\",\"isRegex\":true}}]"
        )));
        let fault = format!("invalid label matcher 1 in set 0: {fault}");
        let found = silence.expect("its shape is sound").fault;
        assert_eq!(found.as_deref(), Some(fault.as_str()));
    }
}

#[test]
fn classic_mode_takes_classic_names_only() {
    let body = with_matchers(r#"[{"name":"a.b","value":"c","isRegex":false}]"#);
    let fault = |mode| {
        let read = posted_silence(body.as_bytes(), mode).expect("its shape is sound");
        read.fault
    };
    assert_eq!(fault(ParserMode::Utf8), None);
    assert!(fault(ParserMode::Classic).is_some());
}

#[test]
fn a_flood_of_matchers_is_refused_before_any_is_compiled() {
    let matcher = r#"{"name":"a","value":"b","isRegex":true}"#;
    let many = vec![matcher; limits::MATCHERS + 1].join(",");
    let silence = read(&with_matchers(&format!("[{many}]"))).expect("its shape is sound");
    assert_eq!(silence.fault.as_deref(), Some("more than 1000 matchers"));
    assert!(silence.matchers.is_empty());
}

fn fault_of_regexes(values: &[String]) -> Option<Box<str>> {
    let matcher =
        |value: &String| serde_json::json!({"name": "a", "value": value, "isRegex": true});
    let list: serde_json::Value = values.iter().map(matcher).collect();
    read(&with_matchers(&list.to_string()))
        .expect("its shape is sound")
        .fault
}

#[test]
fn what_the_regexes_of_a_silence_take_is_bounded_one_by_one_and_together() {
    // H2.
    let fault = fault_of_regexes(&vec![r"(?i)\pL{190}".to_owned(); 100]).expect("a fault");
    assert!(
        fault.contains("matcher 0") && fault.contains("1048576 bytes once compiled"),
        "{fault}"
    );
    let sound: Vec<String> = (0..100)
        .map(|number| format!(r"{number}\pL{{15}}"))
        .collect();
    assert_eq!(fault_of_regexes(&sound[..10]), None);
    let fault = fault_of_regexes(&sound).expect("a fault");
    assert!(fault.contains("limit: 4194304 bytes"), "{fault}");
}

#[test]
fn thousands_of_names_are_taken_and_a_text_without_end_is_told_by_its_beginning() {
    // T9.
    let names: Vec<String> = (0..2400)
        .map(|number| format!("host-{number:05}.prod.example.com"))
        .collect();
    assert_eq!(fault_of_regexes(&[names.join("|")]), None);
    let fault = fault_of_regexes(&[format!("{}[a-z]", names.join("|"))]).expect("a fault");
    assert!(
        fault.contains("limit: 65536 bytes") && fault.len() < 500,
        "{fault}"
    );
}
