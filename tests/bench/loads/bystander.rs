//! Everything is due for a receiver that is dead, beside one that is well: does the second notice?

use std::time::Duration;

use super::Load;
use super::singles::Stream;
use crate::contender::Contender;
use crate::figure::{Figure, percentile};
use crate::fleet::Fleet;
use crate::receiver::{Manner, Receiver};
use crate::stand::{Stand, send_at_once, spent, wait_long};

pub const LOAD: Load = Load {
    name: "bystander",
    about: "10,000 groups due for a receiver that never answers, beside 100 alerts a second",
    run,
    floor: None,
};

const GROUPS: usize = 10_000;
const RATE: u32 = 100;

/// How long the other one is told alone, and then beside the dead one.
const ALONE: Duration = Duration::from_secs(4);
const BESIDE: Duration = Duration::from_secs(12);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let groups = stand.count(GROUPS);
    let healthy = Receiver::start(Manner::Answers);
    let dead = Receiver::start(Manner::Dead);
    let daemon = contender.start(&configuration(&healthy, &dead));
    let mut connection = daemon.connect();
    let fleet = stand.fleet(1_000_000);
    let stream = |first, span| Stream {
        rate: RATE,
        span: stand.span(span),
        first,
    };
    stream(0, Duration::from_secs(1)).latencies(&mut connection, &fleet, &healthy);
    let alone = stream(100_000, ALONE).latencies(&mut connection, &fleet, &healthy);
    let doomed = Fleet {
        job: "dead".to_owned(),
        groups,
        ..fleet.clone()
    };
    send_at_once(&mut daemon.connect(), &doomed, groups);
    wait_long("the dead one is called", || dead.connections() > 0);
    let mut beside = Vec::new();
    let spent = spent(&daemon, || {
        beside = stream(200_000, BESIDE).latencies(&mut connection, &fleet, &healthy);
    });
    let vitals = daemon.vitals();
    vec![
        Figure::millis("from POST to webhook alone, median", percentile(&alone, 50)),
        Figure::millis("from POST to webhook alone, p99", percentile(&alone, 99)),
        Figure::millis(
            "from POST to webhook beside, median",
            percentile(&beside, 50),
        ),
        Figure::millis("from POST to webhook beside, p99", percentile(&beside, 99)),
        Figure::seconds("CPU meanwhile", spent),
        Figure::count("descriptors open at the end", vitals.descriptors),
        Figure::count("connections opened to the dead one", dead.connections()),
        Figure::memory("peak", vitals.peak_kib),
    ]
}

fn configuration(healthy: &Receiver, dead: &Receiver) -> String {
    format!(
        "route:\n  \
           receiver: healthy\n  \
           group_by: ['...']\n  \
           group_wait: 0s\n  \
           group_interval: 1h\n  \
           routes:\n  \
           - {{receiver: dead, matchers: ['job=\"dead\"'], group_by: [cluster, service], group_wait: 3s, group_interval: 10s}}\n\
         receivers:\n\
         - name: healthy\n  \
           webhook_configs: [{{url: '{}'}}]\n\
         - name: dead\n  \
           webhook_configs: [{{url: '{}'}}]\n",
        healthy.url(),
        dead.url()
    )
}
