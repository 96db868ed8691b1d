//! Messages for a disk that fails: what happened, where, and what to do.
//!
//! Owns the advice for each kind of disk error. Does no I/O. Runs on any thread.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::dispatch::pending_ack::NotStored;

/// The error for clients whose records could not be written in `directory`.
pub fn not_stored(directory: &Path, error: &io::Error) -> NotStored {
    let text = format!(
        "{}: {}; {}, alertwheel goes on by itself",
        directory.display(),
        plain(error),
        advice(error.kind())
    );
    NotStored(text.into())
}

/// Logs that `records` records are not in the journal because they are too large.
pub fn log_left_out(records: u64) {
    if records > 0 {
        log::error!(
            records = records;
            "Notification log entry too large to store (a group with millions of alerts); its webhook is \
             notified again after a restart"
        );
    }
}

/// The text of an error of the operating system, without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// What an operator can do about the error while the daemon runs.
fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull => "free space",
        ErrorKind::QuotaExceeded => "free space or raise the quota",
        ErrorKind::ReadOnlyFilesystem => "make the file system writable",
        ErrorKind::PermissionDenied => "let the user of this process write there",
        ErrorKind::NotFound => "it is made anew if that is allowed",
        _ => "see what the kernel says of the disk",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_what_to_do() {
        let error = io::Error::from_raw_os_error(28);
        let NotStored(text) = not_stored(Path::new("/var/lib/x/journal"), &error);
        let expected =
            "/var/lib/x/journal: No space left on device; free space, alertwheel goes on by itself";
        assert_eq!(&*text, expected);
    }

    #[test]
    fn each_kind_of_trouble_has_its_advice() {
        for (number, advice) in [
            (122, "quota"),
            (30, "make the file system writable"),
            (13, "let the user"),
            (2, "made anew"),
            (5, "kernel"),
        ] {
            let error = io::Error::from_raw_os_error(number);
            let NotStored(text) = not_stored(Path::new("x"), &error);
            assert!(text.contains(advice), "{text}");
        }
    }
}
