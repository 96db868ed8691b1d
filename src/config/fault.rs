//! The faults of a configuration file, and their printed form.
//!
//! Owns the collection of findings while a file is checked, and the printed form
//! `file:line: path.of.keys: what is wrong; what would be right`. Never decides what counts as a fault.
//! Pure; runs on the thread that loads the configuration.

use std::collections::BTreeSet;
use std::fmt;

use super::HttpConfig;
use super::node::Place;
use crate::limits::CONFIG_FAULTS;

/// The faults of a file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The faults, at most [`CONFIG_FAULTS`] of them.
    pub faults: Vec<Fault>,
    /// The number of further faults.
    pub omitted: usize,
}

/// One fault or warning, and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file name as the caller gave it.
    pub file: String,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// The path of keys to it, such as `route.routes[0].group_wait`; may be empty.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(out, "{separator}{fault}")?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(out, "\nand {omitted} more"),
        }
    }
}

impl std::error::Error for Faults {}

impl Faults {
    /// The number of faults, including the omitted ones.
    pub fn count(&self) -> usize {
        self.faults.len() + self.omitted
    }
}

/// A fault of one setting, found by the code that will use the setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedFault {
    /// The path of keys from the section to the setting.
    pub keys: Vec<&'static str>,
    /// What is wrong; quotes no secret.
    pub wrong: String,
    /// What would be right.
    pub right: &'static str,
}

/// Tries, without the network, whether HTTP settings of a receiver can be used; returns all faults.
pub type TryHttp = fn(&HttpConfig) -> Vec<TriedFault>;

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(out, ": {}", self.path)?;
        }
        write!(out, ": {}", self.message)
    }
}

/// The faults and warnings found so far.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    faults: Vec<(Place, String)>,
    omitted: usize,
    warnings: Vec<(Place, String)>,
    /// Where a value is missing, so that what is wrong with what stands there is no further fault.
    missing: BTreeSet<Place>,
}

impl Findings {
    /// Adds a fault: what is wrong, and what would be right. Formats neither once there are enough faults, so
    /// that an expensive suggestion can be computed while it is formatted.
    pub fn fault(&mut self, place: Place, wrong: impl fmt::Display, right: impl fmt::Display) {
        if self.missing.contains(&place) {
            return;
        }
        if self.faults.len() < CONFIG_FAULTS {
            self.faults.push((place, format!("{wrong}; {right}")));
        } else {
            self.omitted += 1;
        }
    }

    /// Adds a fault about a value that is missing. Further faults of the same place are left out.
    pub fn missing(&mut self, place: Place, wrong: impl fmt::Display, right: impl fmt::Display) {
        self.fault(place, wrong, right);
        self.missing.insert(place);
    }

    /// Adds a warning about something that is allowed but probably not intended. Drops warnings beyond the
    /// limit.
    pub fn warn(&mut self, place: Place, text: impl Into<String>) {
        if self.has_room_for_warnings() {
            self.warnings.push((place, text.into()));
        }
    }

    /// Whether another warning would be kept.
    pub fn has_room_for_warnings(&self) -> bool {
        self.warnings.len() < CONFIG_FAULTS
    }

    /// Whether there is a fault at `place`.
    pub fn has_fault_at(&self, place: Place) -> bool {
        self.faults.iter().any(|(known, _)| *known == place)
    }

    /// The number of faults found, kept or not.
    pub fn count(&self) -> usize {
        self.faults.len() + self.omitted
    }

    /// Whether no fault was found.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// The number of faults found but not kept.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The faults in the order of the file.
    pub fn into_faults(mut self) -> Vec<(Place, String)> {
        self.faults.sort();
        self.faults
    }

    /// The warnings in the order of the file.
    pub fn into_warnings(mut self) -> Vec<(Place, String)> {
        self.warnings.sort();
        self.warnings
    }
}

/// `text` for use in a message; a very long text is cut.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text in `known` that `text` most probably misspells.
pub fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .filter(|candidate| text.len() <= 2 * candidate.len())
        .map(|candidate| (strsim::levenshtein(text, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .filter(|(distance, candidate)| *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_prints_file_line_keys_and_reason() {
        let fault = Fault {
            file: "alertmanager.yml".into(),
            line: Some(12),
            path: "route.group_wait".into(),
            message: "wrong; right".into(),
        };
        assert_eq!(
            fault.to_string(),
            "alertmanager.yml:12: route.group_wait: wrong; right"
        );
    }

    #[test]
    fn faults_print_one_a_line_and_say_how_many_are_left_out() {
        let fault = Fault {
            file: "f".into(),
            line: None,
            path: String::new(),
            message: "m".into(),
        };
        let faults = Faults {
            faults: vec![fault.clone(), fault],
            omitted: 3,
        };
        assert_eq!(faults.to_string(), "f: m\nf: m\nand 3 more");
    }

    #[test]
    fn the_nearest_name_is_suggested_only_when_it_is_near() {
        let known = ["matchers", "match", "match_re", "receiver"];
        assert_eq!(nearest("matcherz", known), Some("matchers"));
        assert_eq!(nearest("matcher", known), Some("matchers"));
        assert_eq!(nearest("reciever", known), Some("receiver"));
        assert_eq!(nearest("tema", ["team"]), Some("team"));
        assert_eq!(nearest("xyz", known), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest(&"match".repeat(100_000), known), None);
    }

    #[test]
    fn findings_keep_a_bounded_number_of_faults() {
        let mut findings = Findings::default();
        for number in 0..2 * CONFIG_FAULTS {
            findings.fault(Place(number), "wrong", "right");
            findings.warn(Place(number), "odd");
        }
        assert_eq!(findings.omitted(), CONFIG_FAULTS);
        assert_eq!(findings.into_warnings().len(), CONFIG_FAULTS);
    }
}
