//! From what a file says to what the daemon uses: inheritance, references and rules that need more
//! than one key.
//!
//! Owns the order of the checks (§1.11), except that all faults are reported and not the first
//! alone. Never reads a file or text. Pure; runs on whichever thread loads the configuration.

mod receiver;
mod route;

use std::sync::Arc;

use super::fault::Findings;
use super::field::Field;
use super::raw::RawConfig;
use super::{Receiver, Route};
use crate::model::ParserMode;

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
}

/// Checks a whole file. `None` if a part is missing or broken, which `findings` then tells.
pub fn check(
    raw: &RawConfig,
    mode: ParserMode,
    origin: Origin,
    findings: &mut Findings,
) -> Option<Checked> {
    let receivers = receiver::check_receivers(raw, origin, findings);
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
    let route = route::check_root(root, &receivers, mode, findings)?;
    Some(Checked {
        route,
        receivers: receivers.all,
    })
}
