//! Alertmanager and alertwheel side by side, under the same loads, on the same machine.
//!
//! `cargo bench` runs all loads, A B A B, and prints the medians and their ratios;
//! `cargo bench -- growth` runs one load at growing sizes, `cargo bench -- hostile` what nobody should send;
//! `cargo bench -- --help` lists the rest.
//! Only what the daemon spends counts: senders and receivers live in this process, daemons in
//! their own. Without a real Alertmanager only our column is filled.
//!
//! - `loads`: what is done to a daemon, a file for each load
//! - `growth`: the same at growing sizes
//! - `hostile`: single alerts beside the worst that is known
//! - `contender`, `floor`: the programs, and what the libraries alone cost
//! - `fleet`, `connection`, `receiver`, `stand`: what goes in, and where it comes out
//! - `absent`, `hosts`: addresses where nobody answers, and names for addresses
//! - `processor_time`: what a daemon has spent
//! - `figure`, `results`: numbers, of one run and of all
//! - `table`, `json`, `picture`, `plot`, `highlights`, `readme`: how they are shown
//! - `process`, `time`, `vitals`: shared with the tests

mod absent;
mod arguments;
mod connection;
mod contender;
mod figure;
mod fleet;
mod floor;
mod growth;
mod highlights;
mod hostile;
mod hosts;
mod json;
mod loads;
mod picture;
mod plot;
#[path = "../peer/process.rs"]
mod process;
mod processor_time;
mod readme;
mod receiver;
mod results;
mod stand;
mod table;
#[path = "../daemon/time.rs"]
mod time;
#[path = "../daemon/vitals.rs"]
mod vitals;

/// What `process` waits with.
mod wait {
    pub use crate::time::wait_for as until;
}

use std::env;
use std::fs;
use std::path::Path;

use clap::Parser;

use arguments::{Arguments, What};
use contender::{Contender, Who};
use loads::Load;
use results::Results;
use stand::Stand;

fn main() {
    let arguments = Arguments::parse();
    if arguments.floor {
        return floor::serve();
    }
    contender::raise_open_files();
    if arguments.what == What::Hostile {
        return hostile::run(&arguments);
    }
    let daemons = daemons(&arguments);
    match arguments.what {
        What::Loads => compare(&arguments, &daemons),
        What::Growth => growth::run(&arguments, &daemons),
        What::Hostile => unreachable!("needs no other daemon"),
        What::All => {
            compare(&arguments, &daemons);
            growth::run(&arguments, &daemons);
        }
    }
}

/// The daemons that take part.
fn daemons(arguments: &Arguments) -> Vec<Contender> {
    let mut daemons = Vec::new();
    if !arguments.alone {
        match Contender::alertmanager() {
            Ok(alertmanager) => daemons.push(alertmanager),
            Err(why) => {
                let is_ci = env::var_os("CI").is_some();
                assert!(!is_ci, "CI compares: {why}");
                eprintln!("without Alertmanager: {why}");
            }
        }
    }
    daemons.push(Contender::alertwheel());
    daemons
}

fn compare(arguments: &Arguments, daemons: &[Contender]) {
    let default_scale = if arguments.quick { 0.01 } else { 1.0 };
    let stand = Stand {
        scale: arguments.scale.unwrap_or(default_scale),
        is_quick: arguments.quick,
    };
    let rounds = arguments
        .rounds
        .unwrap_or(if arguments.quick { 1 } else { 5 });
    let loads = chosen(&arguments.only);
    let mut results = Results::default();
    for round in 1..=rounds {
        for load in &loads {
            eprintln!("round {round} of {rounds}: {}", load.name);
            run_once(&mut results, load, &stand, daemons);
            if let Some(floor) = load.floor.filter(|_| !arguments.alone) {
                let figures = floor(&stand, &Contender::floor());
                results.add(load.name, Who::Floor, figures);
            }
        }
    }
    print!("{}", table::text(&results, &loads, rounds));
    if let Some(path) = &arguments.json {
        write(path, &json::text(&results, stand.scale));
    }
    if let Some(path) = &arguments.svg {
        write(path, &picture::svg(&results));
    }
    if arguments.readme {
        write(&readme::file(readme::COST), &picture::svg(&results));
        let circumstances = readme::circumstances(daemons, rounds);
        readme::put("cost", &(circumstances + &table::highlights(&results)));
    }
}

fn run_once(results: &mut Results, load: &Load, stand: &Stand, daemons: &[Contender]) {
    for daemon in daemons {
        let figures = (load.run)(stand, daemon);
        results.add(load.name, daemon.who, figures);
    }
}

/// The loads that `--only` names; all, if it names none.
fn chosen(only: &[String]) -> Vec<Load> {
    for name in only {
        let is_known = loads::ALL.iter().any(|load| load.name == name);
        assert!(is_known, "there is no load {name}");
    }
    let is_chosen = |load: &Load| only.is_empty() || only.iter().any(|name| name == load.name);
    loads::ALL.into_iter().filter(is_chosen).collect()
}

fn write(path: &Path, text: &str) {
    if let Err(error) = fs::write(path, text) {
        panic!("{} cannot be written: {error}", path.display());
    }
}
