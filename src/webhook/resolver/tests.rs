//! Tests of the cache of hosts, and of slow lookups.

use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn second(seconds: u64) -> Mono {
    Mono::START + Duration::from_secs(seconds)
}

fn v4(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn v6(last: u16) -> IpAddr {
    IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last])
}

fn found(addresses: &[IpAddr], now: Mono) -> Known {
    let mut known = Known::default();
    known.host("name");
    known.learn("name", Ok(addresses.to_vec()), now);
    known
}

#[test]
fn addresses_serve_for_five_seconds_and_failures_for_one() {
    let mut known = found(&[v4(1)], second(0));
    let good = known.host("name");
    assert_eq!(good.fresh(second(4)), Some(Ok(vec![v4(1)])));
    assert_eq!(good.fresh(second(5)), None);
    known.host("bad");
    known.learn("bad", Err(io::Error::other("no such name")), second(0));
    let fault = error("bad", "no such name");
    assert_eq!(known.host("bad").fresh(second(0)), Some(Err(fault)));
    assert_eq!(known.host("bad").fresh(second(1)), None);
    known.learn("bad", Ok(Vec::new()), second(2));
    let fault = known.host("bad").fresh(second(2)).expect("an answer");
    assert_eq!(
        fault.expect_err("none").to_string(),
        "lookup bad: no address"
    );
}

#[test]
fn while_names_cannot_be_looked_up_older_addresses_serve_on() {
    let mut known = found(&[v4(1)], second(0));
    known.learn("name", Err(io::Error::other("down")), second(100));
    assert_eq!(known.host("name").fresh(second(100)), Some(Ok(vec![v4(1)])));
    known.learn("name", Err(io::Error::other("down")), second(3600));
    assert!(
        known
            .host("name")
            .fresh(second(3600))
            .is_some_and(|lookup| lookup.is_err())
    );
}

#[test]
fn families_take_turns_and_what_worked_is_tried_first() {
    let resolver = Resolver::asking(Clock::start(), |_| {
        Ok(vec![v6(1), v6(2), v6(3), v4(1), v4(2)])
    });
    let find = || {
        resolver
            .find("name", Mono::START + HOUR)
            .expect("addresses")
    };
    assert_eq!(find(), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    resolver.worked("name", v4(2));
    assert_eq!(find(), [v4(2), v6(1), v4(1), v6(2), v6(3)]);
    resolver.failed("name");
    assert_eq!(
        find(),
        [v6(1), v4(1), v6(2), v6(3), v4(2)],
        "what failed is tried last"
    );
    resolver.worked("name", v4(2));
    assert_eq!(find()[0], v4(2));
}

#[test]
fn a_failure_ends_the_trust_in_connections_and_in_what_was_looked_up() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let resolver = Resolver::asking(Clock::start(), move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(vec![v4(1)])
    });
    let find = || {
        resolver
            .find("name", Mono::START + HOUR)
            .expect("an address")
    };
    let mut trust = resolver.trust("name");
    let other = resolver.trust("other");
    find();
    find();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    resolver.failed("name");
    assert!(!trust.holds() && other.holds());
    assert!(resolver.trust("name").holds(), "of a later connection");
    trust.renew();
    assert!(trust.holds(), "of one that has answered since");
    find();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_flood_of_names_pushes_out_those_that_were_left_alone_longest() {
    let mut known = Known::default();
    known.host("waited-for").waiting = 1;
    for index in 0..limits::HOST_NAMES + 10 {
        known.host("used");
        known.host(&format!("host-{index}"));
    }
    assert_eq!(known.hosts.len(), limits::HOST_NAMES);
    for name in ["waited-for", "used", "host-260"] {
        assert!(known.hosts.contains_key(name), "{name}");
    }
    assert!(!known.hosts.contains_key("host-0"));
}

/// A resolver whose lookups are reported to the test, and end when the test lets them.
struct Slow {
    resolver: Arc<Resolver>,
    clock: Clock,
    asked: Receiver<String>,
    go_on: Sender<()>,
}

impl Slow {
    fn new() -> Self {
        let clock = Clock::start();
        let (tell, asked) = bounded(1000);
        let (go_on, may_go_on) = bounded(1000);
        let resolver = Resolver::asking(clock, move |host| {
            tell.send(host.to_owned()).expect("the test listens");
            may_go_on.recv().map_err(io::Error::other)?;
            Ok(vec![v4(1)])
        });
        Slow {
            resolver: Arc::new(resolver),
            clock,
            asked,
            go_on,
        }
    }

    fn find_within(&self, host: &str, time: Duration) -> JoinHandle<Lookup> {
        let (resolver, clock) = (Arc::clone(&self.resolver), self.clock);
        let host = host.to_owned();
        let find = move || resolver.find(&host, clock.mono() + time);
        threads::spawn("caller", CONNECTION_STACK, find).expect("a thread")
    }

    /// Waits until `count` callers wait for `host`.
    fn await_callers(&self, host: &str, count: usize) {
        while self.resolver.shared.known().host(host).waiting < count {
            std::thread::yield_now();
        }
    }
}

#[test]
fn all_who_want_a_name_share_one_lookup() {
    let slow = Slow::new();
    let callers: Vec<_> = (0..10).map(|_| slow.find_within("name", HOUR)).collect();
    slow.await_callers("name", 10);
    slow.go_on.send(()).expect("the lookup listens");
    for caller in callers {
        assert_eq!(caller.join().expect("no panic"), Ok(vec![v4(1)]));
    }
    assert_eq!(slow.asked.try_iter().count(), 1);
}

#[test]
fn names_that_hang_take_no_more_threads_than_there_may_be() {
    let slow = Slow::new();
    let hanging =
        (0..limits::LOOKUP_THREADS).map(|at| slow.find_within(&format!("hung-{at}"), HOUR));
    let hanging: Vec<_> = hanging.collect();
    for _ in 0..limits::LOOKUP_THREADS {
        slow.asked.recv().expect("a lookup");
    }
    let given_up = slow.find_within("given-up", Duration::from_millis(50));
    let fault = given_up
        .join()
        .expect("no panic")
        .expect_err("no thread is free");
    assert_eq!(fault.to_string(), "lookup given-up: no answer in time");
    let waiting = slow.find_within("waiting", HOUR);
    slow.await_callers("waiting", 1);
    assert!(slow.asked.is_empty(), "all threads hang");
    for _ in 0..=limits::LOOKUP_THREADS {
        slow.go_on.send(()).expect("a lookup listens");
    }
    assert_eq!(waiting.join().expect("no panic"), Ok(vec![v4(1)]));
    for caller in hanging {
        assert!(caller.join().expect("no panic").is_ok());
    }
    let asked: Vec<String> = slow.asked.try_iter().collect();
    assert_eq!(
        asked,
        ["waiting"],
        "what nobody waits for any more is not looked up"
    );
}

#[test]
fn what_is_found_after_the_deadline_serves_the_next_attempt() {
    let slow = Slow::new();
    let first = slow.find_within("name", Duration::from_millis(50));
    assert!(first.join().expect("no panic").is_err());
    let second = slow.find_within("name", HOUR);
    slow.await_callers("name", 1);
    slow.go_on.send(()).expect("the lookup listens");
    assert_eq!(second.join().expect("no panic"), Ok(vec![v4(1)]));
    assert_eq!(slow.asked.try_iter().count(), 1);
}

#[test]
fn a_lookup_that_hangs_does_not_hold_up_who_has_older_addresses() {
    let mut known = found(&[v4(1)], second(0));
    let (began, deadline) = (second(60), second(90));
    assert_eq!(known.host("name").wait_until(began, deadline), second(61));
    assert_eq!(known.host("name").wait_until(began, began), began);
    assert_eq!(known.host("name").old(second(61)), Some(vec![v4(1)]));
    assert_eq!(known.host("new").wait_until(began, deadline), deadline);
}

#[test]
fn to_hang_up_lets_nobody_wait() {
    let slow = Slow::new();
    let caller = slow.find_within("name", HOUR);
    slow.await_callers("name", 1);
    slow.resolver.hang_up();
    let fault = caller.join().expect("no panic").expect_err("it hangs");
    assert_eq!(fault.to_string(), "lookup name: the daemon is stopping");
}
