//! Tests of start and stop: when each part is ready, and what a stop waits for and does not wait for.

use rustix::process::Signal;

use crate::process::{CONFIG_FILE, Ended, Setup};
use crate::receiver::{Answer, Receiver};
use crate::samples::{SOON, config, firing, told_soon, webhook};
use crate::time::{millis, now, pause_until};

fn assert_stopped_well(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(
        ended.log.contains("Received shutdown signal"),
        "{}",
        ended.log
    );
    assert!(
        ended.log.trim_end().ends_with("msg=Stopped"),
        "{}",
        ended.log
    );
}

#[test]
fn an_idle_daemon_stops_and_closes_what_it_keeps_open() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let mut kept = daemon.connect();
    assert_eq!(kept.get("/-/ready").status, 200);
    let ended = daemon.stop();
    assert_stopped_well(&ended);
    assert!(!ended.log.contains("level=WARN"), "{}", ended.log);
    assert!(kept.is_closed());
}

#[test]
fn an_interrupt_stops_it_as_well() {
    let daemon = Setup::bare().start();
    daemon.signal(Signal::INT);
    assert_stopped_well(&daemon.stop());
}

#[test]
fn a_stop_waits_for_a_webhook_that_is_slow() {
    let receiver = Receiver::scripted(|_| Answer::YesAfter(millis(1500)));
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    daemon.post(&[firing("Disk", "a")]);
    let told_at = receiver.next().at;
    let ended = daemon.stop();
    assert_stopped_well(&ended);
    let ended_at = now();
    assert!(ended_at.since(told_at) >= millis(1500), "it was waited for");
    assert!(
        !ended.log.contains("level=WARN"),
        "nothing was cut: {}",
        ended.log
    );
}

#[test]
fn a_stop_does_not_wait_for_ever_for_one_that_hangs() {
    let receiver = Receiver::scripted(|_| Answer::Never);
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    daemon.post(&[firing("Disk", "a")]);
    receiver.next();
    let ended = daemon.stop();
    assert_stopped_well(&ended);
    // The second is what it says where the host gives it no time to say the first.
    let said = [
        "msg=\"Stopped while webhooks were being sent\" attempts=1",
        "msg=\"Threads did not stop in time\" threads=dispatch",
    ];
    let is_said = said.iter().any(|line| ended.log.contains(line));
    assert!(is_said, "{}", ended.log);
}

#[test]
fn a_second_signal_during_a_stop_changes_nothing() {
    let receiver = Receiver::scripted(|_| Answer::YesAfter(millis(700)));
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    daemon.post(&[firing("Disk", "a")]);
    let told_at = receiver.next().at;
    daemon.signal(Signal::TERM);
    pause_until(told_at + millis(300));
    let ended = daemon.stop();
    assert_stopped_well(&ended);
    assert!(now().since(told_at) >= millis(700));
}

#[test]
fn groups_that_wait_are_not_flushed_by_a_stop() {
    let receiver = Receiver::healthy();
    let route = SOON.replace("50ms", "1h");
    let daemon = Setup::with_config(&config(&route, &[webhook(&receiver, "")])).start();
    daemon.post(&[firing("Disk", "a")]);
    let ended = daemon.stop();
    assert_stopped_well(&ended);
    assert!(receiver.so_far().is_empty());
}

#[test]
fn it_is_ready_as_soon_as_it_listens() {
    let receiver = Receiver::healthy();
    for _ in 0..5 {
        let daemon = Setup::with_config(&told_soon(&receiver)).start();
        let reply = daemon.get("/-/ready");
        assert_eq!((reply.status, reply.text().as_str()), (200, "OK"));
    }
}

#[test]
fn everything_is_served_below_the_prefix_and_known_by_the_external_url() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver))
        .arguments(&[
            "--web.external-url=https://alerts.example/behind/proxy/",
            "--web.route-prefix=inner/",
        ])
        .start();
    assert_eq!(daemon.get("/inner/-/ready").status, 200);
    assert_eq!(daemon.get("/-/ready").status, 404);
    let body = serde_json::to_vec(&[firing("Disk", "a")]).expect("JSON");
    let reply = daemon.connect().post("/inner/api/v2/alerts", &body);
    assert_eq!(reply.status, 200);
    let external_url = receiver.next().body()["externalURL"].take();
    assert_eq!(external_url, "https://alerts.example/behind/proxy");
}

#[test]
fn without_a_storage_path_nothing_is_kept_on_disk_and_the_log_says_so_once() {
    let receiver = Receiver::healthy();
    let setup = Setup::with_config(&told_soon(&receiver)).argument("--storage.path=");
    let folder = setup.folder().to_owned();
    let daemon = setup.start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().summary(), "first notification: a=firing");
    assert_eq!(daemon.get("/-/ready").status, 200);
    let told = "nothing is kept on disk";
    assert_eq!(daemon.log().matches(told).count(), 1, "{}", daemon.log());
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("its folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, [CONFIG_FILE, "stderr", "stdout"]);
    assert_stopped_well(&daemon.stop());
}

#[test]
fn a_health_check_tells_a_daemon_that_answers_from_one_that_is_gone() {
    let ask = |setup: Setup, address: &str| {
        let address = format!("--web.listen-address={address}");
        setup.arguments(&["--health", &address]).run()
    };
    let daemon = Setup::bare().start();
    let address = daemon.address().to_string();
    let well = ask(daemon.another().sibling(), &address);
    assert_eq!(well.code, Some(0), "{}", well.log);
    assert_eq!(well.log, "", "a health check is quiet");
    let elsewhere = daemon.another().sibling().argument("--web.route-prefix=/x");
    let lost = ask(elsewhere, &address);
    assert_eq!(lost.code, Some(1));
    assert!(lost.log.contains("404"), "{}", lost.log);
    let next = daemon.another().sibling();
    assert_stopped_well(&daemon.stop());
    let gone = ask(next, &address);
    assert_eq!(gone.code, Some(1));
    assert!(gone.log.contains(&address), "{}", gone.log);
}
