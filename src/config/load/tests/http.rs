//! How receivers are spoken to, and what is sent.

use std::path::PathBuf;

use super::templates::Folder;
use super::*;
use crate::config::{Authorization, Endpoint, Header, HttpConfig, Proxy, Secret, TlsVersion};
use crate::template::Payload;

fn http(keys: &str) -> HttpConfig {
    let text = format!("webhook_configs: [{{url: 'http://x/', http_config: {{{keys}}}}}]");
    receiver(&text).webhooks[0].http.as_ref().clone()
}

fn http_faults(keys: &str) -> String {
    receiver_faults(&format!(
        "webhook_configs: [{{url: 'http://x/', http_config: {{{keys}}}}}]"
    ))
}

fn inline(text: &str) -> Option<Secret> {
    Some(Secret::Inline(text.into()))
}

#[test]
fn a_webhooks_own_http_config_replaces_the_global_one_as_a_whole() {
    let text = "\
global: {http_config: {basic_auth: {username: u}, follow_redirects: false}}
route: {receiver: a}
receivers:
- name: a
  webhook_configs:
  - url: http://x/
  - {url: 'http://x/', http_config: {enable_http2: false}}
  - {url: 'http://x/', http_config: ~}
";
    let webhooks = config(text).receivers[0].webhooks.clone();
    assert!(!webhooks[0].http.follow_redirects);
    assert_eq!(
        webhooks[1].http.as_ref(),
        &HttpConfig {
            enable_http2: false,
            ..HttpConfig::default()
        }
    );
    assert_eq!(webhooks[2].http, webhooks[0].http);
}

#[test]
fn who_we_are_is_said_in_one_way() {
    assert_eq!(
        http("basic_auth: {username: u, password_file: /p}").authorization,
        Authorization::Basic {
            username: inline("u"),
            password: Some(Secret::File("/p".into())),
        }
    );
    assert_eq!(
        http("authorization: {type: ' Token ', credentials: x}").authorization,
        Authorization::Header {
            scheme: "Token".into(),
            credentials: inline("x"),
        }
    );
    assert_eq!(
        http("bearer_token: x").authorization,
        http("authorization: {credentials: x}").authorization
    );
    let told = http_faults("basic_auth: {}, authorization: {credentials: hunter2}");
    assert!(
        told.contains("at most one of basic_auth, oauth2 & authorization must be configured; "),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn tokens_come_from_a_server() {
    let keys = "oauth2: {client_id: a, client_secret: b, token_url: 'http://t/', scopes: [s], \
                endpoint_params: {p: q}, proxy_from_environment: true}";
    let Authorization::OAuth2(oauth2) = http(keys).authorization else {
        panic!("{keys} is not understood");
    };
    assert_eq!(oauth2.client_id, "a");
    assert_eq!(Some(oauth2.client_secret), inline("b"));
    assert_eq!(oauth2.scopes, ["s"]);
    assert_eq!(oauth2.endpoint_params, [("p".into(), "q".into())]);
    assert_eq!(
        oauth2.proxy,
        Proxy::FromEnvironment {
            connect_headers: Vec::new()
        }
    );
    let told = http_faults("oauth2: {}");
    for fault in ["client_id", "token_url"] {
        let fault = format!("oauth2 {fault} must be configured; ");
        assert!(told.contains(&fault), "{told}");
    }
}

#[test]
fn tls_and_proxy_and_headers_are_kept() {
    let http = http(
        "tls_config: {ca: pem, server_name: s, min_version: TLS12}, proxy_url: 'http://p:1', \
         no_proxy: n, proxy_connect_header: {C: [d]}, \
         http_headers: {H: {values: [v], secrets: [w], files: [/f]}}",
    );
    assert_eq!(http.tls.ca, inline("pem"));
    assert_eq!(http.tls.server_name.as_deref(), Some("s"));
    assert_eq!(http.tls.min_version, Some(TlsVersion::Tls12));
    let header = |name: &str, values: &[&str], secrets: &[&str]| Header {
        name: name.into(),
        values: values.iter().map(|text| (*text).into()).collect(),
        secrets: secrets
            .iter()
            .map(|text| Secret::Inline((*text).into()))
            .collect(),
    };
    assert_eq!(
        http.proxy,
        Proxy::Url {
            url: "http://p:1".into(),
            no_proxy: "n".into(),
            connect_headers: vec![header("C", &[], &["d"])],
        }
    );
    let mut expected = header("H", &["v"], &["w"]);
    expected.secrets.push(Secret::File("/f".into()));
    assert_eq!(http.headers, [expected]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (keys, fault) in [
        (
            "tls_config: {cert: x}",
            "exactly one of key or key_file must be configured when a client certificate is \
             configured; ",
        ),
        (
            "tls_config: {min_version: TLS13, max_version: TLS12}",
            "tls_config.max_version must be greater than or equal to",
        ),
        ("tls_config: {min_version: x}", "unknown TLS version: x; "),
        (
            "no_proxy: x",
            "if no_proxy is configured, proxy_url must also be configured; ",
        ),
        (
            "http_headers: {content-type: {values: [x]}}",
            "setting header \"Content-Type\" is not allowed; ",
        ),
        (
            "basic_auth: {username_ref: x}",
            "cannot use secret ref without manager; ",
        ),
    ] {
        let told = http_faults(keys);
        assert!(told.contains(fault), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_template_in_an_address_has_an_endpoint_of_its_own() {
    let keys = "webhook_configs: [{url: 'http://x/'}, {url: 'http://x/{{ .Status }}'}]";
    let webhook = receiver(keys).webhooks[1].as_ref().clone();
    assert_eq!(webhook.endpoint, Endpoint("template:a/1".into()));
    assert_eq!(
        webhook.destination,
        Destination::UrlTemplate("http://x/{{ .Status }}".into())
    );
}

#[test]
fn a_payload_has_any_shape() {
    let payload = |value: &str| {
        let keys = format!("webhook_configs: [{{url: 'http://x/', payload: {value}}}]");
        receiver(&keys).webhooks[0].payload.clone()
    };
    assert_eq!(payload("~"), None);
    let list = Payload::List(vec![Payload::Integer(1), Payload::Null]);
    let map = Payload::Map(vec![
        ("b".into(), Payload::Text("{{ .Status }}".into())),
        ("a".into(), list),
    ]);
    assert_eq!(
        payload("{b: '{{ .Status }}', a: [1, ~]}").as_deref(),
        Some(&map)
    );
}

#[test]
fn relative_paths_are_taken_from_the_folder_of_the_file() {
    let folder = Folder::create("paths");
    let text = "\
route: {receiver: a}
receivers:
- name: a
  webhook_configs:
  - url_file: url
    http_config: {authorization: {credentials_file: ../token}}
";
    let loaded = load(&folder.write("f.yml", text), ParserMode::default());
    let config = loaded.expect("the configuration is sound").config;
    let webhook = &config.receivers[0].webhooks[0];
    assert_eq!(
        webhook.destination,
        Destination::UrlFile(PathBuf::from("url"))
    );
    let token = folder.path().parent().map(|above| above.join("token"));
    assert_eq!(
        webhook.http.authorization,
        Authorization::Header {
            scheme: "Bearer".into(),
            credentials: token.map(Secret::File),
        }
    );
}
