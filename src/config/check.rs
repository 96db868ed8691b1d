//! From what a file says to what the daemon uses: inheritance, references and rules that need more
//! than one key.
//!
//! Owns the order of the checks (§1.11), except that all faults are reported and not the first
//! alone. Never reads a file or text. Pure; runs on whichever thread loads the configuration.

mod http;
mod interval;
mod receiver;
mod route;
mod texts;

use std::sync::Arc;
use std::time::Duration;

pub use http::authorization_scheme;

use super::fault::{Findings, TryHttp};
use super::field::Field;
use super::raw::{RawConfig, RawInhibitRule};
use super::{InhibitRule, Receiver, Route};
use crate::model::ParserMode;
use crate::template::Templates;

/// Where a configuration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the user.
    User,
    /// From the binary itself, which may write to the terminal.
    BuiltIn,
}

/// The parts of a configuration that hold together.
#[derive(Debug)]
pub struct Checked {
    /// The root of the routing tree.
    pub route: Route,
    /// All receivers.
    pub receivers: Vec<Arc<Receiver>>,
    /// All inhibition rules.
    pub inhibit_rules: Vec<InhibitRule>,
}

/// What a file is checked against besides itself.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Where the configuration comes from.
    pub origin: Origin,
    /// Which label names and matchers hold.
    pub mode: ParserMode,
    /// How long the ledger is kept, if that is known.
    pub retention: Option<Duration>,
    /// The templates of the files that it names.
    pub templates: Arc<Templates>,
    /// Whether those are all. What a text asks for beside them may stand in a file that is wrong.
    pub has_all_templates: bool,
    /// Tries how receivers are to be spoken to.
    pub try_http: TryHttp,
}

/// Checks a whole file. `None` if a part is missing or broken, which `findings` then tells.
pub fn check(raw: &RawConfig, terms: &Terms, findings: &mut Findings) -> Option<Checked> {
    let tracing_tls = raw
        .tracing
        .as_ref()
        .map(|tracing| tracing.record("tls_config"));
    for tls in [raw.global.smtp_tls.as_ref(), tracing_tls.flatten()] {
        tls.map(|tls| http::check_tls(tls, findings));
    }
    let receivers = receiver::check_receivers(raw, terms, findings);
    texts::check_texts(raw, terms, findings);
    let intervals = interval::Intervals::of(raw, findings);
    let root = match &raw.route {
        Field::Given(root) => &root.value,
        Field::Broken => return None,
        Field::Absent => {
            let wrong = if raw.is_empty {
                "no route provided in config"
            } else {
                "no routes provided"
            };
            findings.fault(raw.place, wrong, "write route with a receiver");
            return None;
        }
    };
    let tree = route::Tree {
        receivers: &receivers,
        intervals: &intervals,
        mode: terms.mode,
        retention: terms.retention,
    };
    Some(Checked {
        route: tree.check(root, findings)?,
        inhibit_rules: raw.inhibit_rules.iter().map(inhibit_rule).collect(),
        receivers: receivers.all,
    })
}

fn inhibit_rule(raw: &RawInhibitRule) -> InhibitRule {
    let mut equal: Vec<String> = raw.equal.iter().map(|at| at.value.clone()).collect();
    equal.sort();
    equal.dedup();
    InhibitRule {
        name: raw.name.clone(),
        source: raw.source.all.clone(),
        target: raw.target.all.clone(),
        equal,
    }
}
