//! One load at growing sizes: does the cost of an alert and of a flush stay what it was, and does
//! memory grow in a straight line?

use std::fmt::Write;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::connection::Connection;
use crate::contender::{Contender, Who};
use crate::figure::{Figure, Unit, as_float};
use crate::fleet::Fleet;
use crate::json;
use crate::plot;
use crate::readme;
use crate::receiver::{Manner, Receiver};
use crate::results::Results;
use crate::stand::{Stand, one_route, send, spent, wait_long};
use crate::table::{cell, ratio};
use crate::time::now;

/// Alerts, and what the results call that size.
pub const SIZES: [(usize, &str); 4] = [
    (2_000, "2,000"),
    (20_000, "20,000"),
    (200_000, "200,000"),
    (1_000_000, "1,000,000"),
];

/// Alerts of a group.
const PER_GROUP: usize = 10;

/// Reports that alerts sent again are measured over at least, since 2,000 of them take three
/// milliseconds, of which the last may not be counted yet. Small sizes are sent again several times.
const REPORTS: usize = 20_000;

/// Alerts that come before the measured ones and are told at once: what the first requests and the
/// first webhooks cost, connections and pages of the program, is not a matter of size.
const WARMING: usize = 1_280;

/// The names of what is measured.
pub const MEASURES: [&str; 4] = [
    "CPU per fresh alert",
    "CPU per alert sent again",
    "CPU per flush",
    "memory per alert",
];

/// Runs it, and prints and draws what comes out.
pub fn run(arguments: &Arguments, daemons: &[Contender]) {
    let stand = Stand {
        scale: arguments.scale.unwrap_or(1.0),
        is_quick: arguments.quick,
    };
    let rounds = arguments.rounds.unwrap_or(1);
    let mut results = Results::default();
    for round in 1..=rounds {
        for (size, name) in SIZES {
            for daemon in daemons {
                if size > limit(arguments, daemon.who) {
                    continue;
                }
                eprintln!(
                    "round {round} of {rounds}: {name} alerts, {}",
                    daemon.who.name()
                );
                results.add(name, daemon.who, measure(&stand, daemon, size));
            }
        }
    }
    print!("{}", table(&results));
    if let Some(path) = &arguments.json {
        crate::write(path, &json::text(&results, stand.scale));
    }
    if let Some(path) = &arguments.svg {
        crate::write(path, &plot::svg(&results));
    }
    if arguments.readme {
        crate::write(&readme::file(readme::GROWTH), &plot::svg(&results));
        let circumstances = readme::circumstances(daemons, rounds);
        readme::put("growth", &(circumstances + &measures(&results)));
    }
}

fn limit(arguments: &Arguments, who: Who) -> usize {
    let limit = match who {
        Who::Alertmanager => arguments.peer_limit,
        Who::Alertwheel | Who::Floor => arguments.limit,
    };
    if arguments.quick {
        limit.min(20_000)
    } else {
        limit
    }
}

fn measure(stand: &Stand, contender: &Contender, size: usize) -> Vec<Figure> {
    let count = stand.count(size);
    let groups = (count / PER_GROUP).max(1);
    let receiver = Receiver::start(Manner::Answers);
    let wait = group_wait(contender.who, count.max(REPORTS));
    let route = format!(
        "group_by: [cluster, service], group_wait: {}ms, group_interval: 2h, \
         routes: [{{matchers: [job=warming], group_wait: 0s}}]",
        wait.as_millis()
    );
    let daemon = contender.start(&one_route(&receiver.url(), &route));
    let mut connection = daemon.connect();
    let warm_groups = warm_up(stand, &mut connection, &receiver);
    // Pages of the program come and go, whatever is kept.
    let before = daemon.vitals().own_kib;
    let fleet = stand.fleet(groups);
    let sent_at = now();
    let fresh = spent(&daemon, || {
        send(&mut connection, &fleet, count);
    });
    let times = REPORTS.div_ceil(count);
    let resent = spent(&daemon, || {
        for _ in 0..times {
            send(&mut connection, &stand.again(&fleet), count);
        }
    });
    let is_in_time = now().since(sent_at) + Duration::from_secs(2) < wait;
    assert!(is_in_time, "groups are told before all alerts are in");
    stand.settle();
    let settled = daemon.vitals();
    let telling = spent(&daemon, || {
        wait_long("all groups are told", || {
            receiver.webhooks() >= warm_groups + groups
        });
        stand.settle();
    });
    let due = sent_at + wait;
    let bytes = as_float(settled.own_kib.saturating_sub(before)) * 1024.0 / as_float(count);
    vec![
        Figure::each(MEASURES[0], fresh, count),
        Figure::each(MEASURES[1], resent, times * count),
        Figure::each(MEASURES[2], telling, groups),
        Figure::new(MEASURES[3], Unit::Bytes, bytes),
        Figure::memory("resident with all", settled.resident_kib),
        Figure::memory("peak", daemon.vitals().peak_kib),
        Figure::seconds(
            "told after the first was due",
            receiver.last_at().since(due),
        ),
        Figure::count("connections opened", receiver.connections()),
    ]
}

/// Sends alerts that are told at once; says in how many webhooks.
fn warm_up(stand: &Stand, connection: &mut Connection, receiver: &Receiver) -> usize {
    let warm = Fleet {
        job: "warming".to_owned(),
        ..stand.fleet(WARMING / PER_GROUP)
    };
    send(connection, &warm, WARMING);
    send(connection, &stand.again(&warm), WARMING);
    wait_long("the first groups are told", || {
        receiver.webhooks() >= warm.groups
    });
    stand.settle();
    warm.groups
}

/// Long enough for a daemon to take in all alerts twice before the first group is due, and not so
/// long that the run takes an hour.
fn group_wait(who: Who, count: usize) -> Duration {
    let per_alert = match who {
        Who::Alertmanager => Duration::from_micros(400),
        Who::Alertwheel | Who::Floor => Duration::from_micros(100),
    };
    Duration::from_secs(5) + per_alert * u32::try_from(count).expect("some millions")
}

fn table(results: &Results) -> String {
    let mut text = String::new();
    for (_, name) in SIZES {
        let mut rows = results.of(name).peekable();
        if rows.peek().is_some() {
            let _ = write!(
                text,
                "\n{name} alerts\n\n|  | Alertmanager | alertwheel | ratio |\n|---|---:|---:|---:|\n"
            );
        }
        for row in rows {
            let [theirs, ours] = [Who::Alertmanager, Who::Alertwheel].map(|who| cell(row, who));
            let ratio = ratio(row);
            let _ = writeln!(
                text,
                "| {:<28} | {theirs:>12} | {ours:>12} | {ratio:>7} |",
                row.name
            );
        }
    }
    text
}

/// The measures of [`MEASURES`] alone, a column for each, both daemons in each cell.
fn measures(results: &Results) -> String {
    let mut text = format!("| alerts | {} |\n|---:", MEASURES.join(" | "));
    text.push_str(&"|---:".repeat(MEASURES.len()));
    text.push_str("|\n");
    for (_, name) in SIZES {
        let _ = write!(text, "| {name} ");
        for row in MEASURES
            .iter()
            .filter_map(|measure| results.of(name).find(|row| row.name == *measure))
        {
            let theirs = row
                .median_of(Who::Alertmanager)
                .map(|_| cell(row, Who::Alertmanager));
            let theirs =
                theirs.map_or_else(String::new, |theirs| format!(" (Alertmanager {theirs})"));
            let _ = write!(text, "| {}{theirs} ", cell(row, Who::Alertwheel));
        }
        text.push_str("|\n");
    }
    text.push('\n');
    text
}
