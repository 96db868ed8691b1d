//! The report of an import from Alertmanager, for the log.
//!
//! Owns the wording. Runs on main, at a start.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::delimited::Broken;
use crate::journal::fields::Malformed;
use crate::limits;

/// What was imported, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The folder of the files.
    pub folder: PathBuf,
    /// Whether any of the files exists.
    pub found_any: bool,
    /// The number of imported silences.
    pub silences: usize,
    /// The number of imported entries of the notification log.
    pub told: usize,
    /// The number of silences and entries that have expired.
    pub expired: usize,
    /// The number of entries for unsupported integrations, by integration.
    pub others: BTreeMap<String, usize>,
    /// The troubles that are logged one by one.
    pub troubles: Vec<Trouble>,
    /// The number of further troubles.
    pub omitted: usize,
}

/// A fault of a file or of a message in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A file exists, but cannot be read at all.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        why: String,
    },
    /// A file is damaged, and the part after the damage could not be read.
    Broken {
        /// The file.
        file: PathBuf,
        /// The offset of the damage.
        offset: u64,
        /// What is wrong.
        why: String,
    },
    /// A message is damaged; the next one could be found.
    Message {
        /// The file.
        file: PathBuf,
        /// The offset of the message.
        offset: u64,
        /// What is wrong.
        why: Malformed,
    },
    /// A silence that is invalid and was skipped.
    Silence {
        /// Its id.
        id: String,
        /// Why it is invalid.
        why: String,
    },
    /// A silence with several sets of matchers, which was split into one silence for each set.
    Split {
        /// Its id.
        id: String,
        /// The ids of the parts.
        parts: Vec<String>,
    },
}

impl Report {
    /// An empty report for the files in `folder`.
    pub fn of(folder: &Path) -> Self {
        Report {
            folder: folder.to_owned(),
            ..Report::default()
        }
    }

    /// The first file that could not be read at all. The operator has to decide what to do with it.
    pub fn unreadable(&self) -> Option<&Trouble> {
        let is_unreadable = |trouble: &&Trouble| matches!(trouble, Trouble::Unreadable { .. });
        self.troubles.iter().find(is_unreadable)
    }

    /// Logs the report; nothing if there was no file.
    pub fn log(&self) {
        if !self.found_any {
            return;
        }
        log::info!(
            folder:% = self.folder.display(), silences = self.silences, notifications = self.told,
            expired = self.expired;
            "Imported Alertmanager's silences and notification log; its files are not changed"
        );
        if !self.others.is_empty() {
            let counts = self.others.iter();
            let counts: Vec<String> = counts
                .map(|(name, count)| format!("{name}: {count}"))
                .collect();
            log::info!(
                notifications = counts.join(", ").as_str();
                "Skipped Alertmanager's notification log entries of unsupported integrations"
            );
        }
        for trouble in &self.troubles {
            match trouble {
                Trouble::Split { .. } => log::warn!("{trouble}"),
                _ => log::error!("{trouble}"),
            }
        }
        if self.omitted > 0 {
            log::error!(count = self.omitted; "More of Alertmanager's state could not be read");
        }
    }

    pub(super) fn add(&mut self, trouble: Trouble) {
        if self.troubles.len() < limits::ALERTMANAGER_TROUBLES {
            self.troubles.push(trouble);
        } else {
            self.omitted += 1;
        }
    }

    pub(super) fn unreadable_file(&mut self, file: &Path, why: impl fmt::Display) {
        self.add(Trouble::Unreadable {
            file: file.to_owned(),
            why: why.to_string(),
        });
    }

    pub(super) fn broken_file(&mut self, file: &Path, offset: u64, why: &Broken) {
        self.add(Trouble::Broken {
            file: file.to_owned(),
            offset,
            why: why.to_string(),
        });
    }

    pub(super) fn broken_message(&mut self, file: &Path, offset: u64, why: Malformed) {
        self.add(Trouble::Message {
            file: file.to_owned(),
            offset,
            why,
        });
    }
}

/// What to do about damage. The files are read only while there is no journal.
const READ_AGAIN: &str = "to read a sound copy, stop alertwheel, put the copy in place, remove the folder \
                          journal beside it, and start again";

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unreadable { file, why } => write!(
                out,
                "{}: {why}; an Alertmanager left this file, so let the user read it that alertwheel \
                 runs as, or move it away to go on without what is in it",
                file.display()
            ),
            Trouble::Broken { file, offset, why } => write!(
                out,
                "{}: damaged at byte {offset}: {why}; what stands before counts, what follows is left \
                 out; {READ_AGAIN}",
                file.display()
            ),
            Trouble::Message { file, offset, why } => write!(
                out,
                "{}: damaged at byte {offset}: {why}; this message is left out, others count; \
                 {READ_AGAIN}",
                file.display()
            ),
            Trouble::Silence { id, why } => write!(
                out,
                "silence {id:?} that an Alertmanager left is left out: {why}; make it anew if it is \
                 still needed"
            ),
            Trouble::Split { id, parts } => write!(
                out,
                "silence {id} has several sets of matchers, which none can have here; it became the \
                 silences {}, which together silence the same alerts",
                parts.join(", ")
            ),
        }
    }
}
