//! Reads JSON values that may be of the wrong kind.
//!
//! Owns reading JSON the way Go's decoder does: a value of the wrong kind is recorded and skipped, so the
//! text is read to its end and only a syntax error stops the reader. Borrows from the body. Pure; runs on
//! the connections' threads.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::limits::ANNOTATION_BYTES;

/// A value of the wanted kind, `null`, or the kind that was found instead.
#[derive(Debug)]
pub enum Found<T> {
    /// `null`.
    Null,
    /// A value of the right kind.
    Right(T),
    /// A value of the wrong kind. Holds the name of that kind, with its article.
    Wrong(&'static str),
}

/// A type that can be read from a string, a boolean, an object or an array. By default every kind is wrong.
pub trait Kind<'de>: Sized {
    /// Reads a string; `None` if strings are the wrong kind.
    fn from_text(_text: Cow<'de, str>) -> Option<Self> {
        None
    }

    /// Reads a boolean; `None` if booleans are the wrong kind.
    fn from_bool(_value: bool) -> Option<Self> {
        None
    }

    /// Reads an object to its end; `None` if objects are the wrong kind.
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(object).map(|_| None)
    }

    /// Reads an array to its end; `None` if arrays are the wrong kind.
    fn from_array<A: SeqAccess<'de>>(array: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_seq(array).map(|_| None)
    }
}

/// A string: a value, or the name of a field.
#[derive(Debug)]
pub struct Text<'de>(pub Cow<'de, str>);

impl<'de> Kind<'de> for Text<'de> {
    fn from_text(text: Cow<'de, str>) -> Option<Self> {
        Some(Text(text))
    }
}

impl Kind<'_> for bool {
    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Found::deserialize(from)? {
            Found::Right(text) => Ok(text),
            Found::Null | Found::Wrong(_) => Err(D::Error::custom("a name is a string")),
        }
    }
}

/// An object of strings, in the order written. A `null` value is read as an empty string.
#[derive(Debug, Default)]
pub struct TextMap<'de> {
    /// Names and values; names may repeat.
    pub pairs: Vec<(Cow<'de, str>, Cow<'de, str>)>,
    /// The first name whose value is no string, and the kind of that value.
    pub wrong: Option<(Cow<'de, str>, &'static str)>,
    /// Whether there were more bytes than [`ANNOTATION_BYTES`]. Pairs beyond them are not kept.
    pub is_cut: bool,
}

impl<'de> Kind<'de> for TextMap<'de> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut map = TextMap::default();
        let mut bytes = 0;
        while let Some((Text(name), value)) = object.next_entry::<Text, Found<Text>>()? {
            map.is_cut |= bytes > ANNOTATION_BYTES;
            bytes += name.len();
            match value {
                _ if map.is_cut => {}
                Found::Right(Text(value)) => {
                    bytes += value.len();
                    map.pairs.push((name, value));
                }
                Found::Null => map.pairs.push((name, Cow::Borrowed(""))),
                Found::Wrong(kind) => {
                    map.wrong.get_or_insert((name, kind));
                }
            }
        }
        Ok(Some(map))
    }
}

impl<'de, T: Kind<'de>> Deserialize<'de> for Found<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FoundVisitor(PhantomData))
    }
}

struct FoundVisitor<T>(PhantomData<T>);

impl<'de, T: Kind<'de>> Visitor<'de> for FoundVisitor<T> {
    type Value = Found<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Found<T>, E> {
        Ok(Found::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found<T>, E> {
        Ok(found(T::from_bool(value), "a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found<T>, E> {
        Ok(Found::Wrong("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found<T>, E> {
        Ok(Found::Wrong("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found<T>, E> {
        Ok(Found::Wrong("a number"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Found<T>, E> {
        Ok(found(T::from_text(Cow::Borrowed(text)), "a string"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Found<T>, E> {
        Ok(found(T::from_text(Cow::Owned(text.to_owned())), "a string"))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Found<T>, A::Error> {
        Ok(found(T::from_object(object)?, "an object"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Found<T>, A::Error> {
        Ok(found(T::from_array(array)?, "an array"))
    }
}

fn found<T>(value: Option<T>, kind: &'static str) -> Found<T> {
    value.map_or(Found::Wrong(kind), Found::Right)
}
