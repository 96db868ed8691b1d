//! Torture test: load from several senders, `kill -9` at a random moment, and a restart, again and again on
//! one state directory.
//!
//! After each start the state must hold everything that was answered with 200. In the end every receiver must
//! have the state that the answers to the senders promise. A notification may have arrived twice only if a
//! process that was killed sent it and a later process sent it again.
//! `ALERTWHEEL_ROUNDS=200 cargo test --test daemon torture` takes longer.

mod beliefs;
mod senders;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::process::{Daemon, Setup, take_turn};
use crate::random::Choices;
use crate::receiver::{Answer, Receiver};
use crate::samples::{SOON, config};
use crate::time::{millis, pause, wait_until, wait_within};
use beliefs::Beliefs;
use senders::Sender;

const ROUNDS: usize = 30;
const SENDERS: usize = 3;

/// How long the last notifications may take once everything works: several flushes with retries.
const CALM: Duration = Duration::from_secs(120);

#[test]
fn nothing_that_was_answered_is_lost_by_killing_the_process_over_and_over() {
    let _turn = take_turn();
    let rounds = std::env::var("ALERTWHEEL_ROUNDS").map_or(ROUNDS, |text| {
        text.parse().expect("ALERTWHEEL_ROUNDS is a number")
    });
    // One webhook in four fails.
    let receiver = Receiver::scripted(|number| match number % 4 {
        3 => Answer::Status(500),
        _ => Answer::Yes,
    });
    let mut choices = Choices::seeded(rounds as u64);
    let mut senders: Vec<Sender> = (0..SENDERS).map(Sender::new).collect();
    let mut beliefs = Beliefs::default();
    let url = |process| format!("--web.external-url={}", beliefs::external_url(process));
    let setup = Setup::with_config(&two_webhooks(&receiver));
    let below = "--web.route-prefix=/";
    let mut daemon = setup.arguments(&[below, &url(0)]).start();
    for round in 1..=rounds {
        let span = millis(50 + choices.below(400) as u64);
        senders = load(&daemon, senders, span);
        daemon = daemon.kill().argument(&url(round)).start();
        beliefs.hear(receiver.so_far());
        for sender in &senders {
            sender.assert_all_is_there(&daemon);
        }
    }
    for sender in &mut senders {
        sender.make_clear(&daemon);
    }
    wait_within(CALM, "every receiver knows what fires", || {
        beliefs.hear(receiver.so_far());
        let firing = senders.iter().flat_map(Sender::firing).collect();
        beliefs.agree_with(&firing).then_some(())
    });
    let answered: usize = senders.iter().map(Sender::answered).sum();
    println!(
        "{rounds} times killed: {answered} requests answered, {} webhooks taken, {} of them twice, nothing lost",
        beliefs.heard(),
        beliefs.told_twice()
    );
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

/// Requests that are answered before a process is killed, so that there is something to lose.
const LEAST_LOAD: usize = 10;

/// Lets the senders work for a while, then kills the process under them.
fn load(daemon: &Daemon, senders: Vec<Sender>, span: Duration) -> Vec<Sender> {
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (address, answered) = (daemon.address(), &answered);
        let work = |mut sender: Sender| {
            scope.spawn(move || {
                sender.work(address, answered);
                sender
            })
        };
        let working: Vec<_> = senders.into_iter().map(work).collect();
        pause(span);
        wait_until("there is some load", || {
            answered.load(Ordering::Relaxed) >= LEAST_LOAD
        });
        daemon.signal(Signal::KILL);
        let back = |thread: std::thread::ScopedJoinHandle<'_, Sender>| thread.join();
        working
            .into_iter()
            .map(|thread| back(thread).expect("a sender ends when its daemon does"))
            .collect()
    })
}

fn two_webhooks(receiver: &Receiver) -> String {
    let webhooks: Vec<String> = ["first", "second"]
        .iter()
        .map(|name| format!("{{url: '{}/{name}'}}", receiver.url()))
        .collect();
    config(SOON, &webhooks)
}
