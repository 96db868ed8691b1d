//! Files that others write and we read: whole, within a bound, and again once they have changed.
//!
//! Owns what counts as a change of a file, and that no file is read without end. Never says how large a
//! file may be: its readers do. The files of the journal are read by the journal itself. Runs on whichever
//! thread needs a file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Reads the file at `path`, which may have `most` bytes; a larger one fails as
/// [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, most)
}

/// The same, of a file that must be UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = read(path, most)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Reads all of `input`, which may have `most` bytes. No more than one further byte is read of what has
/// no end.
pub fn read_from(input: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= most {
        return Ok(bytes);
    }
    let limit = match most >> 20 {
        0 => format!("{} KiB", most >> 10),
        mebibytes => format!("{mebibytes} MiB"),
    };
    let fault = format!("larger than {limit}");
    Err(io::Error::new(ErrorKind::FileTooLarge, fault))
}

/// What tells one state of a file from another: which file it is, its length, and when it was changed.
/// Two writes within the clock's step that leave the length alone look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Device, inode and length.
    identity: [u64; 3],
    /// Of the content and of the inode, in seconds and nanoseconds.
    times: [(i64, i64); 2],
}

impl Stamp {
    /// That of the file at `path` now; `None` if there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Stamp {
            identity: [file.dev(), file.ino(), file.size()],
            times: [
                (file.mtime(), file.mtime_nsec()),
                (file.ctime(), file.ctime_nsec()),
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_whole_or_not_at_all() {
        let most = 2 << 10;
        for length in [0, 1, most] {
            let read = read_from(io::repeat(b'x').take(length), most).expect("it fits");
            assert_eq!(read.len() as u64, length);
        }
        for (most, told) in [(most, "larger than 2 KiB"), (4 << 20, "larger than 4 MiB")] {
            let error = read_from(io::repeat(b'x'), most).expect_err("it has no end");
            assert_eq!(error.kind(), ErrorKind::FileTooLarge);
            assert_eq!(error.to_string(), told);
        }
    }

    #[test]
    fn a_file_that_is_replaced_by_one_of_equal_length_has_another_stamp() {
        let name = |name| {
            let name = format!("alertwheel-{name}-{}", std::process::id());
            std::env::temp_dir().join(name)
        };
        let (path, next) = (name("stamped"), name("next"));
        assert_eq!(Stamp::of(&path), None);
        fs::write(&path, "one").expect("it is written");
        let before = Stamp::of(&path);
        assert_eq!(Stamp::of(&path), before);
        fs::write(&next, "two").expect("it is written");
        fs::rename(&next, &path).expect("it is replaced");
        let after = Stamp::of(&path);
        fs::remove_file(&path).expect("it is there");
        assert_ne!(after, before);
    }
}
