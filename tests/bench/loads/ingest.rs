//! Alerts come in that nobody is told of yet, and come again as long as they fire: what a daemon
//! does most of its life.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::{Figure, percentile};
use crate::stand::{Stand, one_route, send, spent};

pub const LOAD: Load = Load {
    name: "ingest",
    about: "200,000 alerts in 20,000 groups, in batches of 64 over one connection; then all again",
    run,
    floor: Some(floor),
};

/// Alerts at full scale.
pub const ALERTS: usize = 200_000;

/// Alerts of a group.
pub const PER_GROUP: usize = 10;

/// A route that tells nobody while the load runs.
pub const QUIET: &str = "group_by: [cluster, service], group_wait: 2h";

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let count = stand.count(ALERTS);
    let daemon = contender.start(&one_route("http://127.0.0.1:9/", QUIET));
    let fleet = stand.fleet(count / PER_GROUP);
    let mut connection = daemon.connect();
    let mut spans = Vec::new();
    let fresh = spent(&daemon, || spans = send(&mut connection, &fleet, count));
    stand.settle();
    let settled = daemon.vitals();
    let again = stand.again(&fleet);
    let mut spans_again = Vec::new();
    let resent = spent(&daemon, || {
        spans_again = send(&mut connection, &again, count);
    });
    stand.settle();
    let after = daemon.vitals();
    let batch: fn(&str, &[Duration], usize) -> Figure =
        |name, spans, percent| Figure::millis(name, percentile(spans, percent));
    vec![
        Figure::each("CPU per fresh alert", fresh, count),
        Figure::each("CPU per alert sent again", resent, count),
        Figure::memory("resident with all", settled.resident_kib),
        Figure::memory("resident after all again", after.resident_kib),
        Figure::memory("peak", after.peak_kib),
        batch("batch answered, median", &spans, 50),
        batch("batch answered, p99", &spans, 99),
        batch("batch of known ones answered, p99", &spans_again, 99),
    ]
}

/// An HTTP server that parses the alerts and drops them.
fn floor(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let count = stand.count(ALERTS);
    let daemon = contender.start("");
    let fleet = stand.fleet(count / PER_GROUP);
    let mut connection = daemon.connect();
    let fresh = spent(&daemon, || {
        send(&mut connection, &fleet, count);
    });
    vec![
        Figure::each("CPU per fresh alert", fresh, count),
        Figure::each("CPU per alert sent again", fresh, count),
    ]
}
