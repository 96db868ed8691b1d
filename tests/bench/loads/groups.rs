//! Many groups are due at one moment, each with something to tell to the same receiver.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::Figure;
use crate::fleet::post;
use crate::receiver::{Manner, Receiver};
use crate::stand::{Stand, one_route, send_at_once, spent, wait_long};
use crate::time::{now, pause_until};

pub const LOAD: Load = Load {
    name: "groups",
    about: "20,000 groups of one alert due at once, for one receiver",
    run,
    floor: Some(floor),
};

const GROUPS: usize = 20_000;

/// Long enough for Alertmanager to have taken the alerts in, so that telling is measured alone.
const WAIT: Duration = Duration::from_secs(5);

/// When taking in should be over, and the measuring begins.
const TAKEN_IN: Duration = Duration::from_secs(4);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let count = stand.count(GROUPS);
    let receiver = Receiver::start(Manner::Answers);
    let route = format!(
        "group_by: [cluster, service], group_wait: {}s, group_interval: 1h",
        WAIT.as_secs()
    );
    let daemon = contender.start(&one_route(&receiver.url(), &route));
    let sent_at = now();
    send_at_once(&mut daemon.connect(), &stand.fleet(count), count);
    pause_until(sent_at + TAKEN_IN);
    assert_eq!(receiver.webhooks(), 0, "told before it was due");
    let resident = daemon.vitals().resident_kib;
    let telling = spent(&daemon, || {
        wait_long("all groups are told", || receiver.webhooks() >= count);
        stand.settle();
    });
    assert_eq!(receiver.webhooks(), count, "each group is told once");
    let vitals = daemon.vitals();
    vec![
        Figure::each("CPU per group", telling, count),
        Figure::seconds(
            "told after being due",
            receiver.last_at().since(sent_at + WAIT),
        ),
        Figure::count("connections opened", receiver.connections()),
        Figure::memory("resident before", resident),
        Figure::memory("peak", vitals.peak_kib),
        Figure::memory("resident after", vitals.resident_kib),
    ]
}

/// A client that posts as many bodies of that size.
fn floor(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let count = stand.count(GROUPS);
    let receiver = Receiver::start(Manner::Answers);
    let daemon = contender.start("");
    let order = format!("{count} {}", receiver.url());
    let telling = spent(&daemon, || {
        daemon.connect().tell(&post("/tell", order.as_bytes()));
    });
    assert_eq!(receiver.webhooks(), count, "all were posted");
    vec![Figure::each("CPU per group", telling, count)]
}
