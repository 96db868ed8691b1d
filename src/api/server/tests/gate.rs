//! Tests of the HTTP server with a web configuration, over plain HTTP: passwords, the rate limit, headers,
//! and a file that changes while requests arrive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::folder::Folder;
use super::*;
use crate::model::Wall;
use crate::telemetry::metrics::Refusal;

/// A web configuration with one user, whose hash is as cheap as they get.
fn web_with(user: &str, password: &str) -> String {
    let hash = bcrypt::hash(password, 4).expect("a hash");
    format!("basic_auth_users:\n  {user}: {hash}\n")
}

fn request_as(user: &str, password: &str) -> String {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    format!("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {encoded}\r\n\r\n")
}

fn count_of(door: &Door, refusal: Refusal) -> bool {
    let page = door
        .door
        .shared
        .metrics
        .encode(&Default::default(), &[], Wall::UNIX_EPOCH);
    let wanted = format!("reason=\"{}\"}} 1", refusal.as_str());
    page.lines().any(|line| line.ends_with(&wanted))
}

#[test]
fn only_who_knows_a_users_password_is_let_in() {
    let folder = Folder::create();
    let door = folder.door(&web_with("bob", "a:b"));
    assert_eq!(door.ask(&request_as("bob", "a:b")).status, 200);
    for (user, password) in [("bob", "a"), ("bob", ""), ("eve", "a:b"), ("", "a:b")] {
        let reply = door.ask(&request_as(user, password));
        assert_eq!(reply.status, 401, "{user:?} {password:?}");
    }
    door.stop();
}

#[test]
fn whoever_says_nothing_is_asked_in_alertmanagers_words() {
    let folder = Folder::create();
    let door = folder.door(&web_with("bob", "secret"));
    let reply = door.ask(&get("/"));
    assert_eq!(reply.line, "HTTP/1.1 401 Unauthorized");
    assert_eq!(reply.header("www-authenticate"), Some("Basic"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.text(), "Unauthorized\n");
    assert!(count_of(&door, Refusal::Unauthorized));
    door.stop();
}

#[test]
fn a_connection_outlives_a_wrong_password_unless_a_body_is_on_its_way() {
    let folder = Folder::create();
    let door = folder.door(&web_with("bob", "secret"));
    let mut client = door.connect();
    client.send(get("/").as_bytes());
    assert_eq!(client.reply().status, 401);
    client.post("/", &ALERT);
    assert_eq!(client.reply().status, 401);
    client.send(request_as("bob", "secret").as_bytes());
    assert_eq!(client.reply().status, 200);

    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n");
    let reply = client.reply();
    assert_eq!(
        (reply.status, reply.header("connection")),
        (401, Some("close")),
        "nobody is let in to fill the memory"
    );
    door.stop();
}

#[test]
fn a_refused_head_has_no_body_that_the_next_answer_could_be_taken_for() {
    let folder = Folder::create();
    let door = folder.door(&web_with("bob", "secret"));
    let mut client = door.connect();
    client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let reply = client.try_reply("HEAD").expect("an answer");
    assert_eq!(
        (reply.status, reply.header("content-length")),
        (401, Some("13"))
    );
    client.send(request_as("bob", "secret").as_bytes());
    assert_eq!(client.reply().status, 200);
    door.stop();
}

#[test]
fn a_changed_password_holds_from_the_next_request_on() {
    let folder = Folder::create();
    let door = folder.door(&web_with("bob", "old"));
    let mut client = door.connect();
    let mut ask = |password: &str| {
        client.send(request_as("bob", password).as_bytes());
        client.reply().status
    };
    assert_eq!((ask("old"), ask("old"), ask("new")), (200, 200, 401));
    folder.write("web.yml", &web_with("bob", "new"));
    assert_eq!((ask("old"), ask("new"), ask("new")), (401, 200, 200));
    folder.write("web.yml", "");
    assert_eq!(ask("anything"), 200, "without users everybody may come in");
    door.stop();
}

#[test]
fn while_the_file_is_wrong_nobody_is_let_in() {
    let folder = Folder::create();
    let door = folder.door("");
    assert_eq!(door.ask(&get("/")).status, 200);
    folder.write("web.yml", "basic_auth_user: {}");
    for _ in 0..2 {
        let reply = door.ask(&get("/"));
        assert_eq!(
            (reply.status, reply.text()),
            (500, "Internal Server Error\n")
        );
    }
    folder.remove("web.yml");
    assert_eq!(door.ask(&get("/")).status, 500);
    folder.write("web.yml", "");
    assert_eq!(door.ask(&get("/")).status, 200);
    door.stop();
}

#[test]
fn requests_past_the_rate_are_refused_whoever_sends_them() {
    let folder = Folder::create();
    let limit = "rate_limit: {burst: 2, interval: 1h}\n";
    let headers = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
    let door = folder.door(&[limit, headers].concat());
    let mut client = door.connect();
    let mut ask = || {
        client.send(get("/").as_bytes());
        client.reply()
    };
    assert_eq!((ask().status, ask().status), (200, 200));
    let reply = ask();
    assert_eq!((reply.status, reply.text()), (429, "Too Many Requests\n"));
    assert_eq!(reply.header("x-frame-options"), None, "as in Alertmanager");
    assert!(count_of(&door, Refusal::RateLimited));
    door.stop();
}

#[test]
fn the_headers_are_in_every_answer_and_never_twice() {
    let folder = Folder::create();
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    \
                   Content-Security-Policy: default-src 'self'\n    X-Content-Type-Options: nosniff\n";
    let door = folder.door(&[headers, &web_with("bob", "secret")].concat());
    let large = request_as("bob", "secret").replace("GET /", "GET /bytes?100000");
    let stream = request_as("bob", "secret").replace("GET /", "GET /stream?100000");
    let large_head = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5000));
    for (request, status) in [
        (get("/"), 401),
        (request_as("bob", "secret"), 200),
        (large, 200),
        (stream, 200),
    ] {
        let reply = door.ask(&request);
        assert_eq!(reply.status, status);
        let header = reply.header("content-security-policy");
        assert_eq!(header, Some("default-src 'self'"));
        let mut names: Vec<_> = reply.headers.iter().map(|(name, _)| name).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }
    let refused_before = door.ask(&large_head);
    assert_eq!(refused_before.header("x-frame-options"), None);
    door.stop();
}

#[test]
fn a_flood_of_wrong_passwords_does_not_hold_up_who_is_known() {
    let folder = Folder::create();
    let web = web_with("bob", "secret");
    let door = folder.door(&web);
    assert_eq!(door.ask(&request_as("bob", "secret")).status, 200);
    // At this cost a check takes a second or more, and there is no second one at a time.
    let costly = "$2y$14$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
    folder.write("web.yml", &format!("{web}  eve: {costly}\n"));
    let mut flood: Vec<_> = (0..10).map(|_| door.connect()).collect();
    for client in &mut flood {
        client.send(request_as("eve", "guess").as_bytes());
    }
    for _ in 0..20 {
        assert_eq!(door.ask(&request_as("bob", "secret")).status, 200);
    }
    door.stop();
}

#[test]
fn the_answers_to_wrong_secrets_of_an_address_go_out_one_after_the_other() {
    let door = Door::open(patient_limits());
    let mut guessers: Vec<_> = (0..3).map(|_| door.connect()).collect();
    let began = Clock::start();
    for guesser in &mut guessers {
        guesser.send(get("/secret").as_bytes());
    }
    assert_eq!(
        door.ask(&get("/nothing")).status,
        204,
        "a right one is not held up"
    );
    for mut guesser in guessers {
        assert_eq!(guesser.reply().status, 401);
    }
    let took = began.mono().since(crate::model::Mono::START);
    assert!(took >= 3 * crate::limits::WRONG_SECRET_PAUSE, "{took:?}");
    door.stop();
}
