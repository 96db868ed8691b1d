//! Imports the silences and the notification log of an Alertmanager from `--storage.path`, so that a
//! replacement loses no silence and repeats no notification.
//!
//! Owns the reading of the files `silences` and `nflog` (§5.7, §7.7). Never changes them. The import is for
//! a start without a journal; from then on the journal has the imported state. Trusts no byte: damaged
//! messages are skipped and reported, sound ones count. Runs on main.
//!
//! - `delimited`: where in a file one message ends and the next begins
//! - `protobuf`: the fields of a message
//! - `silence`, `told`: what the messages of the two files mean
//! - `report`: the report of the import, for the log

mod delimited;
pub(in crate::journal) mod fuzz;
mod protobuf;
mod report;
mod silence;
mod told;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use crate::engine::{AlertmanagerEntry, AlertmanagerKey, Recovered};
use crate::journal::fields::Malformed;
use crate::limits;
use crate::model::{Silence, Wall};
use crate::randomness;

use delimited::{Broken, Messages};

pub use report::{Report, Trouble};

/// The names of Alertmanager's two files.
const SILENCES: &str = "silences";
const TOLD: &str = "nflog";

/// The imported state of an Alertmanager.
#[derive(Debug)]
pub struct AlertmanagerLog {
    /// Its silences, and its notification log as far as it concerns webhooks.
    pub recovered: Recovered,
    /// What was imported, and what was not.
    pub report: Report,
}

/// Imports the files of an Alertmanager in `storage_path`, except entries that have expired at `now`.
pub fn read_alertmanager(storage_path: &Path, now: Wall) -> AlertmanagerLog {
    let mut report = Report::of(storage_path);
    let mut recovered = Recovered::empty(randomness::hash_key());
    let file = storage_path.join(SILENCES);
    if let Some(messages) = open(&file, &mut report) {
        recovered.silences = read_silences(messages, &file, now, &mut report);
    }
    let file = storage_path.join(TOLD);
    if let Some(messages) = open(&file, &mut report) {
        recovered.inherited = read_told(messages, &file, now, &mut report);
    }
    AlertmanagerLog { recovered, report }
}

/// The messages of a file. `None` if there is no such file, or if it cannot be read; the latter is reported.
fn open(file: &Path, report: &mut Report) -> Option<Messages<impl BufRead + use<>>> {
    let found = fs::metadata(file).and_then(|found| {
        // Opening something else, such as a pipe, could block forever.
        if found.is_file() {
            Ok((File::open(file)?, found.len()))
        } else {
            Err(io::Error::other("not a file"))
        }
    });
    report.found_any |= !matches!(&found, Err(error) if error.kind() == io::ErrorKind::NotFound);
    match found {
        Ok((opened, length)) => {
            if length > limits::ALERTMANAGER_FILE_BYTES {
                report.broken_file(file, limits::ALERTMANAGER_FILE_BYTES, &Broken::TooLarge);
            }
            let bounded = opened.take(limits::ALERTMANAGER_FILE_BYTES);
            Some(Messages::of(BufReader::new(bounded)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            report.unreadable_file(file, error);
            None
        }
    }
}

/// Calls `take` with each message. Damage within a message does not hide the next one.
fn each_message(
    mut messages: Messages<impl BufRead>,
    file: &Path,
    report: &mut Report,
    mut take: impl FnMut(&[u8], &mut Report) -> Result<(), Malformed>,
) {
    loop {
        match messages.take_next() {
            Ok(Some(message)) => {
                if let Err(why) = take(message, report) {
                    report.broken_message(file, messages.begin(), why);
                }
            }
            Ok(None) => return,
            Err(why) => {
                report.broken_file(file, messages.begin(), &why);
                return;
            }
        }
    }
}

/// Reads the silences, numbered in the order of their creation, as far as that can be known.
fn read_silences(
    messages: Messages<impl BufRead>,
    file: &Path,
    now: Wall,
    report: &mut Report,
) -> BTreeMap<u64, Arc<Silence>> {
    // The parts of each silence, by id. A file has each id once; of duplicates, the newest state counts.
    let mut by_id: BTreeMap<String, Vec<Silence>> = BTreeMap::new();
    each_message(messages, file, report, |message, report| {
        let found = silence::Found::read(message)?;
        if found.expires_at.is_some_and(|end| end <= now) {
            report.expired += 1;
            return Ok(());
        }
        let (id, updated_at) = (found.id.to_owned(), found.updated_at);
        let known = by_id.get(&id).and_then(|parts| parts.first());
        if known.is_some_and(|known| known.updated_at > updated_at) {
            return Ok(());
        }
        match found.into_silences() {
            Ok(parts) => {
                by_id.insert(id, parts);
            }
            Err(why) => report.add(Trouble::Silence { id, why }),
        }
        Ok(())
    });
    for (id, parts) in by_id.iter().filter(|(_, parts)| parts.len() > 1) {
        let parts = parts.iter().map(|part| part.id.to_string()).collect();
        let id = id.clone();
        report.add(Trouble::Split { id, parts });
    }
    report.silences = by_id.len();
    let mut silences: Vec<Silence> = by_id.into_values().flatten().collect();
    // An active silence began when it was created. A pending one was last changed then or later.
    silences.sort_by_key(|silence| silence.starts_at.min(silence.updated_at));
    (1..).zip(silences.into_iter().map(Arc::new)).collect()
}

/// Reads the notification log, as far as it concerns webhooks.
fn read_told(
    messages: Messages<impl BufRead>,
    file: &Path,
    now: Wall,
    report: &mut Report,
) -> BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>> {
    let mut told: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>> = BTreeMap::new();
    each_message(messages, file, report, |message, report| {
        match told::Found::read(message)? {
            told::Found::Webhook(entry) if entry.expires_at <= now => report.expired += 1,
            told::Found::Webhook(entry) => {
                let known = told.get(&entry.key);
                if known.is_none_or(|known| known.at <= entry.at) {
                    told.insert(entry.key.clone(), Arc::new(entry));
                }
            }
            told::Found::Other(integration) => {
                *report.others.entry(integration).or_default() += 1;
            }
        }
        Ok(())
    });
    report.told = told.len();
    told
}

#[cfg(test)]
mod tests;
