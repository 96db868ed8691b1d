//! Tests of what senders prove, with the examples of their own documentation where there are some.

use super::*;

const NOW: i64 = 1_614_265_330;

fn at(second: i64) -> Wall {
    Wall::from_second(second).expect("a time")
}

fn shown<'r>(headers: &'r [(String, String)], query: &'r str, body: &'r str) -> Shown<'r> {
    Shown {
        headers,
        query,
        body: body.as_bytes(),
        certificate_names: &[],
    }
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn signing(scheme: HmacScheme, secret: &str) -> Signing<'static> {
    let header = match scheme {
        HmacScheme::Grafana => "x-grafana-alerting-signature",
        HmacScheme::Sentry => "sentry-hook-signature",
        HmacScheme::GitHub => "x-hub-signature-256",
        HmacScheme::StandardWebhooks => "webhook-signature",
    };
    Signing {
        scheme,
        secret: secret.to_owned(),
        header,
        timestamp_header: None,
        tolerance: Duration::from_secs(300),
    }
}

/// Whether a request with these headers and this body proves itself by a signature.
fn is_signed(signing: &Signing<'_>, pairs: &[(&str, &str)], body: &str, now: i64) -> bool {
    let headers = headers(pairs);
    let proof = Proof::Signature(signing.clone());
    shown(&headers, "", body).proves(&proof, at(now)).is_some()
}

#[test]
fn a_bearer_token_is_compared_whole() {
    let proof = Proof::Bearer("open sesame".to_owned());
    let table = [
        ("Bearer open sesame", true),
        ("bearer  open sesame", true),
        ("Bearer open sesam", false),
        ("Bearer open sesame!", false),
        ("Bearer ", false),
        ("Basic open sesame", false),
        ("open sesame", false),
    ];
    for (value, expected) in table {
        let headers = headers(&[("authorization", value)]);
        let proven = shown(&headers, "", "").proves(&proof, at(NOW));
        assert_eq!(proven.is_some(), expected, "{value}");
    }
    let none = shown(&[], "", "").proves(&proof, at(NOW));
    assert_eq!(none, None);
    let twice = headers(&[
        ("authorization", "Bearer open sesame"),
        ("authorization", "Bearer x"),
    ]);
    assert_eq!(shown(&twice, "", "").proves(&proof, at(NOW)), None);
}

#[test]
fn a_password_belongs_to_its_user() {
    let proof = Proof::Basic {
        username: "bob",
        password: "a:b".to_owned(),
    };
    let table = [
        ("Basic Ym9iOmE6Yg==", true),
        ("bAsIc Ym9iOmE6Yg==", true),
        ("Basic ZXZlOmE6Yg==", false),
        ("Basic Ym9iOmE=", false),
        ("Basic ???", false),
        ("Bearer Ym9iOmE6Yg==", false),
    ];
    for (value, expected) in table {
        let headers = headers(&[("authorization", value)]);
        let proven = shown(&headers, "", "").proves(&proof, at(NOW));
        assert_eq!(proven.is_some(), expected, "{value}");
    }
}

#[test]
fn a_token_in_the_query_is_decoded_first() {
    let proof = Proof::QueryToken {
        parameter: "token",
        token: "a b&c".to_owned(),
    };
    let table = [
        ("token=a+b%26c", true),
        ("x=1&token=a%20b%26c", true),
        ("token=a+b", false),
        ("Token=a+b%26c", false),
        ("", false),
    ];
    for (query, expected) in table {
        let proven = shown(&[], query, "").proves(&proof, at(NOW));
        assert_eq!(proven.is_some(), expected, "{query}");
    }
}

#[test]
fn one_of_the_names_in_a_certificate_must_be_allowed() {
    let allowed = ["app.netdata.cloud".to_owned(), "b".to_owned()];
    let proof = Proof::CertificateNames(&allowed);
    let with = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let shown = Shown {
            certificate_names: &names,
            ..shown(&[], "", "")
        };
        shown.proves(&proof, at(NOW)).is_some()
    };
    assert!(with(&["a", "b"]));
    assert!(!with(&["a"]) && !with(&[]));
}

#[test]
fn github_signs_with_a_prefix() {
    let signing = signing(HmacScheme::GitHub, "It's a Secret to Everybody");
    // GitHub's own example.
    let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let name = "x-hub-signature-256";
    assert!(is_signed(&signing, &[(name, right)], "Hello, World!", NOW));
    let upper = right.to_uppercase().replace("SHA256", "sha256");
    assert!(is_signed(&signing, &[(name, &upper)], "Hello, World!", NOW));
    assert!(!is_signed(&signing, &[(name, right)], "Hello, World", NOW));
    for wrong in ["", "sha256=", &right[7..], &right[..70], "sha256=zz"] {
        assert!(!is_signed(&signing, &[(name, wrong)], "Hello, World!", NOW));
    }
    let elsewhere = Signing {
        header: "x-signature",
        ..signing
    };
    let body = "Hello, World!";
    assert!(is_signed(&elsewhere, &[("x-signature", right)], body, NOW));
    assert!(!is_signed(&elsewhere, &[(name, right)], body, NOW));
}

#[test]
fn grafana_and_sentry_sign_the_body_alone() {
    let right = "dfe62afd3a708ea27b217b8cabc11f103edbfb2d176e892a38a2d475a803c4c2";
    for (scheme, name) in [
        (HmacScheme::Grafana, "x-grafana-alerting-signature"),
        (HmacScheme::Sentry, "sentry-hook-signature"),
    ] {
        let ours = signing(scheme, "hush");
        assert!(is_signed(&ours, &[(name, right)], r#"{"a":1}"#, NOW));
        assert!(!is_signed(&ours, &[(name, right)], r#"{"a":2}"#, NOW));
        let other = signing(scheme, "hush!");
        assert!(!is_signed(&other, &[(name, right)], r#"{"a":1}"#, NOW));
    }
}

#[test]
fn grafana_signs_the_time_too_if_it_is_set_up_so() {
    let ours = Signing {
        timestamp_header: Some("x-time"),
        ..signing(HmacScheme::Grafana, "hush")
    };
    let signature = (
        "x-grafana-alerting-signature",
        "13f0ff763d4f19b34709533ad9f1f027ba5b59f45f3226c4c754e7f2a3670d25",
    );
    let is_signed = |time: &str, now| {
        let pairs = [signature, ("x-time", time)];
        is_signed(&ours, &pairs, r#"{"a":1}"#, now)
    };
    assert!(is_signed("1614265330", NOW + 300) && is_signed("1614265330", NOW - 300));
    assert!(!is_signed("1614265330", NOW + 301) && !is_signed("1614265330", NOW - 301));
    assert!(!is_signed("1614265331", NOW) && !is_signed("now", NOW) && !is_signed("", NOW));
}

#[test]
fn standard_webhooks_have_an_id_and_a_time() {
    // The example of the specification.
    let ours = signing(
        HmacScheme::StandardWebhooks,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    );
    let proof = Proof::Signature(ours.clone());
    let with = |id: &str, time: &str, signature: &str, now| {
        let headers = headers(&[
            ("webhook-id", id),
            ("webhook-timestamp", time),
            ("webhook-signature", signature),
        ]);
        let shown = shown(&headers, "", r#"{"test": 2432232314}"#);
        let proven = shown.proves(&proof, at(now));
        proven.map(|proven| proven.id.map(str::to_owned))
    };
    let (id, time) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
    let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(with(id, time, right, NOW), Some(Some(id.to_owned())));
    let rotated = format!("v1,Zm9v {right} v1a,Zm9v");
    assert_eq!(with(id, time, &rotated, NOW), Some(Some(id.to_owned())));
    assert_eq!(with("msg_other", time, right, NOW), None);
    assert_eq!(with(id, "1614265331", right, NOW), None);
    assert_eq!(with(id, time, right, NOW + 301), None, "too old");
    assert_eq!(with(id, time, right, NOW - 301), None, "too new");
    assert_eq!(with(id, time, &right[3..], NOW), None);
    assert_eq!(with(id, time, "", NOW), None);
}

#[test]
fn a_routing_key_is_in_the_event_itself() {
    let proof = Proof::RoutingKey("R016".to_owned());
    let is_right = |body| shown(&[], "", body).proves(&proof, at(NOW)).is_some();
    assert!(is_right(
        r#"{"routing_key": "R016", "event_action": "trigger"}"#
    ));
    assert!(!is_right(r#"{"routing_key": "R017"}"#) && !is_right(r#"{"routing_key": 16}"#));
    assert!(!is_right("{}") && !is_right("") && !is_right("R016"));
}
