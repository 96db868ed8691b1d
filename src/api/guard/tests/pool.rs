//! Lines that break, and what comes after.

use super::*;
use crate::api::http::{Answer, Request};

struct Fine;

impl Handler for Fine {
    fn handle(&self, request: Request) -> Answer {
        Answer::text(200, request.target)
    }
}

fn open() -> (Pool, Workers) {
    let handler: Arc<dyn Handler> = Arc::new(Fine);
    Pool::open(&handler, &Arc::new(Metrics::new("test"))).expect("it opens")
}

fn ask(lease: Lease) -> io::Result<u16> {
    let request = b"GET /x HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    let (mut raw, mut relayed) = (Vec::new(), Vec::new());
    let exchanged = lease.exchange(request, b"", &mut raw, &mut relayed)?;
    assert_eq!(&raw[exchanged.body_at..], b"/x");
    Ok(exchanged.status)
}

fn take(pool: &Pool) -> Lease {
    pool.take(Duration::from_secs(20)).expect("a line")
}

fn close(pool: Pool, workers: Workers) {
    let clock = Clock::start();
    pool.close(workers, clock, clock.mono() + Duration::from_secs(20));
}

#[test]
fn a_line_serves_one_request_after_the_other() {
    let (pool, workers) = open();
    for _ in 0..3 * HTTP_WORKERS {
        assert_eq!(ask(take(&pool)).expect("an answer"), 200);
    }
    close(pool, workers);
}

#[test]
fn a_broken_line_fails_its_request_and_is_opened_again() {
    let (pool, workers) = open();
    for _ in 0..2 * HTTP_WORKERS {
        let lease = take(&pool);
        let cut = lease.line.stream.shutdown(std::net::Shutdown::Both);
        cut.expect("a socket");
        assert!(ask(lease).is_err());
    }
    let all: Vec<_> = (0..HTTP_WORKERS).map(|_| take(&pool)).collect();
    for lease in all {
        assert_eq!(ask(lease).expect("an answer"), 200);
    }
    close(pool, workers);
}

#[test]
fn a_line_that_was_left_in_the_middle_is_replaced() {
    let (pool, workers) = open();
    for _ in 0..HTTP_WORKERS {
        drop(take(&pool));
    }
    assert_eq!(ask(take(&pool)).expect("an answer"), 200);
    close(pool, workers);
}

#[test]
fn who_finds_no_line_is_told_after_the_wait() {
    let (pool, workers) = open();
    let held: Vec<_> = (0..HTTP_WORKERS).map(|_| take(&pool)).collect();
    assert!(pool.take(Duration::from_millis(20)).is_none());
    drop(held);
    close(pool, workers);
}
