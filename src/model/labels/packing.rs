//! Packs pieces of text into one text, and unpacks them.
//!
//! Owns the format. The first character of a piece is an ASCII character, so that the whole stays valid
//! UTF-8:
//!
//! ```text
//! a name   0..64     a name of the list, and nothing follows
//!          64..124   its length and 64, then the name
//!          124..128  the length is in the next 1 to 4 characters, seven bits each, highest first
//! a value  0..124    its length, then the value
//!          124..128  as for a name
//! ```
//!
//! Pure; runs on the calling thread.

use super::names;

/// The first of the marks that give the number of characters of the length.
const LONG: usize = 124;
/// The maximum number of characters of a length.
const LONGEST: usize = 4;
/// The number of bits of a length in one character.
const BITS: usize = 7;

/// A name, in a form that is fast to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// A name of the list in `names`.
    Known(names::Code),
    /// Any other.
    Other(&'a str),
}

impl<'a> Name<'a> {
    /// The name with this text.
    pub fn of(text: &'a str) -> Self {
        names::code_of(text).map_or(Name::Other(text), Name::Known)
    }

    /// Its text.
    #[inline]
    pub fn as_str(self) -> &'a str {
        match self {
            Name::Known(code) => names::text_of(code),
            Name::Other(text) => text,
        }
    }

    /// Whether it sorts before `other`. The numbers of listed names have the order of their texts.
    pub fn is_before(self, other: Name<'_>) -> bool {
        match (self, other) {
            (Name::Known(code), Name::Known(other)) => code < other,
            _ => self.as_str() < other.as_str(),
        }
    }
}

/// A buffer that packs one piece after the other.
#[derive(Debug)]
pub struct Packer {
    packed: String,
}

impl Packer {
    /// A buffer with room for `text` bytes in `pairs` pairs, unless some pieces are long.
    pub fn with_room_for(text: usize, pairs: usize) -> Self {
        Packer {
            packed: String::with_capacity(text + 2 * pairs),
        }
    }

    /// Appends a pair.
    pub fn push(&mut self, name: Name<'_>, value: &str) {
        match name {
            Name::Known(code) => self.packed.push(char::from(code.get())),
            Name::Other(text) => self.push_text(text, usize::from(names::COUNT)),
        }
        self.push_text(value, 0);
    }

    /// The packed text.
    pub fn packed(&self) -> &str {
        &self.packed
    }

    /// Empties the buffer and keeps its memory.
    pub fn clear(&mut self) {
        self.packed.clear();
    }

    fn push_text(&mut self, text: &str, base: usize) {
        let length = text.len();
        if length < LONG - base {
            self.packed.push(character(base + length));
        } else {
            self.push_long(length);
        }
        self.packed.push_str(text);
    }

    fn push_long(&mut self, length: usize) {
        assert!(
            length < 1 << (BITS * LONGEST),
            "a label of a quarter of a gigabyte passed the limits"
        );
        let width = (1..LONGEST)
            .find(|width| length < 1 << (BITS * width))
            .unwrap_or(LONGEST);
        self.packed.push(character(LONG + width - 1));
        for position in (0..width).rev() {
            self.packed
                .push(character((length >> (BITS * position)) & 0x7f));
        }
    }
}

fn character(number: usize) -> char {
    u8::try_from(number)
        .ok()
        .filter(u8::is_ascii)
        .map(char::from)
        .expect("seven bits")
}

/// Takes the name off the front of `rest`; `None` if `rest` is empty.
#[inline(always)]
pub fn take_name<'a>(rest: &mut &'a str) -> Option<Name<'a>> {
    let mark = *rest.as_bytes().first()?;
    if let Some(code) = names::Code::new(mark) {
        *rest = &rest[1..];
        return Some(Name::Known(code));
    }
    Some(Name::Other(take_text(rest, mark, names::COUNT)))
}

/// Takes the value off the front of `rest`.
#[inline(always)]
pub fn take_value<'a>(rest: &mut &'a str) -> &'a str {
    let mark = rest.as_bytes()[0];
    take_text(rest, mark, 0)
}

#[inline(always)]
fn take_text<'a>(rest: &mut &'a str, mark: u8, base: u8) -> &'a str {
    let (start, length) = if usize::from(mark) < LONG {
        (1, usize::from(mark - base))
    } else {
        long_length(rest.as_bytes())
    };
    let (text, tail) = rest[start..].split_at(length);
    *rest = tail;
    text
}

/// The offset of a long text, and its length.
#[cold]
fn long_length(packed: &[u8]) -> (usize, usize) {
    let start = usize::from(packed[0]) - LONG + 2;
    let digits = packed[1..start].iter();
    let length = digits.fold(0, |length, digit| length << BITS | usize::from(*digit));
    (start, length)
}
