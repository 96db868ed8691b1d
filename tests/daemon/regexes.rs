//! Tests with regexes from outside that would use up the processor or the memory: each request has a budget,
//! and the daemon answers at start before it compiles any regex.

use std::fs;

use serde_json::{Value, json};

use crate::client::Reply;
use crate::process::{Daemon, Setup};
use crate::receiver::Receiver;
use crate::samples::{firing, told_soon};
use crate::time::{wait_until, wall};

/// Compiles to nine megabytes if it is let.
const HUGE: &str = r"(?i)\pL{190}";

fn silence(daemon: &Daemon, values: &[String]) -> Reply {
    let matcher = |value: &String| json!({"name": "a", "value": value, "isRegex": true});
    let silence = json!({
        "matchers": values.iter().map(matcher).collect::<Value>(),
        "startsAt": wall().to_string(),
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "ann",
        "comment": "",
    });
    let body = serde_json::to_vec(&silence).expect("JSON");
    daemon.connect().post("/api/v2/silences", &body)
}

/// Memory that the daemon has taken since `before`, at most, in MiB. Neither build needs anything near what
/// is asserted.
fn peak_growth(daemon: &Daemon, before_kib: u64) -> u64 {
    daemon.vitals().peak_kib.saturating_sub(before_kib) / 1024
}

#[test]
fn filters_and_silences_that_compile_to_a_gigabyte_are_refused_by_name_of_the_bound() {
    let daemon = Setup::bare().start();
    let before = daemon.vitals().resident_kib;
    let filters = "filter=a%3D~%22(%3Fi)%5C%5CpL%7B190%7D%22&".repeat(100);
    let reply = daemon.get(&format!("/api/v2/alerts?{filters}"));
    assert_eq!(reply.status, 400);
    assert!(
        reply.text().contains("1048576 bytes once compiled"),
        "{}",
        reply.text()
    );
    let reply = silence(&daemon, &vec![HUGE.to_owned(); 100]);
    assert_eq!(reply.status, 400);
    assert!(
        reply.text().contains("1048576 bytes once compiled"),
        "{}",
        reply.text()
    );
    let growth = peak_growth(&daemon, before);
    assert!(growth < 100, "{growth} MiB");
    let scrape = daemon.scrape();
    assert_eq!(
        scrape.value("alertwheel_limit{name=\"regex_bytes\"}"),
        1_048_576.0
    );
}

#[test]
fn a_filter_of_twenty_kilobytes_is_answered() {
    // T12.
    let daemon = Setup::bare().start();
    let names: Vec<String> = (0..1500)
        .map(|number| format!("host-{number:05}x"))
        .collect();
    let target = format!("/api/v2/alerts?filter=a%3D~%22{}%22", names.join("%7C"));
    assert!(target.len() > 20 * 1024);
    let reply = daemon.get(&target);
    assert_eq!((reply.status, reply.text().trim_end()), (200, "[]"));
}

#[test]
fn thirty_silences_of_thousands_of_names_cost_what_the_names_cost() {
    // T9 and T10.
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let before = daemon.vitals().resident_kib;
    for silence_number in 0..30 {
        let name = |number| format!(r"node-{silence_number}-{number}\..+");
        let names: Vec<String> = (0..4000).map(name).collect();
        assert_eq!(silence(&daemon, &[names.join("|")]).status, 200);
    }
    let names: Vec<String> = (0..2400)
        .map(|number| format!("host-{number:05}.example.com"))
        .collect();
    assert_eq!(silence(&daemon, &[names.join("|")]).status, 200);
    let growth = peak_growth(&daemon, before);
    assert!(growth < 100, "{growth} MiB");

    let of = |instance: &str, a: &str| {
        let mut alert = firing("Disk", instance);
        alert["labels"]["a"] = json!(a);
        alert
    };
    daemon.post(&[
        of("silenced", "node-17-3999.x"),
        of("silenced-too", "host-02399.example.com"),
        of("told", "node-17-4000.x"),
    ]);
    assert_eq!(receiver.next().summary(), "first notification: told=firing");
}

#[test]
fn a_value_that_would_take_a_regex_seconds_is_not_looked_at_and_not_silenced() {
    // H3.
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    assert_eq!(silence(&daemon, &[".*a.{900}y".to_owned()]).status, 200);
    let threads = daemon.vitals().threads;
    let mut alert = firing("Disk", "large");
    alert["labels"]["a"] = json!("ab".repeat(100_000) + "y");
    daemon.post(&[alert]);
    assert_eq!(
        receiver.next().summary(),
        "first notification: large=firing"
    );
    wait_until("no thread is left busy", || {
        daemon.vitals().threads <= threads + 2
    });
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(!ended.log.contains("left behind"), "{}", ended.log);
}

#[test]
fn a_start_with_a_thousand_silences_full_of_huge_regexes_answers_and_keeps_them() {
    // Bar 4. An Alertmanager took them; here they are past the bound.
    let home = Setup::bare();
    let storage = home.folder().join("data");
    fs::create_dir_all(&storage).expect("a folder for a test");
    let silences: Vec<u8> = (0..1000).flat_map(left_silence).collect();
    fs::write(storage.join("silences"), silences).expect("a file for a test");
    let daemon = home.start();
    assert_eq!(daemon.get("/-/ready").status, 200);
    // Once more, from the journal.
    let daemon = daemon.kill().start();
    assert_eq!(daemon.get("/-/ready").status, 200);
    assert!(
        daemon.vitals().peak_kib < 400 * 1024,
        "{:?}",
        daemon.vitals()
    );
    let kept = daemon.get("/api/v2/silences").json();
    assert_eq!(kept.as_array().map(Vec::len), Some(1000));

    // The first alert that asks finds that they mute nothing.
    let mut alert = firing("Disk", "told");
    alert["labels"]["a"] = json!("x");
    daemon.post(&[alert]);
    let shown = daemon.get("/api/v2/alerts").json();
    assert_eq!(shown[0]["status"]["state"], "active");
    wait_until("it is told", || {
        let log = daemon.log();
        log.contains("does not compile") && log.contains("expression too large")
    });
    let unreadable = "alertmanager_silences_matcher_compile_errors_total{stage=\"load_snapshot\"}";
    wait_until("it is counted", || daemon.scrape().value(unreadable) >= 1.0);
}

/// A silence of a hundred huge regexes in the form in which an Alertmanager leaves it.
fn left_silence(number: usize) -> Vec<u8> {
    let time = |seconds: u64| [vec![0x08], varint(seconds)].concat();
    let matcher = |index: usize| {
        let value = format!("{HUGE}{index}");
        [vec![0x08, 1], field(2, b"a"), field(3, value.as_bytes())].concat()
    };
    let matchers: Vec<u8> = (0..100)
        .flat_map(|index| field(2, &matcher(index)))
        .collect();
    let silence = [
        field(
            1,
            format!("00000000-0000-4000-8000-{number:012}").as_bytes(),
        ),
        matchers,
        field(3, &time(1_700_000_000)),
        field(4, &time(4_000_000_000)),
        field(5, &time(1_700_000_000)),
        field(8, b"ann"),
    ]
    .concat();
    let kept = [field(1, &silence), field(2, &time(4_000_500_000))].concat();
    [varint(kept.len() as u64), kept].concat()
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [
        vec![number << 3 | 2],
        varint(bytes.len() as u64),
        bytes.to_vec(),
    ]
    .concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
