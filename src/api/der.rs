//! A reader of DER, as far as certificates need it.
//!
//! Owns tags and lengths, and never trusts a length. Knows no certificate. Pure; runs on the connections'
//! threads.

/// The tag of a sequence.
pub const SEQUENCE: u8 = 0x30;

/// A sequence of DER values, each a tag, a length and bytes.
#[derive(Clone, Copy, Debug)]
pub struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the first value, which must have this tag.
    pub fn inside(mut self, tag: u8) -> Option<Der<'a>> {
        let (found, value) = self.take()?;
        (found == tag).then_some(Der(value))
    }

    /// Removes and returns the first value; `None` at the end, or if the bytes are not DER.
    pub fn take(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            // Four bytes of length are enough for any certificate.
            long @ 0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }
}
