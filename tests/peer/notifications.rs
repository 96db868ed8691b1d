//! Tests of the notifications of both daemons. Every scenario is played on both at the same time, and each
//! group must get the same notifications for the same reasons, in the same order and at about the same times.
//!
//! Scenarios share a pair of daemons, except those that set global options or reload or restart the daemons:
//! each of these has its own pair. All scenarios run at once. A stalling host can make equal daemons look
//! different, so a difference counts only if it occurs in each of [`PLAYS`] plays.
//!
//! `PEER_SCENARIOS=text` plays only scenarios with this text in their titles, and prints the notifications of
//! each.

use std::env;
use std::io::{self, Write};
use std::thread::JoinHandle;

use alertwheel::threads::{self, WORKER_STACK};

use crate::peers::Peers;
use crate::scenario::{self, Scenario};
use crate::stage::{Played, Stage};

/// How often a scenario is played until a difference counts.
const PLAYS: usize = 3;

#[test]
fn every_scenario_is_told_as_by_alertmanager() {
    let test = "every_scenario_is_told_as_by_alertmanager";
    let Some(peers) = Peers::find(test) else {
        return;
    };
    let wanted = env::var("PEER_SCENARIOS").ok();
    let mut left = scenario::all();
    left.retain(|scenario| {
        let wanted = wanted.as_deref().unwrap_or_default();
        scenario.title.contains(wanted)
    });
    let count = left.len();
    assert!(wanted.is_some() || count >= 60, "the scenarios are gone");
    let mut faults = Vec::new();
    for number in 1..=PLAYS {
        let played = play_all(&peers, left);
        if wanted.is_some() {
            played.iter().for_each(|played| say(&told(played)));
        }
        let differing = played.into_iter().filter(|played| !is_as_expected(played));
        let differing: Vec<Played> = differing.collect();
        say(&format!(
            "play {number}: {} of {count} scenarios differ",
            differing.len()
        ));
        faults = differing.iter().map(told).collect();
        left = differing
            .into_iter()
            .map(|played| played.scenario)
            .collect();
        if left.is_empty() {
            return;
        }
        faults.iter().for_each(|fault| say(fault));
    }
    panic!("they differ in every play:\n{}", faults.join("\n"));
}

fn play_all(peers: &Peers, scenarios: Vec<Scenario>) -> Vec<Played> {
    let (alone, together): (Vec<_>, Vec<_>) = scenarios.into_iter().partition(Scenario::is_alone);
    let mut companies: Vec<Vec<Scenario>> = alone.into_iter().map(|one| vec![one]).collect();
    if !together.is_empty() {
        companies.push(together);
    }
    let peers = peers.clone();
    let stages = at_once(companies, move |company| Stage::set(&peers, company));
    // Daemons that still start would take time from those that are timed.
    let played = at_once(stages, Stage::play);
    played.into_iter().flatten().collect()
}

/// Does something with each of them, all on threads of their own.
fn at_once<T: Send + 'static, U: Send + 'static>(
    each: Vec<T>,
    work: impl Fn(T) -> U + Clone + Send + 'static,
) -> Vec<U> {
    let start = |one| {
        let work = work.clone();
        let thread = threads::spawn("stage", WORKER_STACK, move || work(one));
        thread.expect("the host has a thread to spare")
    };
    let started: Vec<JoinHandle<U>> = each.into_iter().map(start).collect();
    let join = |thread: JoinHandle<U>| thread.join().expect("a stage that holds");
    started.into_iter().map(join).collect()
}

fn is_as_expected(played: &Played) -> bool {
    let Played {
        scenario,
        ours,
        theirs,
    } = played;
    let tolerance = scenario.tolerance();
    if let Some(difference) = scenario.difference() {
        return ours.is_as_told(difference.ours, tolerance)
            && theirs.is_as_told(difference.theirs, tolerance);
    }
    // Where nothing is told by mistake, nothing is proven.
    theirs.is_empty() == scenario.is_silent() && ours.is_like(theirs, tolerance)
}

fn told(played: &Played) -> String {
    let tolerance = played.scenario.tolerance();
    let title = &played.scenario.title;
    let (number, beside) = (
        played.scenario.number,
        played.ours.beside(&played.theirs, tolerance),
    );
    format!("{number}. {title} (ours | Alertmanager's)\n{beside}")
}

/// Written past the test harness, which shows what is printed only for tests that fail.
fn say(text: &str) {
    // Who cannot read it loses nothing that the test depends on.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}
