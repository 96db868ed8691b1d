//! What single alerts and the daemon's memory bear while somebody sends it the worst that is known.
//!
//! Each case runs against a daemon of its own that holds 200,000 alerts and 2,000 silences, and lasts some
//! seconds, in which single alerts keep coming. A row of the table says how soon those were answered and
//! told, what the case took in memory, and how it was answered. In a run at full size, a bound that does
//! not hold ends the program with 1; a quick one allows ten times as much. Runs on the main thread; what is
//! hostile has threads of its own.
//!
//! - `cases`: the inputs
//! - `attack`: what their threads share
//! - `colliding`: labels with fingerprints that look alike
//! - `site`: the daemon with its alerts, and its memory
//! - `singles`: the alerts that keep coming
//! - `outcome`: rows and bounds

mod attack;
mod cases;
mod colliding;
mod outcome;
mod singles;
mod site;

use std::process;
use std::thread;

use crate::arguments::Arguments;
use crate::contender::Contender;
use crate::time::{now, wall};

use attack::Attack;
use cases::Case;
use outcome::{Bounds, Outcome};
use singles::Singles;
use site::{Site, Sizes};

/// Runs the cases that `--only` names, or all, and prints their table.
pub fn run(arguments: &Arguments) {
    let sizes = Sizes::of(arguments);
    let bounds = Bounds::of(arguments);
    let mut broken = Vec::new();
    print!("{}", outcome::head(&sizes, &bounds));
    for case in chosen(&arguments.only) {
        let outcome = measure(&case, &sizes);
        println!("{}", outcome.row(&case));
        broken.extend(outcome.broken(&case, &bounds));
    }
    if !broken.is_empty() {
        eprintln!("\nOut of bounds:\n{}", broken.join("\n"));
        process::exit(1);
    }
}

fn chosen(only: &[String]) -> Vec<Case> {
    for name in only {
        let is_known = cases::ALL.iter().any(|case| case.name == name);
        assert!(is_known, "there is no case {name}");
    }
    let is_chosen = |case: &Case| only.is_empty() || only.iter().any(|name| name == case.name);
    cases::ALL.into_iter().filter(is_chosen).collect()
}

fn measure(case: &Case, sizes: &Sizes) -> Outcome {
    let site = Site::start(&Contender::alertwheel(), sizes);
    (case.prepare)(&site);
    site.settle();
    let calm = site.resident();
    site.forget_peak();
    // What is hostile ends before the singles do, so that its end is measured as well.
    let (lasts, until) = (sizes.span * 3 / 4, now() + sizes.span);
    let attack = Attack::new(&site, now() + lasts, wall() + lasts);
    let singles = thread::scope(|scope| {
        for part in case.parts {
            scope.spawn(|| part(&attack));
        }
        Singles::post(&site, until)
    });
    let kept = attack.kept_kib();
    let above_calm = site.peak().saturating_sub(calm).saturating_sub(kept);
    Outcome {
        asked: singles.asked,
        told: singles.told,
        refused: singles.refused + attack.refused(),
        above_calm,
        back_after: site.time_back_to(calm + kept),
        answers: attack.answers(),
    }
}
