//! The folder is made, locked, and refused where it cannot be.

use std::os::unix::fs::MetadataExt as _;

use super::*;
use crate::journal::samples::TestFolder;

#[test]
fn a_folder_that_is_not_there_is_made_with_all_above_it() {
    let folder = TestFolder::new("made");
    let storage = folder.path().join("var/lib/alertwheel");
    let directory = Directory::open(&storage).expect("a folder that can be made");
    assert!(storage.join("journal").is_dir());
    assert_eq!(
        directory.listing().expect("it is there"),
        Listing::default()
    );
}

#[test]
fn what_to_sync_for_a_folder_that_was_made_comes_from_the_top_down() {
    let inode = |path: &Path| fs::metadata(path).expect("a folder").ino();
    let folder = TestFolder::new("made-in");
    let (above, storage) = (folder.path().join("lib"), folder.path().join("lib/wheel"));
    let mut directory = Directory::open(&storage).expect("a folder that can be made");
    let made_in = directory.take_made_in().into_iter();
    let made_in: Vec<u64> = made_in
        .map(|file| file.metadata().expect("a folder").ino())
        .collect();
    assert_eq!(
        made_in,
        [inode(folder.path()), inode(&above), inode(&storage)]
    );
    drop(directory);
    let mut again = Directory::open(&storage).expect("a folder");
    assert!(again.take_made_in().is_empty(), "it was there");
}

#[test]
fn a_second_daemon_is_refused_until_the_first_has_ended() {
    let folder = TestFolder::new("locked");
    let first = Directory::open(folder.path()).expect("a free folder");
    let refused = Directory::open(folder.path()).expect_err("it is locked");
    assert_eq!(
        refused.to_string(),
        format!(
            "lock {}: in use by another alertwheel; stop that one, or give this one a place of its \
             own with --storage.path",
            folder.path().join("journal").display()
        )
    );
    drop(first);
    assert!(Directory::open(folder.path()).is_ok());
}

#[test]
fn a_file_in_its_place_is_named() {
    let folder = TestFolder::new("file");
    let path = folder.path().join("journal");
    fs::write(&path, "").expect("a file");
    let refused = Directory::open(folder.path()).expect_err("it is a file");
    assert!(matches!(refused, DirectoryFault::NoDirectory { .. }));
    let text = refused.to_string();
    let begin = format!("open {}: not a directory; move", path.display());
    assert!(text.starts_with(&begin), "{text}");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_with_the_reason() {
    let folder = TestFolder::new("unmade");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let refused = Directory::open(&file.join("storage")).expect_err("it is below a file");
    let text = refused.to_string();
    assert!(text.contains("Not a directory; "), "{text}");
    assert!(text.ends_with("with --storage.path"), "{text}");
}

#[test]
fn a_folder_that_was_removed_is_noticed_and_made_anew() {
    let folder = TestFolder::new("gone");
    let directory = Directory::open(folder.path()).expect("a free folder");
    assert!(!directory.is_gone());
    fs::remove_dir_all(folder.path()).expect("a folder");
    assert!(directory.is_gone());
    let mut anew = directory.make_anew().expect("it can be made");
    assert!(anew.take_made_in().is_empty(), "all is on disk already");
    assert!(!anew.is_gone() && directory.is_gone());
    assert!(Directory::open(folder.path()).is_err(), "it is not locked");
}

#[test]
fn each_fault_says_where_and_what_to_do() {
    let path = || PathBuf::from("/var/lib/x/journal");
    let error = io::Error::from_raw_os_error;
    let faults = [
        (
            DirectoryFault::NotMade {
                path: path(),
                error: error(28),
            },
            "create /var/lib/x/journal: No space left on device; free space, or name another place \
             with --storage.path",
        ),
        (
            DirectoryFault::NotMade {
                path: path(),
                error: error(30),
            },
            "create /var/lib/x/journal: Read-only file system; name a place that can be written \
             with --storage.path",
        ),
        (
            DirectoryFault::NotOpened {
                path: path(),
                error: error(13),
            },
            "open /var/lib/x/journal: Permission denied; let the user of this process read and \
             write there, or name another place with --storage.path",
        ),
        (
            DirectoryFault::NotWritable { path: path() },
            "write in /var/lib/x/journal: Permission denied; let the user of this process read and \
             write there, or name another place with --storage.path",
        ),
        (
            DirectoryFault::NotLocked {
                path: path(),
                error: error(37),
            },
            "lock /var/lib/x/journal: No locks available; name a place on a local file system with \
             --storage.path",
        ),
    ];
    for (fault, text) in faults {
        assert_eq!(fault.to_string(), text);
    }
}

#[test]
fn what_is_made_is_for_this_user_alone() {
    let folder = TestFolder::new("private");
    let storage = folder.path().join("storage");
    let directory = Directory::open(&storage).expect("a folder that can be made");
    let disk = crate::journal::disk::HostDisk;
    let file = directory.segment_path(1);
    crate::journal::disk::Disk::create(&disk, &file).expect("a file that can be made");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").mode() & 0o077;
    for path in [&storage, directory.path(), &file] {
        assert_eq!(mode(path), 0, "{}", path.display());
    }
}
