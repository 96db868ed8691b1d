//! Repairs the journal's folder at a start, before anything is written.
//!
//! Cuts off the torn tail of the last segment, and removes old damaged files beyond
//! [`limits::DAMAGED_FILES`]. Owns both rules. If the disk refuses, everything stays as it is, and the next
//! start tries again. Runs on main.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::header::HEADER_BYTES;
use super::recovery::{Report, Tail};
use super::regular_file::open_regular_to_write;
use crate::limits;

/// Repairs what `report` found.
pub fn repair(folder: &Path, report: &Report) {
    if let Some(torn) = report.torn
        && let Err(error) = cut(folder, torn)
    {
        log::warn!(file:% = torn.file, err:% = error; "Cannot truncate a torn segment");
    }
    // Names begin with numbers, so the first are the oldest.
    let most = report
        .kept_aside
        .len()
        .saturating_sub(limits::DAMAGED_FILES);
    for name in &report.kept_aside[..most] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                log::warn!(file = name.as_str(), err:% = error; "Cannot remove an old damaged file");
            }
            _ => log::info!(file = name.as_str(); "Removed an old damaged file of the journal"),
        }
    }
}

/// Cuts the torn tail off a segment: once another segment follows, the tail would count as damage.
fn cut(folder: &Path, torn: Tail) -> io::Result<()> {
    let path = torn.file.within(folder);
    if torn.offset < HEADER_BYTES as u64 {
        fs::remove_file(&path)?;
        return File::open(folder)?.sync_all();
    }
    let file = open_regular_to_write(&path)?;
    file.set_len(torn.offset)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::frame::Frames;
    use crate::journal::listing::{FileName, Listing};
    use crate::journal::recovery::recover;
    use crate::journal::samples::{self, TestFolder};

    const NAME: FileName = FileName {
        number: 1,
        kind: crate::journal::header::FileKind::Segment,
    };

    /// Writes the first bytes of a segment with two frames; all of them if `cut` is 0.
    fn write_segment(folder: &Path, name: FileName, cut: usize) {
        let mut frames = Frames::new();
        for number in 0..2 {
            let at = samples::moment(number, 0);
            let alert = samples::alert(number as u64, at);
            frames.push_batch(at, &[crate::engine::Record::Alert(alert.into())]);
        }
        let mut bytes = name.header().to_bytes().to_vec();
        bytes.extend_from_slice(frames.bytes());
        bytes.truncate(bytes.len() - cut);
        fs::write(name.within(folder), bytes).expect("a file that can be written");
    }

    #[test]
    fn a_torn_tail_is_no_damage_once_other_segments_follow() {
        let folder = TestFolder::new("torn");
        write_segment(folder.path(), NAME, 3);
        let (before, report) = recover(folder.path()).expect("a segment");
        assert!(report.torn.is_some() && before.alerts.len() == 1);
        repair(folder.path(), &report);
        write_segment(folder.path(), FileName::segment(2), 0);
        let (after, report) = recover(folder.path()).expect("two segments");
        assert!(report.is_sound() && report.torn.is_none());
        assert_eq!(after.alerts.len(), 2);
    }

    #[test]
    fn a_segment_without_a_whole_header_is_removed() {
        let folder = TestFolder::new("headless");
        let header = NAME.header().to_bytes();
        for length in 0..HEADER_BYTES {
            let path = NAME.within(folder.path());
            fs::write(&path, &header[..length]).expect("a file that can be written");
            let (_, report) = recover(folder.path()).expect("a segment");
            repair(folder.path(), &report);
            assert!(!path.exists(), "of {length} bytes");
        }
    }

    #[test]
    fn a_segment_whose_header_is_destroyed_is_kept_as_it_was() {
        let folder = TestFolder::new("destroyed");
        write_segment(folder.path(), NAME, 0);
        let path = NAME.within(folder.path());
        let mut bytes = fs::read(&path).expect("a file");
        bytes.fill(0xff);
        fs::write(&path, &bytes).expect("a file that can be written");
        let (_, report) = recover(folder.path()).expect("a segment");
        assert!(report.torn.is_none() && !report.is_sound());
        repair(folder.path(), &report);
        assert_eq!(fs::read(&path).expect("a file"), bytes);
    }

    #[test]
    fn a_sound_segment_is_left_as_it_is() {
        let folder = TestFolder::new("sound");
        write_segment(folder.path(), NAME, 0);
        let path = NAME.within(folder.path());
        let before = fs::read(&path).expect("a file");
        let (_, report) = recover(folder.path()).expect("a segment");
        repair(folder.path(), &report);
        assert_eq!(fs::read(&path).expect("a file"), before);
    }

    #[test]
    fn the_last_damaged_files_are_kept() {
        let folder = TestFolder::new("kept");
        for number in 0..limits::DAMAGED_FILES + 3 {
            let name = format!("{number:010}.segment.damaged");
            fs::write(folder.path().join(name), "").expect("a file that can be written");
        }
        let (_, report) = recover(folder.path()).expect("a folder");
        repair(folder.path(), &report);
        let kept = Listing::read(folder.path()).expect("a folder").damaged;
        assert_eq!(kept.len(), limits::DAMAGED_FILES);
        assert_eq!(kept[0], "0000000003.segment.damaged");
    }

    #[test]
    fn a_file_that_cannot_be_cut_stops_nobody() {
        let folder = TestFolder::new("gone-before-the-cut");
        write_segment(folder.path(), NAME, 3);
        let (_, report) = recover(folder.path()).expect("a segment");
        fs::remove_file(NAME.within(folder.path())).expect("a file");
        repair(folder.path(), &report);
        assert!(!NAME.within(folder.path()).exists());
    }
}
