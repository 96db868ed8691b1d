//! Tests of refused configurations and their faults.

use super::super::fixtures::certificates::{P521, RSA_1024, SHA512_AUTHORITY};
use super::super::fixtures::{Authority, TestFile, inline, trusting, with_tls};
use super::*;
use crate::config::{OAuth2, Secret, TlsVersion};

fn fault(tls: TlsConfig) -> String {
    only(check_http(&with_tls(tls)))
}

fn only(faults: Vec<TriedFault>) -> String {
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults[0].wrong.clone()
}

#[test]
fn what_can_be_used_is_let_through() {
    assert_eq!(check_http(&HttpConfig::default()), []);
    let authority = Authority::new();
    let ours = authority.issue("us");
    let ca = TestFile::new("check-ca", &authority.pem());
    let tls = TlsConfig {
        ca: Some(ca.secret()),
        cert: Some(inline(&format!("{}{}", ours.cert, authority.pem()))),
        key: Some(inline(&ours.key)),
        server_name: Some("10.0.0.1".to_owned()),
        min_version: Some(TlsVersion::Tls10),
        ..TlsConfig::default()
    };
    assert_eq!(check_http(&with_tls(tls)), []);
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let authority = Authority::new();
    let (ours, other) = (authority.issue("us"), authority.issue("us"));
    let sound = TlsConfig {
        cert: Some(inline(&ours.cert)),
        key: Some(inline(&ours.key)),
        ..trusting(&authority)
    };
    let text = fault(TlsConfig {
        ca: Some(Secret::File("/no/such/file".into())),
        ..sound.clone()
    });
    assert!(
        text.starts_with("read ca_file: /no/such/file: No such file"),
        "{text}"
    );
    for (tls, expected) in [
        (
            TlsConfig {
                ca: Some(inline("secret")),
                ..sound.clone()
            },
            "ca holds no certificate",
        ),
        (
            TlsConfig {
                cert: Some(inline(&ours.key)),
                ..sound.clone()
            },
            "cert holds no certificate",
        ),
        (
            TlsConfig {
                key: Some(inline(&ours.cert)),
                ..sound.clone()
            },
            "key holds no private key that we can read",
        ),
        (
            TlsConfig {
                key: Some(inline(&other.key)),
                ..sound.clone()
            },
            "key does not fit cert",
        ),
        (
            TlsConfig {
                server_name: Some("a b".to_owned()),
                ..sound.clone()
            },
            "\"a b\" is no name that a certificate can have",
        ),
        (
            TlsConfig {
                max_version: Some(TlsVersion::Tls11),
                ..sound.clone()
            },
            "min_version and max_version leave neither TLS 1.2 nor TLS 1.3, and nothing older is spoken",
        ),
    ] {
        assert_eq!(fault(tls), expected);
    }
}

#[test]
fn each_part_has_its_fault_under_its_key() {
    let missing = || Some(Secret::File("/no/such/file".into()));
    let tls = TlsConfig {
        ca: missing(),
        cert: missing(),
        key: missing(),
        server_name: Some("a b".to_owned()),
        max_version: Some(TlsVersion::Tls11),
        ..TlsConfig::default()
    };
    let http = HttpConfig {
        proxy: Proxy::Url {
            url: "socks5://proxy:1080".to_owned(),
            no_proxy: String::new(),
            connect_headers: Vec::new(),
        },
        ..with_tls(tls)
    };
    let faults = check_http(&http);
    let keys: Vec<String> = faults.iter().map(|fault| fault.keys.join(".")).collect();
    assert_eq!(
        keys,
        [
            "tls_config.ca_file",
            "tls_config.cert_file",
            "tls_config.key_file",
            "tls_config.server_name",
            "tls_config.max_version",
            "proxy_url"
        ]
    );
}

#[test]
fn the_way_to_the_token_server_is_checked_too() {
    let oauth2 = |token_url: &str, tls| {
        check_http(&HttpConfig {
            authorization: Authorization::OAuth2(Box::new(OAuth2 {
                client_id: "id".to_owned(),
                client_secret: Secret::File("/comes/later".into()),
                token_url: token_url.to_owned(),
                scopes: Vec::new(),
                endpoint_params: Vec::new(),
                tls,
                proxy: Proxy::Direct,
            })),
            ..HttpConfig::default()
        })
    };
    let sound = TlsConfig::default();
    assert_eq!(oauth2("https://tokens/", sound.clone()), []);
    let fault = only(oauth2("tokens", sound));
    assert_eq!(fault, "oauth2: token_url is no http or https URL");
    let empty = TlsConfig {
        ca: Some(inline("")),
        ..TlsConfig::default()
    };
    let fault = only(oauth2("https://tokens/", empty));
    assert_eq!(fault, "oauth2: ca holds no certificate");
}

#[test]
fn keys_of_a_kind_that_we_cannot_work_with_are_refused_by_name() {
    let trusting_pem = |pem: &str| TlsConfig {
        ca: Some(inline(pem)),
        ..TlsConfig::default()
    };
    let ours = Authority::new().pem();
    let file = TestFile::new("check-p521", P521);
    let from_file = TlsConfig {
        ca: Some(file.secret()),
        ..TlsConfig::default()
    };
    let path = file.0.display();
    assert_eq!(
        fault(from_file),
        format!("ca_file {path} has a key on the curve P-521, whose signatures we cannot check")
    );
    assert_eq!(
        fault(trusting_pem(RSA_1024)),
        "ca has an RSA key of 1024 bits, whose signatures we cannot check"
    );
    for bundle in [
        format!("{P521}{ours}"),
        format!("{ours}{RSA_1024}"),
        SHA512_AUTHORITY.to_owned(),
    ] {
        assert_eq!(
            check_http(&with_tls(trusting_pem(&bundle))),
            [],
            "some of it can be used"
        );
    }
    for (pem, kind) in [
        (P521, "a key on the curve P-521"),
        (RSA_1024, "an RSA key of 1024 bits"),
    ] {
        let identity = TlsConfig {
            cert: Some(inline(pem)),
            key: Some(inline(&Authority::new().issue("us").key)),
            ..TlsConfig::default()
        };
        assert_eq!(
            fault(identity),
            format!("cert is for {kind}, with which we cannot sign")
        );
    }
}
