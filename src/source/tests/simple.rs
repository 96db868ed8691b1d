//! `/alert/NAME` and `/resolve/NAME`.

use super::*;

fn call(query: &str, body: &str, is_resolved: bool) -> Result<Yield, String> {
    let posted = Posted {
        query,
        headers: &[],
        body: body.as_bytes(),
    };
    let call = SimpleCall {
        alertname: "Disk full",
        is_resolved,
    };
    source("type: simple\nttl: 1h\nauth: {query: {token: s3cret}}")
        .source
        .read_simple(call, &posted)
}

fn ttl(read: &Yield) -> Option<std::time::Duration> {
    match &read.reports[0].change {
        ReportedChange::Firing { ttl, .. } => *ttl,
        ReportedChange::Resolved { .. } => None,
    }
}

#[test]
fn parameters_are_labels_but_for_a_few() {
    let query = "severity=page&host=web1&for=10m&summary=99%25+full&key=k&token=s3cret&empty=";
    let read = call(query, "", false).expect("an alert");
    assert_eq!(
        shown(&read),
        "firing k {alertname=\"Disk full\", host=\"web1\", severity=\"page\"}"
    );
    assert_eq!(annotations(&read).get("summary"), Some("99% full"));
    assert_eq!(ttl(&read), Some(std::time::Duration::from_secs(600)));
}

#[test]
fn the_body_goes_before_the_query_and_a_text_is_the_summary() {
    let read = call(
        "host=a&for=0s",
        r#"{"host": "b", "cpu": 3, "x": null}"#,
        false,
    )
    .expect("JSON");
    assert_eq!(
        shown(&read),
        "firing - {alertname=\"Disk full\", cpu=\"3\", host=\"b\"}"
    );
    assert_eq!(ttl(&read), None);
    let read = call("", "host=b&description=d", false).expect("a form");
    assert_eq!(
        shown(&read),
        "firing - {alertname=\"Disk full\", host=\"b\"}"
    );
    assert_eq!(ttl(&read), Some(std::time::Duration::from_secs(3600)));
    let read = call("host=a", "nothing left on /var", false).expect("a text");
    assert_eq!(
        shown(&read),
        "firing - {alertname=\"Disk full\", host=\"a\"}"
    );
    assert_eq!(
        annotations(&read).get("summary"),
        Some("nothing left on /var")
    );
}

#[test]
fn what_has_resolved_is_known_by_its_key_or_its_labels() {
    let read = call("host=a", "", true).expect("labels");
    assert_eq!(
        shown(&read),
        "resolved - {alertname=\"Disk full\", host=\"a\"}"
    );
    let read = call("key=k", "", true).expect("a key");
    assert_eq!(shown(&read), "resolved k {alertname=\"Disk full\"}");
}

#[test]
fn what_is_no_alert_is_refused() {
    let refused = call("for=soon", "", false).expect("a refusal");
    assert!(
        refused.refused[0].reason.contains("such as 10m"),
        "{refused:?}"
    );
    assert_eq!(
        call("", "[1]", false),
        Err("the body has a list, and here it is one alert".to_owned())
    );
    assert_eq!(
        call("", r#"{"a": {}}"#, false),
        Err("the parameter a is neither a text nor a number".to_owned())
    );
    assert!(call("a=%x", "", false).is_err());
}
