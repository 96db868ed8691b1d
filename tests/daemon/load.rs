//! Tests under load and at rest. The memory used is asserted in release builds; the benchmark measures
//! times.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use alertwheel::limits;

use crate::process::{Setup, take_turn};
use crate::receiver::{Answer, Receiver};
use crate::samples::{config, firing, told_soon, webhook};
use crate::time::{millis, now, pause, wait_until};

/// Figures of an unoptimised build say nothing.
const FIGURES_COUNT: bool = cfg!(not(debug_assertions));

const GROUPS: usize = 20_000;

#[test]
fn twenty_thousand_groups_are_due_at_the_same_moment() {
    let _turn = take_turn();
    let receiver = Receiver::healthy();
    let route = "group_by: [alertname, instance], group_wait: 3s, group_interval: 5m";
    let daemon = Setup::with_config(&config(route, &[webhook(&receiver, "")])).start();
    // One request, so that all groups begin at one moment and are due at one.
    let alerts: Vec<Value> = (0..GROUPS)
        .map(|n| firing("Disk", &n.to_string()))
        .collect();
    let posted_at = now();
    daemon.post(&alerts);
    println!("{GROUPS} alerts posted in {:?}", now().since(posted_at));

    let mut told = BTreeSet::new();
    let mut first_at = None;
    for _ in 0..GROUPS {
        let webhook = receiver.next();
        first_at.get_or_insert(webhook.at);
        assert!(
            told.insert(webhook.summary()),
            "told twice: {}",
            webhook.summary()
        );
    }
    let took = now().since(first_at.expect("webhooks came"));
    receiver.expect_silence(millis(500));
    let vitals = daemon.vitals();
    println!(
        "{GROUPS} webhooks in {took:?} over {} connections; peak memory {} KiB",
        receiver.connections(),
        vitals.peak_kib
    );
    assert!(receiver.connections() <= limits::WORKERS_PER_ENDPOINT);
    if FIGURES_COUNT {
        assert!(vitals.peak_kib < 80 * 1024, "{vitals:?}");
    }
}

#[test]
fn a_receiver_that_hangs_delays_no_other() {
    let _turn = take_turn();
    let healthy = Receiver::healthy();
    let hung = Receiver::scripted(|_| Answer::Never);
    // What hangs does so for five minutes, far longer than this test waits for anything.
    let text = format!(
        "route:\n  receiver: healthy\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 5m\n  \
         routes:\n  - {{receiver: hung, matchers: ['alertname=\"Hung\"']}}\nreceivers:\n\
         - name: healthy\n  webhook_configs: [{}]\n- name: hung\n  webhook_configs: [{}]\n",
        webhook(&healthy, ""),
        webhook(&hung, "")
    );
    let daemon = Setup::with_config(&text).start();
    let stuck: Vec<Value> = (0..200).map(|n| firing("Hung", &n.to_string())).collect();
    daemon.post(&stuck);
    wait_until("the other one hangs", || hung.connections() > 0);
    let mut client = daemon.connect();
    for number in 0..200 {
        let alert = firing("Disk", &number.to_string());
        assert_eq!(client.post_alerts(&[alert]).status, 200);
        let told = format!("first notification: {number}=firing");
        assert_eq!(healthy.next().summary(), told);
    }
}

#[test]
fn an_idle_daemon_does_nothing_and_is_small() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    assert_eq!(daemon.get("/-/ready").status, 200);
    // What the start wrote is on disk by then, and that was it.
    pause(millis(2500));
    let before = daemon.vitals();
    pause(Duration::from_secs(10));
    let after = daemon.vitals();
    assert_eq!(after.threads, before.threads);
    let switches = after.context_switches - before.context_switches;
    println!(
        "ten seconds idle: {switches} context switches; {} KiB resident, of which {} its own; {} threads",
        after.resident_kib, after.own_kib, after.threads
    );
    if FIGURES_COUNT {
        assert!(switches <= 5, "{switches}");
        // The rest is pages of the program and its libraries, which the host may take back at any time.
        assert!(after.own_kib < 2 * 1024, "{after:?}");
    }
}
