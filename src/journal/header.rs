//! The header of each file of the journal.
//!
//! PURE. Owns the header's fields: a magic number, the version of the format, the kind (segment or
//! snapshot) and the file's number. The layout never changes, so that any version of alertwheel can name a
//! version that is too new for it. Runs on the journal thread, and on main at a start.
//!
//! Each encoded record carries the version to the decoder. To change the fields of a record or to add a kind,
//! add a [`Version`]; the compiler then points out each place that has to distinguish it.
//!
//! | bytes | |
//! |---|---|
//! | 12 | `MAGIC` |
//! | 2 | version, lowest byte first |
//! | 1 | 1 for a segment, 2 for a snapshot |
//! | 1 | 0 |
//! | 8 | number, lowest byte first |
//! | 4 | CRC-32 of the bytes before, lowest byte first |

use std::fmt;

use super::fields::Fields;

/// A version of the format that this build can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The first.
    One = 1,
    /// Has the kinds of records about sources and heartbeats as well.
    Two = 2,
}

/// The version of the format that this build writes.
pub const VERSION: Version = Version::Two;

/// The length of a header in bytes.
pub const HEADER_BYTES: usize = 28;

/// The first bytes of each file. The last two would change if a program treated the file as text.
const MAGIC: [u8; 12] = *b"alertwheel\0\n";

/// What a file of the journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Changes, in order.
    Segment = 1,
    /// The state after all segments up to the snapshot's number.
    Snapshot = 2,
}

/// The header of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version of the format of the file's records.
    pub version: Version,
    /// Whether the file is a segment or a snapshot.
    pub kind: FileKind,
    /// The file's number, the same as in its name.
    pub number: u64,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// The header is damaged, or that of another program's file.
    Damaged,
    /// The header is sound, but its version is newer than this build knows.
    Newer {
        /// The version in the header.
        version: u16,
    },
}

impl Version {
    /// All of them.
    const ALL: [Version; 2] = [Version::One, Version::Two];

    /// Its number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The version with this number.
    fn of_number(number: u16) -> Result<Version, HeaderFault> {
        let mut known = Version::ALL.into_iter();
        let known = known.find(|version| version.number() == number);
        known.ok_or(if number > VERSION.number() {
            HeaderFault::Newer { version: number }
        } else {
            HeaderFault::Damaged
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(out)
    }
}

impl Header {
    /// The header of a new file, in the current version.
    pub fn to_write(kind: FileKind, number: u64) -> Header {
        let version = VERSION;
        Header {
            version,
            kind,
            number,
        }
    }

    /// Encodes the header.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        self.to_bytes_of(self.version.number())
    }

    /// Encodes the header with another version, which this build may not know.
    fn to_bytes_of(self, version: u16) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..12].copy_from_slice(&MAGIC);
        bytes[12..14].copy_from_slice(&version.to_le_bytes());
        bytes[14] = self.kind as u8;
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..24]);
        bytes[24..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Decodes a header, and checks its checksum.
    pub fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Header, HeaderFault> {
        let (said, sum) = bytes.split_at(24);
        if crc32fast::hash(said).to_le_bytes() != *sum || !said.starts_with(&MAGIC) {
            return Err(HeaderFault::Damaged);
        }
        let version = u16::from_le_bytes([said[12], said[13]]);
        let version = Version::of_number(version)?;
        let kind = match said[14] {
            1 => FileKind::Segment,
            2 => FileKind::Snapshot,
            _ => return Err(HeaderFault::Damaged),
        };
        let number = Fields::of(&said[16..]).hash();
        let number = number.map_err(|_| HeaderFault::Damaged)?;
        Ok(Header {
            version,
            kind,
            number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        version: VERSION,
        kind: FileKind::Snapshot,
        number: 0x0102_0304_0506_0708,
    };

    #[test]
    fn a_header_comes_back_as_it_was() {
        assert_eq!(Header::from_bytes(&HEADER.to_bytes()), Ok(HEADER));
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let version = VERSION.number() + 1;
        let newer = HEADER.to_bytes_of(version);
        assert_eq!(
            Header::from_bytes(&newer),
            Err(HeaderFault::Newer { version })
        );
    }

    #[test]
    fn every_version_is_read_as_itself() {
        for version in Version::ALL {
            let header = Header { version, ..HEADER };
            assert_eq!(Header::from_bytes(&header.to_bytes()), Ok(header));
        }
        assert_eq!(Version::ALL.last(), Some(&VERSION));
    }

    #[test]
    fn a_version_before_the_first_is_damage() {
        let read = Header::from_bytes(&HEADER.to_bytes_of(0));
        assert_eq!(read, Err(HeaderFault::Damaged));
    }

    #[test]
    fn each_flipped_bit_is_noticed() {
        for bit in 0..8 * HEADER_BYTES {
            let mut bytes = HEADER.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let read = Header::from_bytes(&bytes);
            assert_eq!(read, Err(HeaderFault::Damaged), "bit {bit}");
        }
    }

    #[test]
    fn every_release_writes_the_same_bytes() {
        let segment = Header::to_write(FileKind::Segment, 7);
        let said = b"alertwheel\0\n\x02\x00\x01\x00\x07\0\0\0\0\0\0\0";
        assert_eq!(segment.to_bytes()[..24], *said);
    }
}
