//! How much at once, how soon, and how little at rest. Figures are asserted in release builds.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use alertwheel::limits;
use alertwheel::model::Mono;

use crate::client::Client;
use crate::process::{Setup, take_turn};
use crate::receiver::{Answer, Receiver};
use crate::samples::{config, firing, told_soon, webhook};
use crate::time::{millis, now, pause, pause_until, wait_until};
use crate::vitals::Vitals;

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

/// Alerts a second.
const RATE: u32 = 200;

/// How long they are posted while nothing hangs.
const ALONE: Duration = Duration::from_secs(5);

/// And while something does: until after the flushes that hang have run into their deadline.
const BESIDE: Duration = Duration::from_secs(11);

#[test]
fn a_receiver_that_hangs_delays_no_other() {
    let _turn = take_turn();
    let healthy = Receiver::healthy();
    let hung = Receiver::scripted(|_| Answer::Never);
    let text = format!(
        "route:\n  receiver: healthy\n  group_by: ['...']\n  group_wait: 0s\n  routes:\n  \
         - {{receiver: hung, matchers: ['alertname=\"Hung\"'], group_interval: 1s}}\nreceivers:\n\
         - name: healthy\n  webhook_configs: [{}]\n- name: hung\n  webhook_configs: [{}]\n",
        webhook(&healthy, ""),
        webhook(&hung, "")
    );
    let daemon = Setup::with_config(&text).start();
    let mut client = daemon.connect();
    // The first connections and the first pages of memory are nobody's latency.
    let _ = latencies(&mut client, &healthy, "warm-up", millis(500));
    let alone = latencies(&mut client, &healthy, "alone", ALONE);

    let stuck: Vec<Value> = (0..200).map(|n| firing("Hung", &n.to_string())).collect();
    assert_eq!(client.post_alerts(&stuck).status, 200);
    wait_until("the other one hangs", || {
        hung.connections() >= limits::WORKERS_PER_ENDPOINT
    });
    let beside = latencies(&mut client, &healthy, "beside", BESIDE);
    println!("from POST to webhook alone: {alone:?}");
    println!("from POST to webhook beside 200 groups of a receiver that hangs: {beside:?}");
    assert!(
        daemon.log().contains("Notify for alerts failed"),
        "the flushes ended"
    );
    if FIGURES_COUNT {
        let most = (2 * alone.p99).max(alone.p99 + millis(5));
        assert!(beside.p99 <= most, "{beside:?} against {alone:?}");
    }
}

/// Latencies in order statistics.
#[derive(Clone, Copy, Debug)]
struct Latencies {
    #[expect(dead_code, reason = "printed")]
    median: Duration,
    p99: Duration,
    #[expect(dead_code, reason = "printed")]
    worst: Duration,
}

/// Posts alerts one by one at [`RATE`]; each is told by a webhook of its own.
fn latencies(client: &mut Client, receiver: &Receiver, phase: &str, span: Duration) -> Latencies {
    let step = Duration::from_secs(1) / RATE;
    let count = usize::try_from(span.as_nanos() / step.as_nanos()).expect("a few thousand");
    let begun = now();
    let mut posted_at = Vec::with_capacity(count);
    for number in 0..count {
        pause_until(begun + step * u32::try_from(number).expect("a few thousand"));
        posted_at.push(now());
        let alert = firing(phase, &number.to_string());
        assert_eq!(client.post_alerts(&[alert]).status, 200);
    }
    let mut waits: Vec<Duration> = (0..count)
        .map(|_| {
            let webhook = receiver.next();
            let posted_at: Mono = posted_at[number_of(&webhook.body())];
            webhook.at.since(posted_at)
        })
        .collect();
    waits.sort_unstable();
    Latencies {
        median: waits[count / 2],
        p99: waits[count * 99 / 100],
        worst: waits[count - 1],
    }
}

/// Which alert a webhook is about.
fn number_of(body: &Value) -> usize {
    let instance = body["alerts"][0]["labels"]["instance"].as_str();
    instance
        .and_then(|text| text.parse().ok())
        .expect("a number")
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
        assert!(after.resident_kib < 5 * 1024, "{after:?}");
        assert!(after.own_kib < 2 * 1024, "{after:?}");
    }
}

#[test]
fn what_a_reload_needed_of_the_program_is_let_go_of() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    // The start lets go as well, when it first syncs its journal; nothing does between that and a reload.
    pause(millis(2000));
    let _ = daemon.scrape();
    let in_use = daemon.vitals();
    daemon.signal(Signal::HUP);
    wait_until("a megabyte of the program is not resident any more", || {
        let program = |vitals: Vitals| vitals.resident_kib - vitals.own_kib;
        program(daemon.vitals()) + 1024 < program(in_use)
    });
    assert_eq!(daemon.get("/-/ready").status, 200, "it is still there");
}
