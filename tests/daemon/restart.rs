//! Tests of a start with a large state: its groups continue where they were. The time until the daemon serves
//! and the delay of the groups are printed. In release builds the state is that of a large installation.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use alertwheel::model::Mono;

use crate::process::{Daemon, Setup, take_turn};
use crate::receiver::{Receiver, Webhook};
use crate::samples::{config, webhook};
use crate::time::{millis, now, pause_until, wait_until};

/// Figures of an unoptimised build say nothing.
const IS_LARGE: bool = cfg!(not(debug_assertions));

/// Groups, which come to be one batch after the other, so that their ticks are spread.
const GROUPS: usize = if IS_LARGE { 20_000 } else { 2000 };
const BATCHES: usize = 100;
const ALERTS_PER_GROUP: usize = 5;

/// The time over which they come to be.
const SPREAD: Duration = Duration::from_secs(if IS_LARGE { 15 } else { 5 });

/// Long enough for the kill, the start and the news between the last group and the first tick.
const INTERVAL: Duration = Duration::from_secs(if IS_LARGE { 25 } else { 12 });

fn alert(group: usize, instance: usize) -> Value {
    json!({"labels": {"alertname": group.to_string(), "instance": instance.to_string()}})
}

fn group_of(webhook: &Webhook) -> usize {
    let body = webhook.body();
    let name = body["groupLabels"]["alertname"].as_str();
    name.and_then(|name| name.parse().ok()).expect("a number")
}

/// Makes all groups, and returns when each was told.
fn make_groups(daemon: &Daemon, receiver: &Receiver) -> HashMap<usize, Mono> {
    let begun = now();
    let mut client = daemon.connect();
    let per_batch = GROUPS / BATCHES;
    for batch in 0..BATCHES {
        let step = SPREAD / u32::try_from(BATCHES).expect("a few");
        pause_until(begun + step * u32::try_from(batch).expect("a few"));
        let groups = batch * per_batch..(batch + 1) * per_batch;
        let alerts: Vec<Value> = groups
            .flat_map(|group| (0..ALERTS_PER_GROUP).map(move |instance| alert(group, instance)))
            .collect();
        assert_eq!(client.post_alerts(&alerts).status, 200);
    }
    let told = (0..GROUPS).map(|_| receiver.next());
    let told = told.map(|webhook| (group_of(&webhook), webhook.at));
    let told: HashMap<usize, Mono> = told.collect();
    assert_eq!(told.len(), GROUPS, "each group was told once");
    told
}

#[test]
fn a_large_state_is_taken_up_and_its_groups_tick_on() {
    let _turn = take_turn();
    let receiver = Receiver::healthy();
    let route = format!(
        "group_by: [alertname], group_wait: 500ms, group_interval: {}s, repeat_interval: 1h",
        INTERVAL.as_secs()
    );
    let daemon = Setup::with_config(&config(&route, &[webhook(&receiver, "")])).start();
    let told = make_groups(&daemon, &receiver);
    wait_until("what was told is written", || {
        let written = "alertwheel_journal_records_written_total{kind=\"logEntry\"}";
        daemon.scrape().value(written) >= GROUPS as f64
    });

    let setup = daemon.kill();
    let started_at = now();
    let daemon = setup.start();
    wait_until("it is ready", || daemon.get("/-/ready").status == 200);
    let ready = now().since(started_at);
    let resent = receiver.so_far();
    // News for each group wait for its tick.
    let news: Vec<Value> = (0..GROUPS).map(|group| alert(group, 9)).collect();
    daemon.post(&news);

    let mut apart: Vec<Duration> = Vec::with_capacity(GROUPS);
    for _ in 0..GROUPS {
        let webhook = receiver.next();
        let body = webhook.body();
        assert_eq!(body["notification_reason"], "new alerts added");
        let due_at = told[&group_of(&webhook)] + INTERVAL;
        apart.push(webhook.at.since(due_at) + due_at.since(webhook.at));
    }
    receiver.expect_silence(millis(500));
    apart.sort_unstable();
    let alerts = GROUPS * ALERTS_PER_GROUP;
    println!(
        "{alerts} alerts in {GROUPS} groups: ready in {ready:?}, {} webhooks sent again; ticks moved by {:?} (median), {:?} (99 %), {:?} (most)",
        resent.len(),
        apart[GROUPS / 2],
        apart[GROUPS * 99 / 100],
        apart[GROUPS - 1]
    );
    assert!(resent.is_empty(), "told again: {}", resent[0].summary());
}
