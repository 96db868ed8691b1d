//! Web configurations, right and wrong.

use super::*;

const HASH: &str = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

fn parse(text: &str) -> Result<WebConfig, Faults> {
    let origin = tls::Origin {
        directory: Path::new("/etc/web"),
        try_pems: |_| Vec::new(),
    };
    parse_web("web.yml", text, origin)
}

fn tls_of(keys: &str) -> ServerTls {
    let text = format!("tls_server_config: {{cert_file: c, key_file: k, {keys}}}");
    let config = parse(&text).expect(keys);
    config.tls.expect("TLS is asked for")
}

fn fault_of(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

fn tls_fault_of(keys: &str) -> String {
    fault_of(&format!(
        "tls_server_config: {{cert_file: c, key_file: k, {keys}}}"
    ))
}

#[test]
fn every_section_is_read() {
    let text = format!(
        "tls_server_config:\n  cert_file: tls/cert.pem\n  key: |\n    secret\n\
         http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: sameorigin\n\
         rate_limit: {{burst: 20, interval: 1s}}\n\
         basic_auth_users:\n  bob: {HASH}\n"
    );
    let config = parse(&text).expect("a sound file");
    let tls = config.tls.expect("TLS is asked for");
    assert_eq!(tls.cert, Secret::File("/etc/web/tls/cert.pem".into()));
    assert_eq!(tls.key, Secret::Inline("secret\n".into()));
    assert_eq!(tls.client_auth, ClientAuth::NoClientCert);
    assert_eq!(tls.versions, TlsVersions::Both);
    assert_eq!(config.headers, [("X-Frame-Options", "sameorigin".into())]);
    let interval = Duration::from_secs(1);
    let limit = RateLimit {
        burst: 20,
        interval,
    };
    assert_eq!(config.rate_limit, Some(limit));
    assert_eq!(config.users.get("bob").map(String::as_str), Some(HASH));
}

#[test]
fn a_file_that_asks_for_nothing_changes_nothing() {
    for text in [
        "",
        "tls_server_config:\nhttp_server_config:\nrate_limit:\nbasic_auth_users:\n",
        "tls_server_config: {min_version: TLS13}",
        "rate_limit: {burst: 5}",
    ] {
        assert_eq!(parse(text), Ok(WebConfig::default()), "{text}");
    }
}

#[test]
fn a_file_goes_before_what_stands_here_and_may_be_anywhere() {
    let tls = tls_of("cert: inline, client_ca_file: /ca.pem, client_auth_type: RequireClientCert");
    assert_eq!(tls.cert, Secret::File("/etc/web/c".into()));
    assert_eq!(tls.client_ca, Some(Secret::File("/ca.pem".into())));
    assert_eq!(tls.client_auth, ClientAuth::RequireAnyClientCert);
}

#[test]
fn an_empty_list_of_names_lets_nobody_in_and_a_missing_one_everybody() {
    let demand = "client_auth_type: RequireAnyClientCert";
    assert_eq!(tls_of(demand).client_allowed_sans, None);
    let empty = tls_of(&format!("{demand}, client_allowed_sans: []"));
    assert_eq!(empty.client_allowed_sans, Some(Vec::new()));
}

#[test]
fn faults_of_tls_are_told_in_alertmanagers_words() {
    for (keys, words) in [
        ("cert_fil: c", "field cert_fil not found"),
        ("client_auth_type: Foo", "invalid ClientAuth: Foo"),
        (
            "client_ca_file: ca",
            "client CA's have been configured without a Client Auth Policy",
        ),
        (
            "client_allowed_sans: [a]",
            "client_allowed_sans requires client_auth_type to be one of",
        ),
        ("min_version: TLS9", "unknown TLS version: TLS9"),
        ("cipher_suites: [FOO]", "unknown cipher: FOO"),
        (
            "cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]",
            "unknown cipher: TLS_RSA_WITH",
        ),
        ("curve_preferences: [P256]", "unknown curve: P256"),
        (
            "prefer_server_cipher_suites: maybe",
            "cannot unmarshal `maybe` into bool",
        ),
    ] {
        let fault = tls_fault_of(keys);
        assert!(fault.contains(words), "{keys}: {fault}");
    }
    let fault = fault_of("tls_server_config: {cert_file: c}");
    assert!(fault.contains("missing one of key or key_file"), "{fault}");
    let fault = fault_of("tls_server_config: {client_auth_type: NoClientCert}");
    assert!(
        fault.contains("missing one of cert or cert_file"),
        "{fault}"
    );
}

#[test]
fn what_is_not_spoken_here_is_named() {
    for (keys, name) in [
        ("min_version: TLS10", "TLS10"),
        ("max_version: TLS11", "TLS11"),
        (
            "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        ),
        ("curve_preferences: [CurveP521]", "CurveP521"),
    ] {
        let fault = tls_fault_of(keys);
        assert!(
            fault.contains(&format!("{name} is not spoken here")),
            "{fault}"
        );
    }
    let fault = tls_fault_of("min_version: TLS13, max_version: TLS12");
    assert!(fault.contains("no version is at least"), "{fault}");
}

#[test]
fn only_some_headers_can_be_set_and_some_values_are_known() {
    let of = |header: &str| fault_of(&format!("http_server_config: {{headers: {{{header}}}}}"));
    for (header, words) in [
        ("X-Foo: a", "HTTP header \"X-Foo\" can not be configured"),
        (
            "x-frame-options: deny",
            "HTTP header \"x-frame-options\" can not be configured",
        ),
        (
            "X-Frame-Options: allow",
            "invalid value for X-Frame-Options. Expected one of: [\"deny\" \"sameorigin\"], but got: \"allow\"",
        ),
        (
            "Content-Security-Policy: \"a\\r\\nb: c\"",
            "a character that no header may have",
        ),
    ] {
        let fault = of(header);
        assert!(fault.contains(words), "{fault}");
    }
}

#[test]
fn what_is_no_hash_is_a_fault_that_does_not_repeat_it() {
    let rest = "Q".repeat(53);
    for (hash, words) in [
        (
            "secret".to_owned(),
            "hashedSecret too short to be a bcrypted password",
        ),
        (
            "Q".repeat(60),
            "must start with '$', but hashedSecret started with 'Q'",
        ),
        (
            format!("$3a$10${rest}"),
            "version '3' requested is newer than current version '2'",
        ),
        (
            format!("$2a$32${rest}"),
            "cost 32 is outside allowed inclusive range 4..31",
        ),
        (
            format!("$2a$17${rest}"),
            "cost 17 is more than 16, so that a single check could take minutes to days",
        ),
        (format!("$2a$x0${rest}"), "the cost is not a number"),
        (format!("$2y$10${rest}Q"), "no password can have this hash"),
        (
            format!("$2y$10${}", "ä".repeat(27)),
            "no password can have this hash",
        ),
    ] {
        let fault = fault_of(&format!("basic_auth_users: {{bob: \"{hash}\"}}"));
        assert!(fault.contains(words), "{fault}");
        assert!(!fault.contains(&hash), "{fault}");
    }
}

#[test]
fn every_fault_is_told_with_its_line() {
    let text = "rate_limit:\n  burst: -1\n  interval: abc\nusers: {}\n";
    let faults = fault_of(text);
    let lines: Vec<_> = faults
        .lines()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "web.yml:2 rate_limit.burst",
        "web.yml:3 rate_limit.interval",
        "web.yml:4 users",
    ];
    assert_eq!(lines, expected);
}
