//! PURE. Reads JSON as a value of templates.
//!
//! Owns the meaning of numbers, and the bounds of what is read: its depth, and the memory that it takes once
//! it is read. A whole number is an int, also one that is written 1.0; one beyond 64 bits signed is a text of
//! its digits, so that identifiers stay what they are. Called on the connections' threads and on send threads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::value::{Dict, List, Value};
use crate::limits;

/// Why a text is no JSON that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault(pub String);

impl Value {
    /// Reads a JSON document.
    pub fn from_json(json: &[u8]) -> Result<Self, JsonFault> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let mut held_bytes = 0;
        let part = Part {
            depth: 0,
            held_bytes: &mut held_bytes,
        };
        let value = part.deserialize(&mut reader);
        value
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|error| JsonFault(error.to_string()))
    }
}

/// A value that is about to be read.
struct Part<'b> {
    /// How many lists and maps it is in.
    depth: usize,
    /// The bytes that all values take so far.
    held_bytes: &'b mut usize,
}

impl Part<'_> {
    fn hold<E: Error>(&mut self, bytes: usize) -> Result<(), E> {
        *self.held_bytes += bytes;
        if *self.held_bytes > limits::TEMPLATE_HELD_BYTES {
            let limit = limits::TEMPLATE_HELD_BYTES >> 20;
            return Err(E::custom(format!("its values take more than {limit} MiB")));
        }
        Ok(())
    }

    fn inner<E: Error>(&mut self) -> Result<Part<'_>, E> {
        if self.depth == limits::TEMPLATE_VALUE_DEPTH {
            let limit = limits::TEMPLATE_VALUE_DEPTH;
            return Err(E::custom(format!(
                "its lists and maps nest deeper than {limit} levels"
            )));
        }
        self.hold(size_of::<Value>())?;
        Ok(Part {
            depth: self.depth + 1,
            held_bytes: self.held_bytes,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => Value::Int(number),
            Err(_) => Value::text(number.to_string()),
        })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        /// Beyond this, not every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        Ok(if number.fract() == 0.0 && number.abs() <= EXACT {
            Value::Int(number as i64)
        } else {
            Value::Float(number)
        })
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Value, E> {
        self.hold(text.len())?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(self.inner()?)? {
            items.push(item);
        }
        let list = List::new(items.into()).map_err(A::Error::custom)?;
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        let mut entries: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        while let Some(key) = object.next_key_seed(Name)? {
            self.hold(key.len())?;
            let value = object.next_value_seed(self.inner()?)?;
            // Of a repeated name the last value counts, as in Go.
            entries.insert(key, value);
        }
        let dict = Dict::new(entries).map_err(A::Error::custom)?;
        Ok(Value::Dict(dict))
    }
}

/// The name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Arc<str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Arc<str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Arc<str>, E> {
        Ok(name.into())
    }
}
