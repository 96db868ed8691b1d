//! The first bytes of each file of the journal.
//!
//! PURE. Owns what a file says about itself: that it is ours, in which version of the format, whether
//! it is a segment or a snapshot, and its number. These bytes stay where they are in every version to
//! come, so that any version can name one that is too new for it. Runs on the journal thread, and on
//! main at a start.
//!
//! | bytes | |
//! |---|---|
//! | 12 | `MAGIC` |
//! | 2 | version, lowest byte first |
//! | 1 | 1 for a segment, 2 for a snapshot |
//! | 1 | 0 |
//! | 8 | number, lowest byte first |
//! | 4 | CRC-32 of the bytes before, lowest byte first |

use super::fields::Fields;

/// The version of the format that is written.
pub const VERSION: u16 = 1;

/// How many bytes a header has.
pub const HEADER_BYTES: usize = 28;

/// Begins each file. The last two bytes change where a file is taken for text.
const MAGIC: [u8; 12] = *b"alertwheel\0\n";

/// What a file of the journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// What changed, in its order.
    Segment = 1,
    /// What all segments up to its number amount to.
    Snapshot = 2,
}

/// What a file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub kind: FileKind,
    /// Its number, the same as in its name.
    pub number: u64,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// It is not as anybody wrote it.
    Damaged,
    /// It is sound, and of a version that is not known here.
    Newer {
        /// Which.
        version: u16,
    },
}

impl Header {
    /// Its bytes.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        self.to_bytes_of(VERSION)
    }

    /// Its bytes in another version.
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

    /// What these bytes say.
    pub fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Header, HeaderFault> {
        let (said, sum) = bytes.split_at(24);
        if crc32fast::hash(said).to_le_bytes() != *sum || !said.starts_with(&MAGIC) {
            return Err(HeaderFault::Damaged);
        }
        let version = u16::from_le_bytes([said[12], said[13]]);
        if version > VERSION {
            return Err(HeaderFault::Newer { version });
        }
        let kind = match said[14] {
            1 => FileKind::Segment,
            2 => FileKind::Snapshot,
            _ => return Err(HeaderFault::Damaged),
        };
        let number = Fields::of(&said[16..]).hash();
        let number = number.map_err(|_| HeaderFault::Damaged)?;
        Ok(Header { kind, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        kind: FileKind::Snapshot,
        number: 0x0102_0304_0506_0708,
    };

    #[test]
    fn a_header_comes_back_as_it_was() {
        assert_eq!(Header::from_bytes(&HEADER.to_bytes()), Ok(HEADER));
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let newer = HEADER.to_bytes_of(VERSION + 1);
        let version = VERSION + 1;
        assert_eq!(
            Header::from_bytes(&newer),
            Err(HeaderFault::Newer { version })
        );
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
        let segment = Header {
            kind: FileKind::Segment,
            number: 7,
        };
        let said = b"alertwheel\0\n\x01\x00\x01\x00\x07\0\0\0\0\0\0\0";
        assert_eq!(segment.to_bytes()[..24], *said);
    }
}
