//! Tests with token servers that grant tokens, and with others that do not.

use super::super::fake_receiver::{FakeReceiver, Reply, Seen, answer};
use super::super::fixtures::{TestFile, content_receiver, inline, post_by, poster, poster_asking};
use super::*;
use crate::config::{Authorization, HttpConfig, Proxy, Secret, TlsConfig};

fn config(token_url: String, client_secret: Secret) -> OAuth2 {
    OAuth2 {
        client_id: "i d".to_owned(),
        client_secret,
        token_url,
        scopes: Vec::new(),
        endpoint_params: Vec::new(),
        tls: TlsConfig::default(),
        proxy: Proxy::Direct,
    }
}

fn with_tokens(config: OAuth2) -> HttpConfig {
    HttpConfig {
        authorization: Authorization::OAuth2(Box::new(config)),
        ..HttpConfig::default()
    }
}

/// A server that numbers its tokens, which hold for `life_seconds`.
fn token_server(life_seconds: u32) -> FakeReceiver {
    FakeReceiver::start(move |seen: &Seen| {
        let body = String::from_utf8_lossy(&seen.body);
        let length = body.len();
        let json = format!(
            r#"{{"access_token":"t{length}","token_type":"bearer","expires_in":{life_seconds}}}"#
        );
        Reply::Write(answer(
            "200 OK",
            "Content-Type: application/json\r\n",
            &json,
        ))
    })
}

fn form_of(seen: &Seen) -> &str {
    std::str::from_utf8(&seen.body).expect("a form in ASCII")
}

#[test]
fn a_token_is_asked_for_as_go_does_and_used_while_it_holds() {
    let (server, receiver, poster) = (token_server(3600), content_receiver(), poster());
    let http = with_tokens(OAuth2 {
        scopes: vec!["a".to_owned(), "b".to_owned()],
        endpoint_params: vec![("k".to_owned(), "v&w".to_owned())],
        ..config(server.url("/token"), inline("s+c"))
    });
    let url = receiver.url("/").replace("//", "//us:pw@");
    for _ in 0..3 {
        post_by(&poster, &http, &url).expect("an answer");
    }
    let asked = server.take_seen();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].request_line(), "post /token http/1.1");
    assert_eq!(asked[0].values("authorization"), ["Basic aStkOnMlMkJj"]);
    assert_eq!(
        asked[0].values("content-type"),
        ["application/x-www-form-urlencoded"]
    );
    let form = "grant_type=client_credentials&k=v%26w&scope=a+b";
    assert_eq!(form_of(&asked[0]), form);
    let token = format!("Bearer t{}", form.len());
    for seen in receiver.take_seen() {
        assert_eq!(seen.values("authorization"), [token.as_str()]);
    }
}

#[test]
fn a_token_is_replaced_shortly_before_it_ends_and_when_the_secret_changes() {
    let (server, receiver, poster) = (token_server(9), content_receiver(), poster());
    let http = with_tokens(config(server.url("/"), inline("secret")));
    for _ in 0..2 {
        post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    }
    assert_eq!(server.take_seen().len(), 2, "nine seconds are too few");

    let server = token_server(3600);
    let file = TestFile::new("client-secret", "before\n");
    let http = with_tokens(config(server.url("/"), file.secret()));
    post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    file.write("after\n");
    for _ in 0..2 {
        post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    }
    let asked = server.take_seen();
    let asked: Vec<&str> = asked
        .iter()
        .map(|seen| seen.values("authorization")[0])
        .collect();
    assert_eq!(asked, [basic("i+d", "before"), basic("i+d", "after")]);
}

#[test]
fn a_server_that_takes_no_header_is_asked_by_parameters_from_then_on() {
    let server = FakeReceiver::start(|seen| {
        Reply::Write(if seen.header("authorization").is_some() {
            answer("401 Who", "", r#"{"error":"invalid_client"}"#)
        } else {
            answer("200 OK", "", r#"{"access_token":"t","expires_in":1}"#)
        })
    });
    let (receiver, poster) = (content_receiver(), poster());
    let http = with_tokens(config(server.url("/"), inline("s+c")));
    for _ in 0..2 {
        post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    }
    let asked = server.take_seen();
    assert_eq!(asked.len(), 3);
    let form = "client_id=i+d&client_secret=s%2Bc&grant_type=client_credentials";
    assert_eq!(form_of(&asked[1]), form);
    assert_eq!(form_of(&asked[2]), form);
}

#[test]
fn without_a_token_nothing_is_sent() {
    let server = FakeReceiver::start(|_| {
        Reply::Write(answer(
            "401 Who",
            "",
            r#"{"error":"invalid_client","error_description":"s+c is wrong"}"#,
        ))
    });
    let receiver = content_receiver();
    let http = with_tokens(config(server.url("/secret"), inline("s+c")));
    let fault = post_by(&poster(), &http, &receiver.url("/")).expect_err("no token");
    assert_eq!(
        fault.to_string(),
        format!(
            "no token: 127.0.0.1:{}: status code 401: invalid_client",
            server.port()
        )
    );
    let http = with_tokens(config(
        "http://127.0.0.1:1/secret".to_owned(),
        inline("s+c"),
    ));
    let fault = post_by(&poster(), &http, &receiver.url("/")).expect_err("no token");
    assert_eq!(
        fault.to_string(),
        "no token: 127.0.0.1:1: connection refused"
    );
    assert!(receiver.take_seen().is_empty());
}

#[test]
fn a_server_that_hangs_takes_no_longer_than_the_attempt_may() {
    let server = FakeReceiver::start(|_| Reply::WriteAndHang(String::new()));
    let receiver = content_receiver();
    let http = Arc::new(with_tokens(config(server.url("/"), inline("s"))));
    let address = Address::parse(&receiver.url("/")).expect("an address");
    let short = std::time::Duration::from_millis(100);
    let result = poster().send("POST", &http, address, b"{}", short);
    let Err(Fault::Token(why)) = result else {
        panic!("a fault was expected, not {result:?}");
    };
    assert!(why.to_string().contains(": timeout after "), "{why}");
}

#[test]
fn a_parameter_may_name_another_grant() {
    let (server, receiver) = (token_server(60), content_receiver());
    let http = with_tokens(OAuth2 {
        endpoint_params: vec![("grant_type".to_owned(), "own".to_owned())],
        ..config(server.url("/"), inline("s"))
    });
    post_by(&poster(), &http, &receiver.url("/")).expect("an answer");
    assert_eq!(form_of(&server.take_seen()[0]), "grant_type=own");
}

#[test]
fn a_redirect_of_the_server_is_followed_with_the_form() {
    for status in ["301 Moved", "307 There", "308 There"] {
        let server = FakeReceiver::start(move |seen| {
            Reply::Write(match seen.request_line() {
                "post /token http/1.1" => answer("200 OK", "", r#"{"access_token":"t"}"#),
                _ => answer(status, "Location: /token\r\n", ""),
            })
        });
        let receiver = content_receiver();
        let http = with_tokens(config(server.url("/old"), inline("s")));
        post_by(&poster(), &http, &receiver.url("/")).expect("an answer");
        let asked = server.take_seen();
        assert_eq!(asked.len(), 2, "{status}");
        assert_eq!(form_of(&asked[1]), "grant_type=client_credentials");
        assert_eq!(asked[1].values("authorization"), [basic("i+d", "s")]);
        assert_eq!(
            receiver.take_seen()[0].values("authorization"),
            ["Bearer t"]
        );
    }
}

#[test]
fn the_name_of_the_server_is_looked_up_as_that_of_a_receiver_is() {
    let server = token_server(3600);
    let receiver = content_receiver();
    let poster = poster_asking(|host| {
        assert_eq!(host, "tokens.example");
        Ok(vec![std::net::IpAddr::from([127, 0, 0, 1])])
    });
    let url = format!("http://tokens.example:{}/", server.port());
    let http = with_tokens(config(url, inline("s")));
    post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    assert_eq!(server.take_seen().len(), 1);
}
