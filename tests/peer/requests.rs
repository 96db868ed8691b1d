//! Tests of valid and invalid requests of the API, sent to both daemons in the same order: the answers have
//! the same status, the same body and the same relevant headers.
//!
//! The requests are in `requests/*.txt`, and `requests/README.md` says how to write more. The requests with
//! intended differences are in `requests/differences.txt`, with the reasons.

mod answer;
mod case;

use crate::client::Answer;
use crate::pair::Pair;
use crate::peers::Peers;
use crate::wait;

use self::answer::{Side, are_alike, render};
use self::case::{Case, read};

const CONFIGURATION: &str = include_str!("requests/configuration.yml");

/// How often a GET may be sent again until both answer alike: Alertmanager forms groups and
/// notices mutes a moment after it has taken the alerts.
const TRIES: usize = 50;

/// Requests in all files together, at least.
const ENOUGH: usize = 250;

const ALERTS: &str = include_str!("requests/alerts.txt");
const SILENCES: &str = include_str!("requests/silences.txt");
const GROUPS: &str = include_str!("requests/groups.txt");
const PAGES: &str = include_str!("requests/pages.txt");
const CLIENTS: &str = include_str!("requests/clients.txt");
const PREFIX: &str = include_str!("requests/prefix.txt");
const DIFFERENCES: &str = include_str!("requests/differences.txt");

/// Both daemons, and what each has given out.
struct Both {
    pair: Pair,
    sides: [Side; 2],
}

impl Both {
    fn start(peers: &Peers, flags: &[&str]) -> Both {
        let pair = Pair::start(peers, CONFIGURATION, flags);
        let sides = [&pair.ours, &pair.theirs].map(|daemon| Side::new(daemon.address()));
        Both { pair, sides }
    }

    /// Our answer and Alertmanager's.
    fn send(&mut self, case: &Case) -> [Answer; 2] {
        let addresses = [self.pair.ours.address(), self.pair.theirs.address()];
        [0, 1].map(|number| {
            let side = &mut self.sides[number];
            let answer = case.request(side).send(addresses[number]);
            side.remember(&answer);
            answer
        })
    }

    /// What is wrong with the answers, if anything.
    fn fault(&mut self, case: &Case) -> Option<String> {
        let mut answers = self.send(case);
        let mut tries = 1;
        while case.is_get() && tries < TRIES && !are_alike(&self.sides, &answers) {
            wait::pause();
            answers = self.send(case);
            tries += 1;
        }
        if !are_alike(&self.sides, &answers) {
            let [ours, theirs] = [0, 1].map(|side| render(&self.sides[side], &answers[side]));
            return Some(format!("{case}\n-- ours: {ours}\n-- theirs: {theirs}"));
        }
        let status = answers[0].status;
        (status != case.status).then(|| format!("{case}\n-- both: {status}"))
    }
}

fn compare(test: &str, flags: &[&str], file: &str) {
    let Some(peers) = Peers::find(test) else {
        return;
    };
    let mut both = Both::start(&peers, flags);
    let faults: Vec<String> = read(file)
        .iter()
        .filter_map(|case| both.fault(case))
        .collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

#[test]
fn requests_with_alerts_are_answered_alike() {
    compare("requests_with_alerts_are_answered_alike", &[], ALERTS);
}

#[test]
fn requests_with_silences_are_answered_alike() {
    compare("requests_with_silences_are_answered_alike", &[], SILENCES);
}

#[test]
fn requests_for_groups_and_muted_alerts_are_answered_alike() {
    let test = "requests_for_groups_and_muted_alerts_are_answered_alike";
    compare(test, &[], GROUPS);
}

#[test]
fn requests_for_everything_else_are_answered_alike() {
    let test = "requests_for_everything_else_are_answered_alike";
    compare(test, &[], PAGES);
}

#[test]
fn requests_of_known_clients_are_answered_alike() {
    let test = "requests_of_known_clients_are_answered_alike";
    compare(test, &[], CLIENTS);
}

#[test]
fn requests_below_a_prefix_are_answered_alike() {
    let flags = ["--web.route-prefix=/am/x/"];
    compare("requests_below_a_prefix_are_answered_alike", &flags, PREFIX);
}

#[test]
fn requests_that_differ_on_purpose_differ_as_said() {
    let Some(peers) = Peers::find("requests_that_differ_on_purpose_differ_as_said") else {
        return;
    };
    let mut both = Both::start(&peers, &[]);
    for case in read(DIFFERENCES) {
        assert!(!case.reason.is_empty(), "no reason is given for\n{case}");
        let answers = both.send(&case);
        let [ours, theirs] = [0, 1].map(|side| render(&both.sides[side], &answers[side]));
        let told = format!("{case}\n-- ours: {ours}\n-- theirs: {theirs}");
        assert_eq!(answers[0].status, case.status, "{told}");
        assert!(ours.contains(&case.ours), "{told}");
        assert!(theirs.contains(&case.theirs), "{told}");
        if case.ours.is_empty() {
            // This one only prepares the next.
            assert_eq!(answers[1].status, case.status, "{told}");
        } else {
            assert!(!theirs.contains(&case.ours), "no difference: {told}");
        }
    }
}

#[test]
fn there_are_many_requests_of_every_outcome() {
    let files = [ALERTS, SILENCES, GROUPS, PAGES, CLIENTS, PREFIX];
    let cases: Vec<Case> = files.iter().flat_map(|file| read(file)).collect();
    assert!(cases.len() >= ENOUGH, "only {}", cases.len());
    for status in [200, 204, 301, 302, 400, 404, 405, 406, 410, 415, 422] {
        let count = cases.iter().filter(|case| case.status == status).count();
        assert!(count > 0, "no request is answered {status}");
    }
}
