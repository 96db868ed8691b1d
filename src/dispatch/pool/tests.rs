//! The worker pool on a host that allows as many threads as the test says. The test takes the jobs itself.

use crossbeam_channel::{Receiver, bounded};

use super::*;
use crate::clock::Clock;
use crate::dispatch::tests::{configuration, settings};
use crate::engine::{Effect, Engine, Input};
use crate::model::{Labels, PostedAlert};
use crate::threads::{self, LOOP_STACK};
use crate::waker::{self, Mailbox};

/// A pool that may have `threads` workers, and the mailboxes in which their jobs arrive.
fn pool(threads: usize) -> (WorkerPool, Receiver<Mailbox<Job>>) {
    let (made, mailboxes) = bounded(threads);
    let pool = WorkerPool::new(Box::new(move |number| {
        if number >= threads {
            return Err(io::Error::other("no further thread"));
        }
        let (jobs, mailbox) = waker::mailbox(1);
        made.send(mailbox).expect("the test keeps them");
        let thread = threads::spawn(format!("send-{number}"), LOOP_STACK, || ())?;
        Ok(Worker { jobs, thread })
    }));
    (pool.expect("the host has threads for a start"), mailboxes)
}

/// A job as the engine makes it.
fn job() -> Job {
    let mut engine = Engine::new(configuration(), settings());
    let alert = PostedAlert {
        labels: Labels::from_pairs([("host", "a")]).into(),
        ..PostedAlert::default()
    };
    let mut effects = Vec::new();
    let now = Clock::start().now();
    engine.handle(&mut effects, now, Input::Alerts(vec![alert]));
    let job = effects.into_iter().find_map(|effect| match effect {
        Effect::Send(job) => Some(job),
        _ => None,
    });
    job.expect("the group waits for nothing")
}

fn has_job(mailbox: &Mailbox<Job>) -> bool {
    let clock = Clock::start();
    mailbox.next_by(clock.mono(), clock).is_ok()
}

#[test]
fn a_worker_is_made_when_none_is_idle_and_the_last_that_came_back_goes_next() {
    let (mut pool, mailboxes) = pool(3);
    let job = job();
    for _ in 0..3 {
        pool.begin(job.clone());
    }
    let mailboxes: Vec<_> = mailboxes.try_iter().collect();
    assert_eq!((mailboxes.len(), pool.out()), (3, 3));
    assert!(mailboxes.iter().all(has_job));
    pool.release(1);
    pool.release(2);
    pool.begin(job);
    assert!(has_job(&mailboxes[2]) && !has_job(&mailboxes[1]));
}

#[test]
fn a_job_that_the_host_has_no_thread_for_waits_for_a_worker_that_comes_back() {
    let (mut pool, mailboxes) = pool(limits::WORKERS_KEPT);
    let job = job();
    for _ in 0..=limits::WORKERS_KEPT {
        pool.begin(job.clone());
    }
    let mailboxes: Vec<_> = mailboxes.try_iter().collect();
    assert!(mailboxes.iter().all(has_job));
    assert_eq!(pool.out(), limits::WORKERS_KEPT + 1);
    pool.release(1);
    assert!(has_job(&mailboxes[1]), "it took the one that waited");
    pool.release(1);
    pool.release(0);
    assert_eq!(pool.out(), 0);
}

#[test]
fn idle_workers_are_let_go_but_for_those_that_stay_and_those_that_have_got_a_job() {
    let (mut pool, mailboxes) = pool(4);
    let job = job();
    for _ in 0..4 {
        pool.begin(job.clone());
    }
    let mailboxes: Vec<_> = mailboxes.try_iter().collect();
    assert!(mailboxes.iter().all(has_job));
    pool.retire(3);
    let has_ended = |mailbox: &Mailbox<Job>| {
        let clock = Clock::start();
        let heard = mailbox.next_by(clock.mono(), clock);
        heard.is_err_and(|error| !error.is_timeout())
    };
    assert!(!has_ended(&mailboxes[3]), "it has a job");
    for worker in 0..4 {
        pool.release(worker);
    }
    for worker in 0..4 {
        pool.retire(worker);
    }
    let ended = mailboxes.iter().filter(|it| has_ended(it)).count();
    assert_eq!(ended, 4 - limits::WORKERS_KEPT);
    assert!(pool.into_threads().len() >= limits::WORKERS_KEPT);
}
