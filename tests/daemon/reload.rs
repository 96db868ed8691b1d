//! Tests of reloads of a running daemon: by signal and over HTTP, with valid and invalid configurations.

use rustix::process::Signal;

use crate::process::{CONFIG_FILE, Daemon, Setup};
use crate::receiver::{Answer, Receiver};
use crate::samples::{SOON, config, firing, over, told_soon, webhook};
use crate::time::{millis, now, pause_until, wait_until};

const SUCCESSFUL: &str = "alertmanager_config_last_reload_successful";

/// Sends the signal and waits until the log says `outcome` once more.
fn reload_by_signal(daemon: &Daemon, outcome: &str) {
    let count = |daemon: &Daemon| daemon.log().matches(outcome).count();
    let before = count(daemon);
    daemon.signal(Signal::HUP);
    wait_until(outcome, || count(daemon) > before);
}

#[test]
fn a_signal_puts_a_good_configuration_in_force_and_leaves_a_bad_one() {
    let (old, new) = (Receiver::healthy(), Receiver::healthy());
    let daemon = Setup::with_config(&told_soon(&old)).start();
    let hash = daemon.scrape().value("alertmanager_config_hash");

    daemon.write(CONFIG_FILE, "route:\n  receiver: nobody\n");
    reload_by_signal(&daemon, "Loading configuration file failed");
    assert!(
        daemon.log().contains("config.yml:2: route.receiver"),
        "{}",
        daemon.log()
    );
    let scrape = daemon.scrape();
    assert_eq!(scrape.value(SUCCESSFUL), 0.0);
    assert_eq!(scrape.value("alertmanager_config_hash"), hash);
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(old.next().summary(), "first notification: a=firing");

    daemon.write(CONFIG_FILE, &told_soon(&new));
    reload_by_signal(&daemon, "Completed loading of configuration file");
    let scrape = daemon.scrape();
    assert_eq!(scrape.value(SUCCESSFUL), 1.0);
    assert_ne!(scrape.value("alertmanager_config_hash"), hash);
    daemon.post(&[firing("Load", "b")]);
    assert_eq!(new.next().summary(), "first notification: b=firing");
    assert!(old.so_far().is_empty());
}

#[test]
fn a_post_reloads_and_says_how_that_went() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let reply = daemon.connect().post("/-/reload", b"");
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));

    daemon.write(CONFIG_FILE, "receivers: []\n");
    let reply = daemon.connect().post("/-/reload", b"");
    assert_eq!(reply.status, 500);
    let text = reply.text();
    assert!(text.starts_with("failed to reload config: "), "{text}");
    assert!(text.contains(CONFIG_FILE), "{text}");
    assert_eq!(daemon.scrape().value(SUCCESSFUL), 0.0);
    assert_eq!(daemon.get("/-/reload").status, 405);
    let status = daemon.get("/api/v2/status").json();
    let original = status["config"]["original"].as_str().expect("a text");
    assert!(original.contains("name: team"), "the old one: {original}");
}

#[test]
fn groups_that_a_reload_does_not_concern_keep_their_waits() {
    let receiver = Receiver::healthy();
    let route = SOON.replace("50ms", "1500ms");
    let text = config(&route, &[webhook(&receiver, "")]);
    let daemon = Setup::with_config(&text).start();
    let posted_at = now();
    daemon.post(&[firing("Disk", "a")]);

    pause_until(posted_at + millis(700));
    let other = "- name: other\n  webhook_configs: [{url: 'http://other.example/'}]\n";
    daemon.write(CONFIG_FILE, &format!("{text}{other}"));
    reload_by_signal(&daemon, "Completed loading of configuration file");
    let kept = "alertwheel_groups_reloaded_total{fate=\"kept\"}";
    assert_eq!(daemon.scrape().value(kept), 1.0);

    let told = receiver.next();
    let waited = told.at.since(posted_at);
    assert!(
        waited >= millis(1500),
        "not sooner for the reload: {waited:?}"
    );
    assert_eq!(told.summary(), "first notification: a=firing");
}

#[test]
fn what_a_receiver_was_told_is_not_told_again_after_a_reload() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let alert = firing("Disk", "a");
    daemon.post(std::slice::from_ref(&alert));
    assert_eq!(receiver.next().summary(), "first notification: a=firing");
    for _ in 0..3 {
        reload_by_signal(&daemon, "Completed loading of configuration file");
    }
    receiver.expect_silence(millis(1200));
    daemon.post(&[over(alert)]);
    assert_eq!(receiver.next().summary(), "all alerts resolved: a=resolved");
}

#[test]
fn a_reload_says_which_groups_move_and_why_and_whose_work_stays_unsent() {
    let hung = Receiver::scripted(|_| Answer::Never);
    let route = "group_by: [alertname], group_wait: 50ms, group_interval: 1h";
    let text = |routes: &str, others: &str| {
        let team = webhook(&hung, "");
        format!(
            "route:\n  receiver: team\n  {}\n  routes: [{routes}]\nreceivers:\n\
             - name: team\n  webhook_configs: [{team}]\n{others}",
            route.replace(", ", "\n  ")
        )
    };
    let goes = format!(
        "- name: goes\n  webhook_configs: [{}]\n",
        webhook(&hung, "")
    );
    let moving = "{matchers: ['severity=\"page\"'], group_by: [alertname]}";
    let leaving = "{matchers: ['severity=\"info\"'], receiver: goes}";
    let before = text(&format!("{moving}, {leaving}"), &goes);
    let daemon = Setup::with_config(&before).start();
    let mut alerts = [firing("Disk", "a"), firing("Load", "b"), firing("Net", "c")];
    alerts[0]["labels"]["severity"] = "page".into();
    alerts[1]["labels"]["severity"] = "info".into();
    daemon.post(&alerts);
    wait_until("all are being told", || hung.connections() == 3);

    let after = text(&moving.replace("[alertname]", "[instance]"), "");
    daemon.write(CONFIG_FILE, &after);
    reload_by_signal(&daemon, "Completed loading of configuration file");
    let log = daemon.log();
    let line = |receiver: &str| {
        let is_it = |line: &&str| {
            line.contains("routed again") && line.contains(&format!("receiver={receiver} "))
        };
        let found = log.lines().find(is_it);
        found.unwrap_or_else(|| panic!("nothing about {receiver}: {log}"))
    };
    let (moved, gone) = (line("team"), line("goes"));
    for words in [
        "level=INFO",
        "groups=1",
        "it groups by other labels",
        "still exists",
    ] {
        assert!(moved.contains(words), "{words} is missing: {moved}");
    }
    for words in ["level=WARN", "groups=1", "unsent=1", "was removed"] {
        assert!(gone.contains(words), "{words} is missing: {gone}");
    }
    let fate = |fate: &str| {
        let name = format!("alertwheel_groups_reloaded_total{{fate=\"{fate}\"}}");
        daemon.scrape().value(&name)
    };
    assert_eq!((fate("kept"), fate("moved")), (1.0, 2.0));
}
