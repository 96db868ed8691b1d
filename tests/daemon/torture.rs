//! Load from several senders, `kill -9` at a random moment, and a start on what is left: over and
//! over on one state directory.
//!
//! After each start everything that was answered with 200 has to be there. In the end every receiver
//! has to believe what the senders were promised, and whatever it was told twice, it was told just
//! before a process was killed. `ALERTWHEEL_ROUNDS=200 cargo test --test daemon torture` takes longer.

mod beliefs;
mod senders;

use std::time::Duration;

use rustix::process::Signal;

use crate::process::{Daemon, Setup, take_turn};
use crate::random::Choices;
use crate::receiver::{Answer, Receiver};
use crate::samples::{SOON, config};
use crate::time::{millis, now, pause, wait_within};
use beliefs::Beliefs;
use senders::Sender;

const ROUNDS: usize = 30;
const SENDERS: usize = 3;

/// How long the last notifications may take once everything works: several flushes with retries.
const CALM: Duration = Duration::from_secs(60);

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
    let mut daemon = Setup::with_config(&two_webhooks(&receiver)).start();
    for _ in 0..rounds {
        let span = millis(50 + choices.below(400) as u64);
        senders = load(&daemon, senders, span, &mut beliefs);
        let ended = daemon.kill();
        beliefs.starts_anew(now());
        daemon = ended.start();
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
    assert!(
        answered > 10 * rounds,
        "there was hardly any load: {answered}"
    );
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

/// Lets the senders work for a while, then kills the process under them.
fn load(
    daemon: &Daemon,
    senders: Vec<Sender>,
    span: Duration,
    beliefs: &mut Beliefs,
) -> Vec<Sender> {
    std::thread::scope(|scope| {
        let address = daemon.address();
        let work = |mut sender: Sender| {
            scope.spawn(move || {
                sender.work(address);
                sender
            })
        };
        let working: Vec<_> = senders.into_iter().map(work).collect();
        pause(span);
        daemon.signal(Signal::KILL);
        beliefs.killed(now());
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
