//! Tests of the fast path: which bodies it accepts, and that it returns the same alerts as the full parser.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::posted::any_alerts;
use super::*;

/// Alerts as Prometheus 3 posts them.
const BATCH: &str = concat!(
    r#"[{"annotations":{"description":"\"/\" of a is 93% full\n(limit 90%)","summary":"Ä disk \u003e 90%"},"#,
    r#""endsAt":"2026-01-01T00:04:00.123Z","startsAt":"2026-01-01T00:00:00.123Z","#,
    r#""generatorURL":"http://p:9090/graph?g0.expr=x+%3E+90\u0026g0.tab=1","#,
    r#""labels":{"alertname":"Disk","instance":"a:9100","job":"node"}},"#,
    r#"{"annotations":{},"endsAt":"2026-01-01T00:05:00Z","startsAt":"0001-01-01T00:00:00Z","#,
    r#""generatorURL":"http://p:9090/graph?g0.expr=x+%3E+90\u0026g0.tab=1","#,
    r#""labels":{"alertname":"Disk","instance":"b:9100","job":"node"}}]"#,
    "\n",
);

fn plain(body: &str) -> Option<Vec<PostedAlert>> {
    plain_alerts(body.as_bytes(), ParserMode::Fallback)
}

#[test]
fn alerts_as_prometheus_posts_them_are_plain() {
    let alerts = plain(BATCH).expect("a plain body");
    assert_eq!(
        Ok(&alerts),
        any_alerts(BATCH.as_bytes(), ParserMode::Fallback).as_ref()
    );
    assert_eq!(alerts[0].annotations.get("summary"), Some("Ä disk > 90%"));
    assert_eq!(
        &*alerts[1].generator_url,
        "http://p:9090/graph?g0.expr=x+%3E+90&g0.tab=1"
    );
    assert_eq!(alerts[1].starts_at, None);
    assert_ne!(alerts[0].ends_at, alerts[1].ends_at);
}

#[test]
fn labels_in_any_order_and_fields_left_out_are_plain() {
    let bodies = [
        "[]",
        " [ ] x",
        r#"[{"labels":{"b":"1","a":"2","b":"3"}}]"#,
        "[ {\n\t\"labels\" : { \"a\" : \"b\" } ,\r\n\"startsAt\" : \"\" } ]",
        r#"[{"labels":{"a":"b"},"annotations":{"a":""},"generatorURL":""}] [1"#,
    ];
    for body in bodies {
        let alerts = plain(body).expect(body);
        assert_eq!(
            Ok(alerts),
            any_alerts(body.as_bytes(), ParserMode::Fallback),
            "{body}"
        );
    }
}

#[test]
fn what_is_out_of_the_ordinary_is_left_to_the_other_reader() {
    let bodies = [
        "",
        "null",
        "{}",
        "[",
        "[null]",
        "[{}]",
        r#"[{"labels":{}}]"#,
        r#"[{"labels":{"a":""}}]"#,
        r#"[{"labels":{"":"a"}}]"#,
        r#"[{"labels":{"a":null}}]"#,
        r#"[{"labels":{"a":1}}]"#,
        r#"[{"labels":{"\u0061":"b"}}]"#,
        r#"[{"labels":{"a":"\ud800"}}]"#,
        r#"[{"labels":{"a":"b",}}]"#,
        r#"[{"labels":{"a":"b"}},]"#,
        r#"[{"labels":{"a":"b"},}]"#,
        r#"[{"labels":{"a":"b"}"#,
        r#"[{"labels":{"a":"b"}}"#,
        r#"[{"Labels":{"a":"b"}}]"#,
        r#"[{"labels":{"a":"b"},"labels":{"a":"b"}}]"#,
        r#"[{"labels":{"a":"b"},"status":{}}]"#,
        r#"[{"labels":{"a":"b"},"annotations":{"":"x"}}]"#,
        r#"[{"labels":{"a":"b"},"annotations":null}]"#,
        r#"[{"labels":{"a":"b"},"startsAt":"x"}]"#,
        r#"[{"labels":{"a":"b"},"startsAt":null}]"#,
        r#"[{"labels":{"a":"b"},"generatorURL":"x"}]"#,
    ];
    for body in bodies {
        assert_eq!(plain(body), None, "{body}");
    }
    assert_eq!(
        plain_alerts(b"[{\"labels\":{\"a\":\"\xff\"}}]", ParserMode::Fallback),
        None
    );
}

#[test]
fn the_classic_mode_has_fewer_plain_names() {
    let body = br#"[{"labels":{"a-b":"c"}}]"#;
    assert!(plain_alerts(body, ParserMode::Utf8).is_some());
    assert_eq!(plain_alerts(body, ParserMode::Classic), None);
}

/// Bodies that are plain in most places, so that plain ones and all manner of others come up.
fn body() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        8 => select(&["\"a\"", "\"b\"", "\"ü\\n\"", "\"\\u0026\""][..]),
        1 => select(&["\"\"", "null", "1", "\"\\ud800\"", "\"\\x\"", "{}"][..]),
    ];
    let name = prop_oneof![
        12 => select(&["\"a\"", "\"b\"", "\"c-d\"", "\"é\""][..]),
        1 => select(&["\"\"", "\"\\u0061\"", "a"][..]),
    ];
    let pairs = vec((name, text), 0..5).prop_map(|pairs| {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, text)| format!("{name}: {text}"))
            .collect();
        format!("{{{}}}", pairs.join(","))
    });
    let time = prop_oneof![
        8 => select(&["\"2026-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00.5+01:00\"", "\"2026-01-02\""][..]),
        1 => select(&["\"\"", "\"0001-01-01T00:00:00Z\"", "\"x\"", "null"][..]),
    ];
    let url = prop_oneof![
        4 => select(&["\"http://a/?b\\u0026c\"", "\"http://a/\""][..]),
        1 => select(&["\"\"", "\"x\"", "\"/\\u0001\"", "[]"][..]),
    ];
    let odd = select(
        &[
            "\"Labels\":{\"a\":\"c\"}",
            "\"x\":[1,{\"y\":null}]",
            "\"labels\":null",
        ][..],
    );
    let field = prop_oneof![
        8 => pairs.clone().prop_map(|pairs| format!("\"labels\":{pairs}")),
        4 => pairs.prop_map(|pairs| format!("\"annotations\":{pairs}")),
        4 => time.clone().prop_map(|time| format!("\"startsAt\":{time}")),
        4 => time.prop_map(|time| format!("\"endsAt\":{time}")),
        4 => url.prop_map(|url| format!("\"generatorURL\":{url}")),
        1 => odd.prop_map(str::to_owned),
    ];
    let alert = vec(field, 1..5).prop_map(|fields| format!("{{{}}}", fields.join(" ,")));
    let tail = select(&["", "", "\n", ",", "x"][..]);
    (vec(alert, 0..4), tail).prop_map(|(alerts, tail)| format!("[{}]{tail}", alerts.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_both_readers_take_they_take_alike(
        body in body(),
        mode in select(&[ParserMode::Classic, ParserMode::Fallback][..]),
        hit in proptest::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut body = body.into_bytes();
        if let Some((place, byte)) = hit {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if let Some(alerts) = plain_alerts(&body, mode) {
            prop_assert_eq!(Ok(alerts), any_alerts(&body, mode));
        }
    }
}
