//! Encodes and decodes the fields of records: numbers, texts and times.
//!
//! PURE. Owns the encoding of each type. Numbers are varints (seven bits a byte, lowest first) or, if all
//! bits are used, eight bytes in little endian. A time is its distance in nanoseconds from a known time, so
//! that near times take few bytes. Reading trusts nothing: missing bytes, a number that is too large and
//! text that is no UTF-8 are [`Malformed`]. Runs on the journal thread, and on main at a start.

use std::fmt;

use crate::model::{Fingerprint, Labels, Wall};

/// What is wrong with bytes that this program cannot have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

/// The longest varint of 64 bits, in bytes.
const VARINT_BYTES: usize = 10;
/// The longest distance between two times, in bytes: the calendar has seventy bits of nanoseconds.
const TIME_BYTES: usize = 11;

/// Appends a number that is usually small, as a varint.
pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a hash, as eight bytes.
pub fn put_hash(out: &mut Vec<u8>, hash: u64) {
    out.extend_from_slice(&hash.to_le_bytes());
}

/// Appends a text, with its length.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a time as its distance from `base`.
pub fn put_time(out: &mut Vec<u8>, base: Wall, time: Wall) {
    let distance = time.as_nanosecond() - base.as_nanosecond();
    // Zigzag: the sign is the lowest bit, so that small distances are small either way.
    let mut spread = ((distance << 1) ^ (distance >> 127)).cast_unsigned();
    while spread > u128::from(u64::MAX) {
        out.push(spread as u8 | 0x80);
        spread >>= 7;
    }
    put_number(out, spread as u64);
}

/// Appends a time that may be missing.
pub fn put_optional_time(out: &mut Vec<u8>, base: Wall, time: Option<Wall>) {
    out.push(u8::from(time.is_some()));
    if let Some(time) = time {
        put_time(out, base, time);
    }
}

/// Appends labels or annotations.
pub fn put_labels(out: &mut Vec<u8>, labels: &Labels) {
    // Counting labels takes as long as writing them, so their number is put in afterwards. It takes one
    // byte unless there are far too many labels.
    let number_at = out.len();
    out.push(0);
    let mut count = 0;
    for (name, value) in labels.iter() {
        put_text(out, name);
        put_text(out, value);
        count += 1;
    }
    if count < 0x80 {
        out[number_at] = count as u8;
        return;
    }
    let mut number = Vec::new();
    put_number(&mut number, count);
    out.splice(number_at..=number_at, number);
}

/// Appends a list of hashes.
pub fn put_hashes(out: &mut Vec<u8>, hashes: impl ExactSizeIterator<Item = u64>) {
    put_number(out, hashes.len() as u64);
    for hash in hashes {
        put_hash(out, hash);
    }
}

/// A reader that takes fields from bytes, one after the other.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields in `bytes`.
    pub fn of(bytes: &'a [u8]) -> Self {
        Fields { rest: bytes }
    }

    /// Whether all bytes are taken.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The number of bytes that are not taken yet.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// The bytes that are not taken yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails if bytes are left.
    pub fn end(&self) -> Result<(), Malformed> {
        match self.rest {
            [] => Ok(()),
            _ => Err(Malformed("more bytes than the record takes")),
        }
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.rest.split_first().ok_or(CUT)?;
        self.rest = rest;
        Ok(*byte)
    }

    /// A flag: one byte, 0 or 1.
    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("a flag that is neither yes nor no")),
        }
    }

    /// A varint.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        let spread = self.varint(VARINT_BYTES)?;
        u64::try_from(spread).map_err(|_| Malformed("a number too large"))
    }

    /// A position.
    pub fn index(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| Malformed("a position too large"))
    }

    /// A count of items to come, each of which takes `least` bytes or more; fails if so many cannot follow.
    pub fn count(&mut self, least: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| CUT)?;
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.rest.len() => Ok(count),
            _ => Err(CUT),
        }
    }

    /// A hash.
    pub fn hash(&mut self) -> Result<u64, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(CUT)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A fingerprint.
    pub fn fingerprint(&mut self) -> Result<Fingerprint, Malformed> {
        self.hash().map(Fingerprint)
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.count(1)?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Malformed("a text that is not UTF-8"))
    }

    /// A time, by its distance from `base`.
    pub fn time(&mut self, base: Wall) -> Result<Wall, Malformed> {
        let spread = self.varint(TIME_BYTES)?;
        let distance = (spread >> 1).cast_signed() ^ -((spread & 1).cast_signed());
        Wall::from_nanosecond(base.as_nanosecond() + distance)
            .map_err(|_| Malformed("a time outside of the calendar"))
    }

    /// A time that may be missing.
    pub fn optional_time(&mut self, base: Wall) -> Result<Option<Wall>, Malformed> {
        self.flag()?.then(|| self.time(base)).transpose()
    }

    /// Labels or annotations.
    pub fn labels(&mut self) -> Result<Labels, Malformed> {
        let count = self.count(2)?;
        let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(count);
        for _ in 0..count {
            let pair = (self.text()?, self.text()?);
            if pairs.last().is_some_and(|(before, _)| *before >= pair.0) {
                return Err(Malformed("labels out of order"));
            }
            pairs.push(pair);
        }
        Ok(Labels::from_pairs(pairs))
    }

    /// A list of hashes.
    pub fn hashes(&mut self) -> Result<impl ExactSizeIterator<Item = u64> + use<'a>, Malformed> {
        let count = self.count(8)?;
        let (chunks, _) = self.bytes(8 * count)?.as_chunks();
        Ok(chunks.iter().copied().map(u64::from_le_bytes))
    }

    fn varint(&mut self, most: usize) -> Result<u128, Malformed> {
        let (mut value, mut shift) = (0_u64, 0);
        for (index, byte) in self.rest.iter().take(most).enumerate() {
            // Fast path: a varint of up to eight bytes fits into one word. Longer ones are rare.
            if index == 8 {
                return self.long_varint(most);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(u128::from(value));
            }
            shift += 7;
        }
        Err(CUT)
    }

    fn long_varint(&mut self, most: usize) -> Result<u128, Malformed> {
        let mut value = 0_u128;
        for (index, byte) in self.rest.iter().take(most).enumerate() {
            value |= u128::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(CUT)
    }
}

const CUT: Malformed = Malformed("a field that does not end within its record");
