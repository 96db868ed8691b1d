//! Tests of the command line: messages, exit codes, and the meaning of flags.

use std::net::TcpListener;

use serde_json::Value;

use crate::process::{Ended, Setup};
use crate::receiver::{Answer, Receiver};
use crate::samples::{firing, told_soon};
use crate::time::wait_until;

const ANY_PORT: &str = "--web.listen-address=127.0.0.1:0";

/// Sees that a start failed and that the reason was told on standard error.
fn assert_refused(ended: &Ended, reasons: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for reason in reasons {
        assert!(
            ended.log.contains(reason),
            "{reason} is missing: {}",
            ended.log
        );
    }
}

#[test]
fn the_version_names_the_alertmanager_it_stands_in_for() {
    let ended = Setup::bare().argument("--version").run();
    assert_eq!(ended.code, Some(0));
    let expected = concat!(
        "alertwheel ",
        env!("CARGO_PKG_VERSION"),
        " (answers as Alertmanager 0.33.1)\n"
    );
    assert_eq!(ended.output, expected);
}

#[test]
fn help_is_on_standard_output_and_is_no_failure() {
    let ended = Setup::bare().argument("--help").run();
    assert_eq!((ended.code, ended.log.as_str()), (Some(0), ""));
    for word in [
        "--config.file",
        "--web.max-connections",
        "check-config",
        "demo",
        "listen",
    ] {
        assert!(ended.output.contains(word), "{word}");
    }
}

#[test]
fn an_unknown_flag_is_refused() {
    let ended = Setup::bare().argument("--web.listen-adress=:1").run();
    assert_refused(&ended, &["--web.listen-adress", "--web.listen-address"]);
}

#[test]
fn without_a_file_it_serves_a_built_in_configuration_and_says_what_to_try() {
    let daemon = Setup::bare().start();
    let greeting = daemon.output();
    assert_eq!(greeting.lines().count(), 2, "{greeting}");
    let url = format!("http://{}", daemon.address());
    assert_eq!(greeting.matches(&url).count(), 2, "{greeting}");
    assert!(greeting.contains("amtool") && greeting.contains("alertwheel demo"));
    let receivers = daemon.get("/api/v2/receivers").json();
    assert_eq!(receivers[0]["name"], "terminal");
}

#[test]
fn the_demo_shows_the_life_of_a_group_and_ends() {
    let nowhere = "--storage.path=/proc/nowhere";
    let demo = Setup::bare().arguments(&[ANY_PORT, nowhere, "demo"]).run();
    assert_eq!(demo.code, Some(0), "it keeps nothing on disk: {demo:?}");
    assert_eq!(demo.log, "", "it has nothing to complain about");
    let words = [
        "first notification",
        "new alerts added",
        "some alerts resolved",
        "all alerts resolved",
        "DiskFull",
        "DatabaseDown",
        "That was it",
    ];
    for word in words {
        assert!(
            demo.output.contains(word),
            "{word} is missing: {}",
            demo.output
        );
    }
}

#[test]
fn the_demo_finds_a_port_of_its_own_while_the_usual_one_is_in_use() {
    // If it cannot be bound, somebody else has it, which does as well.
    let _taken = TcpListener::bind("127.0.0.1:9093");
    let demo = Setup::bare().argument("demo").spawn();
    wait_until("it says where it listens", || {
        demo.output()
            .contains("127.0.0.1:9093 is in use; this listens on 127.0.0.1:")
    });
    wait_until("it goes on", || demo.output().contains("Two disks fill up"));
    demo.kill();
}

#[test]
fn a_file_with_a_usual_name_is_found_by_itself() {
    let receiver = Receiver::healthy();
    for name in ["alertmanager.yml", "alertwheel.yml"] {
        let daemon = Setup::bare().file(name, &told_soon(&receiver)).start();
        assert_eq!(daemon.get("/api/v2/receivers").json()[0]["name"], "team");
        assert_eq!(daemon.output(), "", "there is nothing to introduce");
    }
}

#[test]
fn a_named_file_that_is_missing_is_an_error_and_never_the_built_in_configuration() {
    let setup = Setup::bare().arguments(&[ANY_PORT, "--config.file=no-such.yml"]);
    let ended = setup.run();
    assert_refused(&ended, &["no-such.yml", "No such file"]);
    assert_eq!(ended.output, "");
}

const WRONG: &str = "\
route:
  receiver: team
  group_wait: 30
receivers:
- name: teem
  webhook_configs:
  - url: ftp://x.example/
";

#[test]
fn all_faults_of_a_configuration_are_told_with_their_lines() {
    let faults = [
        "config.yml:2: route.receiver: undefined receiver \\\"team\\\"",
        "config.yml:3: route.group_wait: ",
        "config.yml:7: receivers[0].webhook_configs[0].url: ",
    ];
    let ended = Setup::with_config(WRONG).argument(ANY_PORT).run();
    assert_refused(&ended, &faults);
    let lines = ended.log.lines();
    let told = lines.filter(|line| line.contains("Configuration error"));
    assert_eq!(
        told.count(),
        faults.len(),
        "each has a line of its own: {}",
        ended.log
    );
    assert!(!ended.log.contains("\\n"), "{}", ended.log);
}

#[test]
fn an_address_in_use_is_named() {
    let first = Setup::bare().start();
    let taken = first.address().to_string();
    let argument = format!("--web.listen-address={taken}");
    let ended = Setup::bare().argument(&argument).run();
    assert_refused(&ended, &[taken.as_str(), "in use"]);
}

#[test]
fn what_is_no_address_is_told_with_one_that_is() {
    let ended = Setup::bare().argument("--web.listen-address=foo").run();
    assert_refused(&ended, &["foo", "127.0.0.1:9093"]);
}

#[test]
fn a_limit_of_zero_alerts_is_no_limit() {
    let daemon = Setup::bare().argument("--alerts.max=0").start();
    daemon.post(&[firing("Disk", "a"), firing("Disk", "b")]);
    assert_eq!(
        daemon.get("/api/v2/alerts").json()[1]["labels"]["instance"],
        "b"
    );
}

#[test]
fn a_notification_that_is_posted_as_alerts_is_told_to_be_one() {
    let daemon = Setup::bare().start();
    let body = r#"{"receiver":"team","status":"firing","alerts":[],"version":"4"}"#;
    for _ in 0..2 {
        let reply = daemon.connect().post("/api/v2/alerts", body.as_bytes());
        assert_eq!(reply.status, 400);
        let words = "/api/v2/alerts takes a list of alerts, and this looks like the notification";
        assert!(reply.text().contains(words), "{}", reply.text());
    }
    let ended = daemon.stop();
    let words = "A notification was posted to /api/v2/alerts";
    assert_eq!(ended.log.matches(words).count(), 1, "{}", ended.log);
}

#[test]
fn what_would_leave_the_door_open_is_refused() {
    let refusals = [
        ("--web.config.file=no-such-file.yml", "no-such-file.yml"),
        ("--web.systemd-socket", "systemd"),
        (
            "--cluster.tls-config=tls.yml",
            "--cluster.tls-config is not built yet",
        ),
    ];
    for (flag, reason) in refusals {
        let ended = Setup::bare().arguments(&[ANY_PORT, flag]).run();
        assert_refused(&ended, &[reason]);
    }
}

#[test]
fn flags_that_mean_nothing_are_named_once_each() {
    let daemon = Setup::bare()
        .arguments(&[
            "--storage.path=elsewhere",
            "--cluster.peer=a:1",
            "--cluster.peer=b:2",
            "--auto-gomemlimit.ratio=0.5",
            // Of Debian's unit.
            "--web.ui-path=/usr/share/prometheus/alertmanager/ui/",
            "--data.retention=1h",
        ])
        .start();
    let log = daemon.log();
    for flag in ["--cluster.peer", "--auto-gomemlimit.ratio", "--web.ui-path"] {
        let line = format!("flag={flag}\n");
        assert_eq!(log.matches(&line).count(), 1, "{flag}: {log}");
    }
    for flag in ["--data.retention", "--storage.path"] {
        assert!(!log.contains(flag), "{flag} means something: {log}");
    }
}

#[test]
fn the_log_can_be_json() {
    let receiver = Receiver::scripted(|_| Answer::Status(400));
    let daemon = Setup::with_config(&told_soon(&receiver))
        .arguments(&["--log.format=json", "--log.level=debug"])
        .start();
    daemon.post(&[firing("Disk \"a\"\n", "a")]);
    wait_until("a failure is logged", || {
        daemon.log().contains("Notify for alerts failed")
    });
    let ended = daemon.stop();
    assert!(ended.log.lines().count() > 5, "{}", ended.log);
    for line in ended.log.lines() {
        let line: Value = serde_json::from_str(line).expect(line);
        for field in ["time", "level", "source", "msg"] {
            assert!(line[field].is_string(), "{field} is missing: {line}");
        }
    }
}

#[test]
fn the_level_of_the_log_is_kept_to() {
    let daemon = Setup::bare().argument("--log.level=info").start();
    daemon.post(&[firing("Disk", "a")]);
    let ended = daemon.stop();
    assert!(ended.log.contains("level=INFO"));
    assert!(!ended.log.contains("level=DEBUG"), "{}", ended.log);
}

#[test]
fn check_config_says_what_is_wrong_and_fails_if_anything_is() {
    let receiver = Receiver::healthy();
    let good = told_soon(&receiver);
    let sound = Setup::bare().file("good.yml", &good);
    let sound = sound.arguments(&["check-config", "good.yml"]).run();
    assert_eq!(sound.code, Some(0), "{sound:?}");
    assert!(sound.output.contains("'good.yml'  SUCCESS"), "{sound:?}");

    let mixed = Setup::bare()
        .file("good.yml", &good)
        .file("wrong.yml", WRONG);
    let mixed = mixed
        .arguments(&["check-config", "good.yml", "wrong.yml"])
        .run();
    assert_eq!(mixed.code, Some(1), "{mixed:?}");
    for line in [
        "'good.yml'  SUCCESS",
        "'wrong.yml'  FAILED",
        "wrong.yml:2: ",
        "wrong.yml:7: ",
    ] {
        assert!(
            mixed.output.contains(line),
            "{line} is missing: {}",
            mixed.output
        );
    }
    let missing = Setup::bare().arguments(&["check-config", "none.yml"]).run();
    assert_eq!(missing.code, Some(1));
}
