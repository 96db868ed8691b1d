//! Receivers that take only so much in a while and refuse the rest: one that counts by fixed windows,
//! one by a sliding log, at the same time.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::Figure;
use crate::fleet::Fleet;
use crate::receiver::{Manner, Receiver, Throttle, Window};
use crate::stand::{EACH_AT_ONCE, Stand, routes, send_at_once, wait_up_to};
use crate::time::now;

pub const LOAD: Load = Load {
    name: "throttle",
    about: "100 groups due at once for each of two receivers that take 5 webhooks in 2 s, which takes \
            36 to 38 s at least, and answer 429 with `Retry-After: 2` beyond",
    run,
    floor: None,
};

const GROUPS: usize = 100;
const WEBHOOKS: usize = 5;
const SPAN: Duration = Duration::from_secs(2);

/// Alertmanager asks once in a flush, so it has four within the bound.
const INTERVAL: &str = "group_interval: 15s";

/// The same where a run is quick; the header knows no less than a second.
const QUICK_GROUPS: usize = 10;
const QUICK_SPAN: Duration = Duration::from_secs(1);

const KINDS: [(Window, &str); 2] = [
    (Window::Fixed, "fixed windows"),
    (Window::Sliding, "sliding log"),
];

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let (groups, span) = if stand.is_quick {
        (QUICK_GROUPS, QUICK_SPAN)
    } else {
        (GROUPS, SPAN)
    };
    let receivers = KINDS.map(|(window, _)| {
        Receiver::start(Manner::Throttles(Throttle {
            webhooks: WEBHOOKS,
            span,
            window,
        }))
    });
    let targets = [0, 1].map(|at| (format!("job=\"{}\"", job(at)), receivers[at].url()));
    let daemon = contender.start(&routes(&targets, &format!("{EACH_AT_ONCE}, {INTERVAL}")));
    let mut connection = daemon.connect();
    let sent_at = now();
    for at in [0, 1] {
        let fleet = Fleet {
            job: job(at),
            ..stand.fleet(groups)
        };
        send_at_once(&mut connection, &fleet, groups);
    }
    let is_told = |receiver: &Receiver| receiver.told() == groups;
    wait_up_to(sent_at + stand.bound(), || receivers.iter().all(is_told));
    let mut figures = Vec::new();
    for (receiver, (_, name)) in receivers.iter().zip(KINDS) {
        let named = |what| format!("{name}: {what}");
        let told_after = receiver.last_told_at().since(sent_at);
        let took = is_told(receiver).then_some(told_after);
        figures.extend([
            Figure::within(&named("all told after"), stand.bound(), took),
            Figure::count(&named("refused webhooks"), receiver.refused()),
            Figure::count(&named("not told by then"), groups - receiver.told()),
        ]);
    }
    figures
}

fn job(at: usize) -> String {
    format!("throttle-{at}")
}
