//! Alerts one by one, each to be told at once: the way of a page through the daemon.

use std::time::Duration;

use alertwheel::model::Mono;

use super::Load;
use crate::connection::Connection;
use crate::contender::Contender;
use crate::figure::{Figure, percentile};
use crate::fleet::Fleet;
use crate::receiver::{Arrival, Manner, Receiver};
use crate::stand::{Stand, one_route, spent, wait_long};
use crate::time::{now, pause_until};

pub const LOAD: Load = Load {
    name: "singles",
    about: "single alerts, 500 a second, each in a group of its own that is told at once",
    run,
    floor: None,
};

/// A route that tells each alert by itself and at once.
pub const AT_ONCE: &str = "group_by: ['...'], group_wait: 0s, group_interval: 1h";

const RATE: u32 = 500;

/// How long it lasts, and how long before that, for first connections and first pages of memory.
const SPAN: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(1);

/// Alerts at a steady rate.
pub struct Stream {
    /// Alerts a second.
    pub rate: u32,
    /// How long.
    pub span: Duration,
    /// Number of the first one; no two streams to one daemon may share numbers.
    pub first: usize,
}

/// When the alerts of a stream were posted.
pub struct Posted {
    /// Number of the first one.
    pub first: usize,
    /// Of each.
    pub at: Vec<Mono>,
}

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let receiver = Receiver::start(Manner::Answers);
    let daemon = contender.start(&one_route(&receiver.url(), AT_ONCE));
    let mut connection = daemon.connect();
    let fleet = stand.fleet(1_000_000);
    let warm_up = Stream {
        rate: RATE,
        span: stand.span(WARM_UP),
        first: 0,
    };
    warm_up.latencies(&mut connection, &fleet, &receiver);
    let stream = Stream {
        rate: RATE,
        span: stand.span(SPAN),
        first: 100_000,
    };
    let mut latencies = Vec::new();
    let spent = spent(&daemon, || {
        latencies = stream.latencies(&mut connection, &fleet, &receiver);
    });
    let vitals = daemon.vitals();
    vec![
        Figure::each("CPU per alert", spent, latencies.len()),
        Figure::millis("from POST to webhook, median", percentile(&latencies, 50)),
        Figure::millis("from POST to webhook, p99", percentile(&latencies, 99)),
        Figure::count("connections opened", receiver.connections()),
        Figure::memory("peak", vitals.peak_kib),
    ]
}

impl Stream {
    /// Posts the alerts, waits until all are told, and says how long after its post the receiver had
    /// each.
    pub fn latencies(
        &self,
        connection: &mut Connection,
        fleet: &Fleet,
        receiver: &Receiver,
    ) -> Vec<Duration> {
        let told_before = receiver.webhooks();
        let posted = self.post(connection, fleet);
        let all = told_before + posted.at.len();
        wait_long("all alerts are told", || receiver.webhooks() >= all);
        posted.delays(&receiver.arrivals())
    }

    /// Posts the alerts.
    pub fn post(&self, connection: &mut Connection, fleet: &Fleet) -> Posted {
        let step = Duration::from_secs(1) / self.rate;
        let count = u32::try_from(self.span.as_nanos() / step.as_nanos()).expect("some thousands");
        let mut request = fleet.requests(1);
        let begun = now();
        let mut posted_at = Vec::new();
        for (number, turn) in (self.first..).zip(0..count) {
            pause_until(begun + step * turn);
            let bytes = request.from(number);
            posted_at.push(now());
            connection.tell(bytes);
        }
        Posted {
            first: self.first,
            at: posted_at,
        }
    }
}

impl Posted {
    /// How long after its post each of those alerts came that did.
    pub fn delays(&self, arrivals: &[Arrival]) -> Vec<Duration> {
        let of_stream = arrivals.iter().filter_map(|arrival| {
            let posted_at = self.at.get(arrival.host.checked_sub(self.first)?)?;
            Some(arrival.at.since(*posted_at))
        });
        of_stream.collect()
    }
}
