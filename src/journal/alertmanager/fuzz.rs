//! An Alertmanager's protobuf files, as targets for a fuzzer.
//!
//! Owns what must hold of any message and of any file of messages; see `crate::fuzz`. Never part of the
//! daemon. Runs on threads of tests.

use std::io::{BufRead, BufReader};

use super::delimited::Messages;
use super::protobuf::{Fields, Value, take_number, text, time};
use super::{silence, told};
use crate::journal::fields::put_number;

/// A message: numbers and bytes, written again, are read as the same; and the two readers of messages, and
/// those of fields, take or refuse it.
pub fn protobuf_message(data: &[u8]) -> bool {
    if let Ok(found) = silence::Found::read(data) {
        // An error is a silence that cannot be kept, which is told in words.
        if let Err(why) = found.into_silences() {
            assert!(!why.is_empty(), "refused without a word");
        }
    }
    let _ = (told::Found::read(data), text(data), time(data));
    let Ok(fields) = Fields::of(data).collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let mut written = Vec::new();
    for (number, value) in &fields {
        match value {
            Value::Number(value) => {
                put_number(&mut written, number << 3);
                put_number(&mut written, *value);
            }
            Value::Bytes(bytes) => {
                put_number(&mut written, number << 3 | 2);
                put_number(&mut written, bytes.len() as u64);
                written.extend_from_slice(bytes);
            }
            Value::Fixed => {
                put_number(&mut written, number << 3 | 5);
                written.extend_from_slice(&[0; 4]);
            }
        }
    }
    let again: Result<Vec<_>, _> = Fields::of(&written).collect();
    assert_eq!(again, Ok(fields));
    true
}

/// A file of messages: they stand one behind the other from its start, and are the same however few bytes
/// are read at a time.
pub fn alertmanager_file(data: &[u8]) -> bool {
    let (messages, trouble) = read(Messages::of(data));
    let in_parts = Messages::of(BufReader::with_capacity(3, data));
    assert_eq!(read(in_parts), (messages.clone(), trouble.clone()));
    let mut rest = data;
    for message in &messages {
        let length = take_number(&mut rest);
        assert_eq!(length, Ok(message.len() as u64));
        let (own, after) = rest.split_at(message.len());
        assert_eq!(own, message);
        rest = after;
        protobuf_message(message);
    }
    assert_eq!(trouble.is_none(), rest.is_empty(), "{trouble:?}");
    trouble.is_none() && !messages.is_empty()
}

fn read(mut messages: Messages<impl BufRead>) -> (Vec<Vec<u8>>, Option<String>) {
    let mut found = Vec::new();
    loop {
        match messages.take_next() {
            Ok(Some(message)) => found.push(message.to_vec()),
            Ok(None) => return (found, None),
            Err(why) => return (found, Some(why.to_string())),
        }
    }
}
