//! Decodes protocol buffers, as far as Alertmanager's files need it.
//!
//! PURE. Owns the split of a message into fields, and the decoding of texts and times. Trusts nothing: bytes
//! that are no message are [`Malformed`]. The reader of a message skips fields that are unknown or of the
//! wrong kind, as Alertmanager does. Uses no crate: four kinds of fields take some hundred lines, and a
//! crate would bring its macros. Runs on main, at a start.

use crate::journal::fields::Malformed;
use crate::model::Wall;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number.
    Number(u64),
    /// A text, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
    /// Four or eight bytes; no field that is read here has this kind.
    Fixed,
}

/// A field: its number in the message, and its value.
pub type Field<'a> = (u64, Value<'a>);

/// Iterates over the fields of a message. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of this message.
    pub fn of(message: &'a [u8]) -> Self {
        Fields { rest: message }
    }

    fn take_field(&mut self) -> Result<Field<'a>, Malformed> {
        let tag = take_number(&mut self.rest)?;
        let value = match tag & 0b111 {
            0 => Value::Number(take_number(&mut self.rest)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = take_number(&mut self.rest)?;
                // A length beyond `usize` cannot fit in the message.
                Value::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed("a field of an unknown kind")),
        };
        match tag >> 3 {
            0 => Err(Malformed("a field with the number 0")),
            number => Ok((number, value)),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let cut = Malformed("a field is longer than its message");
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.take_field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Takes a varint off the front.
pub fn take_number(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let cut = Malformed("a number is cut short");
        let (byte, after) = rest.split_first().ok_or(cut)?;
        *rest = after;
        // The tenth byte has room for one bit only.
        if shift == 63 && *byte > 1 {
            break;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed("a number has more than 64 bits"))
}

/// The text of a field.
pub fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed("a text is not UTF-8"))
}

/// The time of a field. A time beyond the latest timestamp counts as the latest, as in the API.
pub fn time(message: &[u8]) -> Result<Wall, Malformed> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    for field in Fields::of(message) {
        match field? {
            (1, Value::Number(value)) => seconds = value.cast_signed(),
            (2, Value::Number(value)) => nanoseconds = value.cast_signed(),
            _ => {}
        }
    }
    let nanoseconds = i32::try_from(nanoseconds)
        .ok()
        .filter(|nanoseconds| (0..1_000_000_000).contains(nanoseconds))
        .ok_or(Malformed("a time has more nanoseconds than a second has"))?;
    let nearest = if seconds < 0 { Wall::MIN } else { Wall::MAX };
    Ok(Wall::new(seconds, nanoseconds).unwrap_or(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, Malformed> {
        Fields::of(message).collect()
    }

    #[test]
    fn a_message_falls_into_its_fields() {
        let message = [
            0x08, 0x96, 0x01, // 1: 150
            0x12, 0x02, b'h', b'i', // 2: "hi"
            0x1d, 1, 2, 3, 4, // 3: four bytes
            0x21, 1, 2, 3, 4, 5, 6, 7, 8, // 4: eight bytes
            0xa2, 0x06, 0x00, // 100: nothing
        ];
        let expected = [
            (1, Value::Number(150)),
            (2, Value::Bytes(b"hi")),
            (3, Value::Fixed),
            (4, Value::Fixed),
            (100, Value::Bytes(b"")),
        ];
        assert_eq!(fields(&message), Ok(expected.to_vec()));
        assert_eq!(fields(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_message_is_malformed() {
        for bad in [
            &[0x08][..],
            &[0x80],
            &[0x0a, 0x05, 1],
            &[0x0d, 1, 2, 3],
            &[0x09, 1],
            &[0x0b],
            &[0x00, 0x00],
            &[
                0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            &[
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
        ] {
            assert!(fields(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_time_is_seconds_and_nanoseconds() {
        let at = |text: &str| Ok(text.parse::<Wall>().expect("a timestamp"));
        assert_eq!(time(&[]), at("1970-01-01T00:00:00Z"));
        let message = [
            0x08, 0xe3, 0xea, 0x9a, 0xd8, 0x06, 0x10, 0x93, 0xcf, 0x91, 0xc3, 0x03,
        ];
        assert_eq!(time(&message), at("2026-11-25T10:16:03.946104211Z"));
        let year_one = [
            0x08, 0x80, 0x92, 0xb8, 0xc3, 0x98, 0xfe, 0xff, 0xff, 0xff, 0x01,
        ];
        assert_eq!(time(&year_one), Ok(crate::model::ZERO_TIME));
        let last_second_of_9999 = [0x08, 0xff, 0xdb, 0xe7, 0xd7, 0xd7, 0x07];
        assert_eq!(time(&last_second_of_9999), Ok(Wall::MAX));
        assert!(time(&[0x10, 0x80, 0x94, 0xeb, 0xdc, 0x03]).is_err());
    }
}
