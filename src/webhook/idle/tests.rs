//! Tests of which connections the pool keeps. `post/tests.rs` tests their reuse.

use std::time::Duration;

use ureq::unversioned::transport::LazyBuffers;

use super::*;

const MOST: KeptConnections = KeptConnections {
    total: 3,
    per_host: 2,
};

/// A connection that says for itself whether it is open.
#[derive(Debug)]
struct Fake {
    is_open: bool,
    buffers: LazyBuffers,
}

impl Transport for Fake {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        Ok(false)
    }

    fn is_open(&mut self) -> bool {
        self.is_open
    }
}

fn connection(is_open: bool) -> AnswerTransport {
    let buffers = LazyBuffers::new(1, 1);
    AnswerTransport::new(Box::new(Fake { is_open, buffers }))
}

fn key(host: &str) -> Key {
    (Scheme::HTTP, host.parse().expect("a host"))
}

fn second(seconds: u64) -> Mono {
    Mono::START + Duration::from_secs(seconds)
}

/// Keeps a connection to `host`, unused since then; gives back since when those were that are closed.
fn push(kept: &mut Kept, host: &str, seconds: u64) -> Vec<Mono> {
    let resting = Resting {
        transport: connection(true),
        since: second(seconds),
    };
    let surplus = kept.push(key(host), resting, MOST);
    surplus.iter().map(|resting| resting.since).collect()
}

#[test]
fn the_one_used_last_serves_next() {
    let mut kept = Kept::default();
    push(&mut kept, "a", 1);
    push(&mut kept, "a", 2);
    let since = |resting: Option<Resting>| resting.map(|resting| resting.since);
    assert_eq!(since(kept.pop(&key("a"))), Some(second(2)));
    assert_eq!(since(kept.pop(&key("b"))), None);
    assert_eq!(since(kept.pop(&key("a"))), Some(second(1)));
    assert_eq!(since(kept.pop(&key("a"))), None);
    assert_eq!((kept.total, kept.queues.len()), (0, 0));
}

#[test]
fn past_a_bound_the_one_that_was_left_alone_longest_is_closed() {
    let mut kept = Kept::default();
    assert_eq!(push(&mut kept, "a", 1), []);
    assert_eq!(push(&mut kept, "a", 2), []);
    assert_eq!(push(&mut kept, "a", 3), [second(1)], "too many to one host");
    assert_eq!(push(&mut kept, "b", 3), []);
    assert_eq!(push(&mut kept, "c", 3), [second(2)], "too many in all");
    assert_eq!((kept.total, kept.queues.len()), (3, 3));
}

#[test]
fn what_is_too_old_is_closed_by_whoever_comes_by() {
    let mut kept = Kept::default();
    push(&mut kept, "a", 0);
    push(&mut kept, "b", 10);
    assert_eq!(push(&mut kept, "c", 15), [second(0)]);
    assert_eq!((kept.total, kept.queues.len()), (2, 2));
}

#[test]
fn a_connection_comes_back_once_it_is_put_away_open_and_at_no_other_time() {
    let idle = Arc::new(Idle::new(MOST, Clock::start()));
    let uri: Uri = "http://host/".parse().expect("a URI");
    let serve = |is_open| {
        let leased = idle.serve(&uri, || Ok(connection(is_open)));
        leased.expect("nothing can fail")
    };
    let count = || idle.kept().total;
    drop(serve(true));
    assert_eq!(count(), 0, "the request failed");
    assert!(!serve(false).is_open());
    assert_eq!(count(), 0, "the other end has closed it");
    assert!(serve(true).is_open());
    assert_eq!(count(), 1);
    assert!(Leased::once(connection(true)).is_open());
    assert_eq!(count(), 1, "it served once");
    let kept = idle.serve(&uri, || Err(Error::ConnectionFailed));
    assert!(kept.is_ok() && count() == 0, "the one that was kept serves");
    assert!(idle.serve(&uri, || Err(Error::ConnectionFailed)).is_err());
}
