//! People and programs that look at everything while alerts keep coming.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::Load;
use super::ingest::{ALERTS, PER_GROUP, QUIET};
use crate::connection::Connection;
use crate::contender::{Contender, Running};
use crate::figure::{Figure, percentile};
use crate::fleet::{BATCH, Fleet};
use crate::stand::{Stand, one_route, send};
use crate::time::{now, pause_until};

pub const LOAD: Load = Load {
    name: "reads",
    about: "200,000 alerts read as a list, by group, and one of them; then batches beside readers",
    run,
    floor: None,
};

const ONE: &str = "/api/v2/alerts?filter=instance%3D%22host-0000042%3A9100%22";

/// Batches a second beside the reads: what some fifteen Prometheus servers with as many alerts send.
const RATE: u32 = 50;

const SPAN: Duration = Duration::from_secs(6);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let count = stand.count(ALERTS);
    let daemon = contender.start(&one_route("http://127.0.0.1:9/", QUIET));
    let fleet = stand.fleet(count / PER_GROUP);
    let mut connection = daemon.connect();
    send(&mut connection, &fleet, count);
    stand.settle();
    let of_one: Vec<Duration> = (0..5).map(|_| read_one(&mut connection)).collect();
    let of_all = connection.get("/api/v2/alerts");
    assert!(of_all.bytes > count * 100, "all alerts are there");
    let of_groups = connection.get("/api/v2/alerts/groups");
    assert!(of_groups.bytes > count * 100, "all alerts are there");
    let peak = daemon.vitals().peak_kib;
    let fleet = stand.again(&fleet);
    let alone = batches(&mut connection, &fleet, count, stand.span(SPAN));
    let (beside, reads) = batches_beside_reads(stand, &daemon, &fleet, count);
    vec![
        Figure::millis("all alerts", of_all.took),
        Figure::millis("all groups", of_groups.took),
        Figure::millis("one alert by a filter", percentile(&of_one, 50)),
        Figure::memory("peak", peak),
        Figure::millis("batch answered alone, p99", percentile(&alone, 99)),
        Figure::millis(
            "batch answered beside reads, median",
            percentile(&beside, 50),
        ),
        Figure::millis("batch answered beside reads, p99", percentile(&beside, 99)),
        Figure::millis("a read of all beside batches", stand.span(SPAN) / reads),
    ]
}

fn read_one(connection: &mut Connection) -> Duration {
    let reply = connection.get(ONE);
    assert!(reply.bytes > 100, "the alert is there");
    reply.took
}

/// Batches at [`RATE`] while another connection reads all alerts over and over; also says how many
/// reads there were, the one that was under way at the end among them.
fn batches_beside_reads(
    stand: &Stand,
    daemon: &Running,
    fleet: &Fleet,
    count: usize,
) -> (Vec<Duration>, u32) {
    let is_over = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    let spans = thread::scope(|scope| {
        scope.spawn(|| {
            let mut reader = daemon.connect();
            while !is_over.load(Ordering::SeqCst) {
                reads.fetch_add(1, Ordering::SeqCst);
                reader.get("/api/v2/alerts");
            }
        });
        let spans = batches(&mut daemon.connect(), fleet, count, stand.span(SPAN));
        is_over.store(true, Ordering::SeqCst);
        spans
    });
    let reads = u32::try_from(reads.into_inner()).expect("some thousands");
    (spans, reads)
}

fn batches(
    connection: &mut Connection,
    fleet: &Fleet,
    count: usize,
    span: Duration,
) -> Vec<Duration> {
    let step = Duration::from_secs(1) / RATE;
    let turns = u32::try_from(span.as_nanos() / step.as_nanos()).expect("some thousands");
    let mut requests = fleet.requests(BATCH);
    let mut firsts = (0..=count - BATCH).step_by(BATCH).cycle();
    let begun = now();
    let post = |turn| {
        pause_until(begun + step * turn);
        let first = firsts.next().expect("it goes round");
        connection.tell(requests.from(first)).took
    };
    (0..turns).map(post).collect()
}
