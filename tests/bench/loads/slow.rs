//! Receivers are well, but take their time for each answer.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::{Figure, Unit};
use crate::receiver::{Manner, Receiver};
use crate::stand::{EACH_AT_ONCE, Stand, one_route, send_at_once, wait_up_to};
use crate::time::{millis, now, pause};

pub const LOAD: Load = Load {
    name: "slow",
    about: "60 groups for a receiver with 3 s an answer and `group_interval: 10s`; \
            200 and 2,000 for one with 0.5 s",
    run,
    floor: None,
};

const GROUPS: usize = 60;
const LATENCY: Duration = millis(3000);
const INTERVAL: Duration = Duration::from_secs(10);

/// The same where a run is quick.
const QUICK_LATENCY: Duration = millis(300);
const QUICK_INTERVAL: Duration = Duration::from_secs(1);

/// What the quicker receiver is told of, and its latency.
const MANY: [(usize, &str); 2] = [(200, "200"), (2_000, "2,000")];
const SHORT_LATENCY: Duration = millis(500);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let mut figures = longer_than_comfortable(stand, contender);
    for (groups, name) in MANY {
        figures.extend(many(stand, contender, stand.few(groups), name));
    }
    figures
}

/// Each answer takes a good part of the time between two flushes of a group.
fn longer_than_comfortable(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let groups = stand.few(GROUPS);
    let (latency, interval) = if stand.is_quick {
        (QUICK_LATENCY, QUICK_INTERVAL)
    } else {
        (LATENCY, INTERVAL)
    };
    let receiver = Receiver::start(Manner::After(latency));
    let keys = format!("{EACH_AT_ONCE}, group_interval: {}s", interval.as_secs());
    let daemon = contender.start(&one_route(&receiver.url(), &keys));
    let sent_at = now();
    send_at_once(&mut daemon.connect(), &stand.fleet(groups), groups);
    let bound = stand.bound();
    let is_told = wait_up_to(sent_at + bound, || receiver.told() == groups);
    let new_after = receiver.last_new_at().since(sent_at);
    let told_after = receiver.last_told_at().since(sent_at);
    // What was told, but not believed to be, is told again by the next flush.
    pause(interval + latency / 2);
    let failed = |what| {
        let name = format!("alertmanager_{what}_failed_total");
        daemon.counted(&name)
    };
    vec![
        Figure::count("60 groups at 3 s: webhooks", receiver.webhooks()),
        Figure::new(
            "notifications counted as failed",
            Unit::Times,
            failed("notifications"),
        ),
        Figure::new(
            "attempts counted as failed",
            Unit::Times,
            failed("notification_requests"),
        ),
        Figure::within("last page came after", bound, is_told.then_some(new_after)),
        Figure::within(
            "and was answered after",
            bound,
            is_told.then_some(told_after),
        ),
    ]
}

/// So many groups that a daemon has to tell several at a time.
fn many(stand: &Stand, contender: &Contender, groups: usize, name: &str) -> Vec<Figure> {
    let receiver = Receiver::start(Manner::After(stand.span(SHORT_LATENCY)));
    let daemon = contender.start(&one_route(&receiver.url(), EACH_AT_ONCE));
    let sent_at = now();
    send_at_once(&mut daemon.connect(), &stand.fleet(groups), groups);
    let bound = stand.bound();
    let is_told = wait_up_to(sent_at + bound, || receiver.told() == groups);
    let told_after = receiver.last_told_at().since(sent_at);
    let named = |what| format!("{name} at 0.5 s: {what}");
    vec![
        Figure::within(
            &named("all told after"),
            bound,
            is_told.then_some(told_after),
        ),
        Figure::count(&named("webhooks"), receiver.webhooks()),
        Figure::count(
            &named("most connections at once"),
            receiver.most_connections(),
        ),
        Figure::count(&named("connections opened"), receiver.connections()),
        Figure::memory(&named("peak"), daemon.vitals().peak_kib),
    ]
}
