//! Tests with pages of other sites, guessed passwords, and files that another user has put in the way.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::Client;
use crate::process::{Daemon, Ended, Setup, take_turn};
use crate::receiver::Receiver;
use crate::samples::{firing, told_soon};
use crate::time::wait_until;

const EVIL: &str = "http://evil.example";

/// Who sends a request: the name under which the daemon is asked, and the origin of the page that asks, if
/// it is one.
fn ask(daemon: &Daemon, line: &str, host: &str, origin: Option<&str>) -> (u16, Option<String>) {
    let origin = origin.map_or(String::new(), |origin| format!("Origin: {origin}\r\n"));
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\n{origin}Content-Type: application/json\r\n\
         Content-Length: 2\r\n\r\n[]"
    );
    let reply = daemon.connect().ask(request.as_bytes()).expect("an answer");
    let allowed = reply.header("access-control-allow-origin");
    (reply.status, allowed.map(str::to_owned))
}

const POST: &str = "POST /api/v2/alerts";
const RELOAD: &str = "POST /-/reload";

#[test]
fn without_a_configuration_file_only_the_daemons_own_pages_change_anything() {
    let daemon = Setup::bare().start();
    let here = daemon.address().to_string();
    let own = format!("http://{here}");
    assert_eq!(ask(&daemon, POST, &here, None).0, 200);
    assert_eq!(ask(&daemon, POST, &here, Some(&own)).0, 200);
    assert_eq!(ask(&daemon, POST, &here, Some(EVIL)), (403, None));
    assert_eq!(ask(&daemon, RELOAD, &here, Some(EVIL)), (403, None));
    let get = "GET /api/v2/alerts";
    assert_eq!(ask(&daemon, get, &here, Some(EVIL)), (200, None));
    // The name of the page has come to lead to the daemon: to the browser it is its own.
    for line in [get, POST, RELOAD, "GET /metrics"] {
        let told = ask(&daemon, line, "evil.example", Some(EVIL));
        assert_eq!(told, (403, None), "{line}");
    }
    assert_eq!(daemon.scrape().refused("foreign"), 6.0);
}

#[test]
fn with_a_configuration_file_any_page_posts_as_with_alertmanager_but_none_reloads() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let any = Some("*".to_owned());
    assert_eq!(ask(&daemon, POST, "any.example", Some(EVIL)), (200, any));
    let here = daemon.address().to_string();
    for (host, origin) in [(here.as_str(), EVIL), ("evil.example", EVIL)] {
        assert_eq!(ask(&daemon, RELOAD, host, Some(origin)).0, 403, "{host}");
    }
    assert_eq!(ask(&daemon, RELOAD, "any.example", None).0, 200);
}

#[test]
fn an_origin_is_allowed_by_a_regex_from_end_to_end() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver))
        .argument(r"--web.cors.origin=https?://karma\.example")
        .start();
    let here = daemon.address().to_string();
    let karma = "https://karma.example";
    let told = ask(&daemon, POST, &here, Some(karma));
    assert_eq!(told, (200, Some(karma.to_owned())));
    for other in [
        "https://karma.example.evil.example",
        "https://karmaXexample",
    ] {
        assert_eq!(ask(&daemon, POST, &here, Some(other)), (403, None));
    }
    assert_eq!(ask(&daemon, POST, "evil.example", None).0, 403);
    assert_eq!(ask(&daemon, RELOAD, &here, Some(karma)).0, 403);

    let ended = Setup::bare().argument("--web.cors.origin=(").run();
    assert_ne!(ended.code, Some(0));
    assert!(ended.log.contains("--web.cors.origin"), "{}", ended.log);
}

/// How a request of this user is answered.
fn status_as(client: &mut Client, user: &str, password: &str) -> Option<u16> {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    let request = format!(
        "GET /api/v2/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {encoded}\r\n\r\n"
    );
    client
        .ask(request.as_bytes())
        .ok()
        .map(|reply| reply.status)
}

/// Sixty connections on which somebody guesses, a password after the other, while `meanwhile` runs.
fn while_guessing(daemon: &Daemon, user: &str, meanwhile: impl FnOnce()) {
    const GUESSERS: usize = 60;
    let (is_over, guesses) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..GUESSERS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let guess = guesses.fetch_add(1, Ordering::Relaxed);
                    let status = status_as(&mut daemon.connect(), user, &guess.to_string());
                    assert!(matches!(status, Some(401 | 503)), "{status:?}");
                }
            });
        }
        // Ends them whatever becomes of it.
        let end = EndOfGuessing(&is_over);
        wait_until("all guess", || guesses.load(Ordering::Relaxed) >= GUESSERS);
        meanwhile();
        drop(end);
    });
}

struct EndOfGuessing<'a>(&'a AtomicBool);

impl Drop for EndOfGuessing<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_flood_of_guesses_keeps_nobody_out_who_knows_the_password() {
    let _turn = take_turn();
    // So dear that a line of sixty takes longer than anybody waits.
    let hash = bcrypt::hash("secret", 12).expect("a hash");
    let web = format!("basic_auth_users: {{bob: '{hash}', ann: '{hash}'}}\n");
    let daemon = Setup::bare()
        .file("web.yml", &web)
        .argument("--web.config.file=web.yml")
        .start();
    let is_let_in = |user| {
        let status = status_as(&mut daemon.connect(), user, "secret");
        assert_eq!(status, Some(200), "{user}");
    };
    while_guessing(&daemon, "eve", || is_let_in("bob"));
    // Whoever was let in before waits for nobody, even if others guess under that name.
    while_guessing(&daemon, "bob", || {
        is_let_in("bob");
        is_let_in("ann");
    });
}

/// The last segment of the journal in the folder `data`, once no daemon writes it.
fn last_segment(setup: &Setup) -> std::path::PathBuf {
    let entries = fs::read_dir(setup.folder().join("data/journal")).expect("a journal");
    let paths = entries.flatten().map(|entry| entry.path());
    let segments = paths.filter(|path| path.extension().is_some_and(|it| it == "segment"));
    segments.max().expect("a segment")
}

/// A process that held an alert and was killed.
fn killed_with_an_alert() -> Setup {
    let daemon = Setup::bare().start();
    daemon.post(&[firing("Disk", "a")]);
    daemon.kill()
}

#[test]
fn a_segment_whose_bytes_are_destroyed_is_kept_as_it_was_and_told() {
    let setup = killed_with_an_alert();
    let path = last_segment(&setup);
    let mut bytes = fs::read(&path).expect("a segment");
    bytes.fill(0xff);
    fs::write(&path, &bytes).expect("our own file");
    let daemon = setup.start();
    assert!(
        daemon.log().contains("The journal is damaged"),
        "{}",
        daemon.log()
    );
    assert!(
        !daemon.log().contains("never acknowledged"),
        "{}",
        daemon.log()
    );
    let aside = path.with_added_extension("damaged");
    wait_until("it is put aside", || aside.exists());
    assert_eq!(fs::read(aside).expect("it is kept"), bytes);
    // And left out from then on.
    daemon.post(&[firing("Disk", "b")]);
    let alerts = daemon.kill().start().get("/api/v2/alerts").json();
    assert_eq!(alerts.as_array().map(Vec::len), Some(1), "{alerts}");
}

#[test]
fn what_is_no_file_of_a_journal_refuses_the_start_by_name() {
    let refused = |make: &dyn Fn(&Path), words: &str| {
        let setup = killed_with_an_alert();
        let path = last_segment(&setup);
        make(&path);
        let listen = "--web.listen-address=127.0.0.1:0";
        let ended: Ended = setup.argument(listen).run();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let name = path.file_name().expect("a file").to_string_lossy();
        for words in [&name, words] {
            assert!(ended.log.contains(words), "{words}: {}", ended.log);
        }
    };
    let instead = |path: &Path| {
        let elsewhere = path.with_extension("elsewhere");
        fs::rename(path, &elsewhere).expect("our own file");
        symlink(elsewhere, path).expect("our own folder");
    };
    refused(&instead, "it is a symbolic link");
    let fifo = |path: &Path| {
        fs::remove_file(path).expect("our own file");
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.expect("a host with mkfifo").success());
    };
    refused(&fifo, "it is no regular file");
    let sparse = |path: &Path| {
        let file = File::options()
            .write(true)
            .open(path)
            .expect("our own file");
        file.set_len(100 << 30).expect("a hole");
    };
    refused(&sparse, "it is larger than any file of a journal");
}

#[test]
fn what_the_daemon_keeps_is_for_its_user_alone() {
    // As a user starts it by hand, without the unit's umask; and with one that takes all rights away.
    for umask in ["0000", "0022", "0777"] {
        check_rights(&Setup::bare().umask(umask).start());
    }
}

fn check_rights(daemon: &Daemon) {
    daemon.post(&[firing("Disk", "a")]);
    let storage = daemon.folder().join("data");
    let entries = fs::read_dir(storage.join("journal")).expect("a journal");
    let files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    assert!(!files.is_empty(), "a segment");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").mode() & 0o777;
    for folder in [storage.clone(), storage.join("journal")] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn the_unit_keeps_files_to_its_user_and_memory_out_of_core_files() {
    let unit = include_str!("../../etc/alertwheel.service");
    for line in ["UMask=0077", "LimitCORE=0", "StateDirectoryMode=0700"] {
        assert!(unit.lines().any(|it| it == line), "{line}");
    }
}

#[test]
fn a_body_of_too_many_alerts_is_refused_in_its_own_words() {
    let daemon = Setup::bare().start();
    let alert = r#"{"labels":{"a":"b"}},"#;
    let body = format!("[{}]", alert.repeat(500_000).trim_end_matches(','));
    let reply = daemon.connect().post("/api/v2/alerts", body.as_bytes());
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(
        reply.text().contains("send them in several"),
        "{}",
        reply.text()
    );
}
