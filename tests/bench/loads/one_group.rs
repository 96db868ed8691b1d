//! One group that is very large: all of it goes into one webhook.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::{Figure, Unit, as_float};
use crate::receiver::{Manner, Receiver};
use crate::stand::{Stand, one_route, send_at_once, spent, wait_long};
use crate::time::{millis, now, pause_until};

pub const LOAD: Load = Load {
    name: "one-group",
    about: "one group of 20,000 alerts",
    run,
    floor: None,
};

const ALERTS: usize = 20_000;

/// When the group is due, and when taking in is over.
const WAIT: Duration = millis(4000);
const TAKEN_IN: Duration = millis(3000);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let count = stand.count(ALERTS);
    let receiver = Receiver::start(Manner::Answers);
    let route = format!(
        "group_by: [cluster, service], group_wait: {}s, group_interval: 1h",
        WAIT.as_secs()
    );
    let daemon = contender.start(&one_route(&receiver.url(), &route));
    let sent_at = now();
    send_at_once(&mut daemon.connect(), &stand.fleet(1), count);
    pause_until(sent_at + TAKEN_IN);
    let telling = spent(&daemon, || {
        wait_long("the group is told", || receiver.webhooks() > 0);
        stand.settle();
    });
    assert_eq!(receiver.webhooks(), 1, "the group is told once");
    let vitals = daemon.vitals();
    let bytes = as_float(receiver.bytes()) / as_float(count);
    vec![
        Figure::each("CPU per alert told", telling, count),
        Figure::millis(
            "told after being due",
            receiver.last_at().since(sent_at + WAIT),
        ),
        Figure::new("webhook per alert", Unit::Bytes, bytes),
        Figure::memory("peak", vitals.peak_kib),
        Figure::memory("resident after", vitals.resident_kib),
    ]
}
