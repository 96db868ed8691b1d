//! A fleet as it is: some receivers are fast, others slow, throttling, hanging or down. All but the
//! fast ones have much to be told; beside that, alerts for the fast ones come one by one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::Load;
use super::singles::Stream;
use crate::absent::Refusing;
use crate::connection::Connection;
use crate::contender::{Contender, Running};
use crate::figure::{Figure, Unit, as_float, percentile};
use crate::fleet::Fleet;
use crate::receiver::{Arrival, Manner, Receiver, Throttle, Window};
use crate::stand::{EACH_AT_ONCE, Stand, routes, send_at_once, spent, wait_up_to};
use crate::time::{millis, now, pause};

pub const LOAD: Load = Load {
    name: "mixed",
    about: "40 groups each for 4 receivers with 0.5 s an answer, 4 with 3 s, 4 that throttle, 8 that \
            hang and 8 that are down, beside 100 alerts a second for 4 fast ones",
    run,
    floor: None,
};

const GROUPS: usize = 40;
const RATE: u32 = 100;
const SPAN: Duration = Duration::from_secs(12);

const FAST: usize = 4;
const SLOW: usize = 4;
const HUNG: usize = 8;
const DOWN: usize = 8;

/// How often the daemon's threads are counted.
const LOOK: Duration = millis(50);

/// Everybody who is told, or not.
struct Receivers {
    fast: Vec<Receiver>,
    half_a_second: Vec<Receiver>,
    three_seconds: Vec<Receiver>,
    throttling: Vec<Receiver>,
    hung: Vec<Receiver>,
    down: Vec<Refusing>,
}

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let receivers = Receivers::start(stand);
    let others = receivers.others();
    let daemon = contender.start(&configuration(&receivers, &others));
    let mut connection = daemon.connect();
    let groups = stand.few(GROUPS);
    let sent_at = now();
    for (at, _) in others.iter().enumerate() {
        let fleet = Fleet {
            job: job(at),
            ..stand.fleet(groups)
        };
        send_at_once(&mut connection, &fleet, groups);
    }
    let bound = stand.bound();
    let mut delays = Vec::new();
    let mut threads = 0;
    let spent = spent(&daemon, || {
        threads = most_threads(&daemon, || {
            delays = stream(stand, &mut connection, &receivers.fast);
        });
    });
    let is_told = |receivers: &[Receiver]| receivers.iter().all(|it| it.told() == groups);
    let told = |receivers: &[Receiver]| {
        let is_told = wait_up_to(sent_at + bound, || is_told(receivers));
        let last = receivers.iter().map(Receiver::last_told_at).max();
        is_told.then(|| last.expect("there are some").since(sent_at))
    };
    let refused = |receivers: &[Receiver]| receivers.iter().map(Receiver::refused).sum();
    let page = |percent| Some(percentile(&delays, percent)).filter(|delay| *delay < bound);
    vec![
        Figure::within("from POST to page, median", bound, page(50)),
        Figure::within("from POST to page, p99", bound, page(99)),
        Figure::within(
            "those with 0.5 s all told after",
            bound,
            told(&receivers.half_a_second),
        ),
        Figure::within(
            "those with 3 s all told after",
            bound,
            told(&receivers.three_seconds),
        ),
        Figure::within(
            "those that throttle all told after",
            bound,
            told(&receivers.throttling),
        ),
        Figure::count("webhooks they refused", refused(&receivers.throttling)),
        Figure::seconds("CPU beside the stream", spent),
        Figure::new("threads, at most", Unit::Times, as_float(threads)),
        Figure::memory("peak", daemon.vitals().peak_kib),
    ]
}

/// How long after its post each page came; what did not come counts with the whole time that it was
/// waited for.
fn stream(stand: &Stand, connection: &mut Connection, fast: &[Receiver]) -> Vec<Duration> {
    let stream = Stream {
        rate: RATE,
        span: stand.span(SPAN),
        first: 0,
    };
    let posted = stream.post(connection, &stand.fleet(1_000_000));
    let count = posted.at.len();
    let told = || fast.iter().map(Receiver::told).sum::<usize>();
    wait_up_to(now() + stand.bound(), || told() == count);
    let arrivals: Vec<Arrival> = fast.iter().flat_map(Receiver::arrivals).collect();
    let mut delays = posted.delays(&arrivals);
    delays.resize(delays.len().max(count), stand.bound());
    delays
}

/// The most threads that the daemon has while `work` is done.
fn most_threads(daemon: &Running, work: impl FnOnce()) -> u64 {
    let is_over = AtomicBool::new(false);
    let most = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                most.fetch_max(daemon.vitals().threads, Ordering::SeqCst);
                pause(LOOK);
            }
        });
        work();
        is_over.store(true, Ordering::SeqCst);
    });
    most.into_inner()
}

impl Receivers {
    fn start(stand: &Stand) -> Self {
        let some = |count: usize, manner| (0..count).map(|_| Receiver::start(manner)).collect();
        let throttle = Throttle {
            webhooks: 5,
            span: Duration::from_secs(2),
            window: Window::Fixed,
        };
        Receivers {
            fast: some(FAST, Manner::Answers),
            half_a_second: some(SLOW, Manner::After(stand.span(millis(500)))),
            three_seconds: some(SLOW, Manner::After(stand.span(millis(3000)))),
            throttling: some(SLOW, Manner::Throttles(throttle)),
            hung: some(HUNG, Manner::Dead),
            down: (0..DOWN).map(|_| Refusing::new()).collect(),
        }
    }

    /// Where all webhooks go but those for the fast ones.
    fn others(&self) -> Vec<String> {
        let listening = [
            &self.half_a_second,
            &self.three_seconds,
            &self.throttling,
            &self.hung,
        ];
        let listening = listening.into_iter().flatten().map(Receiver::url);
        listening
            .chain(self.down.iter().map(Refusing::url))
            .collect()
    }
}

/// A route for each of the others by its job. The alerts of the stream are shared out among the fast
/// ones by their last digits.
fn configuration(receivers: &Receivers, others: &[String]) -> String {
    let others = others.iter().enumerate();
    let mut targets: Vec<(String, String)> = others
        .map(|(at, url)| (format!("job=\"{}\"", job(at)), url.clone()))
        .collect();
    let digits = ["[0-2]", "[3-5]", "[67]", "[89]"];
    for (receiver, digits) in receivers.fast.iter().zip(digits) {
        targets.push((format!("service=~\".*{digits}\""), receiver.url()));
    }
    routes(&targets, EACH_AT_ONCE)
}

fn job(at: usize) -> String {
    format!("mixed-{at:02}")
}
