//! The two files in their folder.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process;

use super::fixtures;
use crate::journal::alertmanager::{AlertmanagerLog, Trouble, read_alertmanager};

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn create(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("alertwheel-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a folder for a test");
        Folder(path)
    }

    fn read(&self) -> AlertmanagerLog {
        read_alertmanager(&self.0, super::at(fixtures::SOON))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn both_files_are_read_and_stay_as_they_are() {
    let folder = Folder::create("inherits");
    let (silences, told) = (folder.0.join("silences"), folder.0.join("nflog"));
    fs::write(&silences, fixtures::silences()).expect("a file for a test");
    fs::write(&told, fixtures::told()).expect("a file for a test");
    let left = folder.read();
    assert!(left.report.found_any && left.report.unreadable().is_none());
    assert_eq!((left.report.silences, left.report.told), (4, 5));
    assert_eq!(
        (
            left.recovered.silences.len(),
            left.recovered.inherited.len()
        ),
        (4, 5)
    );
    assert_eq!(fs::read(&silences).expect("the file"), fixtures::silences());
    assert_eq!(fs::read(&told).expect("the file"), fixtures::told());
    let names = fs::read_dir(&folder.0).expect("the folder").count();
    assert_eq!(names, 2);
}

#[test]
fn without_files_there_is_nothing_to_tell() {
    let folder = Folder::create("inherits-nothing");
    let left = folder.read();
    assert!(left.recovered.is_empty() && !left.report.found_any);
    let missing = read_alertmanager(&folder.0.join("missing"), super::at(fixtures::SOON));
    assert!(missing.recovered.is_empty() && !missing.report.found_any);
}

#[test]
fn one_file_is_enough() {
    let folder = Folder::create("inherits-one");
    fs::write(folder.0.join("nflog"), fixtures::told()).expect("a file for a test");
    let left = folder.read();
    assert_eq!((left.report.silences, left.report.told), (0, 5));
    assert!(left.report.troubles.is_empty());
}

#[test]
fn what_is_no_file_is_not_waited_for_but_named() {
    let folder = Folder::create("inherits-no-file");
    let path = folder.0.join("silences");
    let _socket = UnixListener::bind(&path).expect("a socket for a test");
    fs::write(folder.0.join("nflog"), fixtures::told()).expect("a file for a test");
    let left = folder.read();
    let unreadable = left.report.unreadable().expect("it says so");
    assert!(matches!(unreadable, Trouble::Unreadable { file, .. } if *file == path));
    let told = unreadable.to_string();
    assert!(
        told.contains("not a file") && told.contains("move it away"),
        "{told}"
    );
    assert_eq!(left.report.told, 5, "the other file counts");
}
