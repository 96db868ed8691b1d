//! Frames and records of the journal, as targets for a fuzzer.
//!
//! Owns what must hold of the bytes of a journal; see `crate::fuzz`. Never part of the daemon. Runs on
//! threads of tests.

use std::io::BufReader;

use super::codec::{Item, Items, put_clock, put_record};
use super::header::VERSION;
use super::scan::{Found, Scan};
use crate::engine::Record;

pub use super::alertmanager::fuzz::{alertmanager_file, protobuf_message};

/// What a scan finds: where it begins, and the payload of a frame or how many bytes are damaged.
type Piece = (u64, Result<Vec<u8>, u64>);

/// Frames: every byte is in a frame or told as damage, in order, however few are read at a time.
pub fn journal_frames(data: &[u8]) -> bool {
    let pieces = scan(Scan::new(data, 0));
    let mut end = 0;
    for (offset, piece) in &pieces {
        assert_eq!(
            *offset, end,
            "a piece does not begin where the last one ends"
        );
        end += match piece {
            Ok(payload) => (super::frame::FRAME_HEAD + payload.len()) as u64,
            Err(bytes) => *bytes,
        };
        if let Ok(payload) = piece {
            journal_records(payload);
        }
    }
    assert_eq!(end, data.len() as u64, "bytes that nobody told of");
    let in_parts = BufReader::with_capacity(3, data);
    assert_eq!(scan(Scan::new(in_parts, 0)), pieces);
    pieces.iter().any(|(_, piece)| piece.is_ok())
}

fn scan(mut scan: Scan<impl std::io::Read>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while let Some(found) = scan.next_frame().expect("bytes in memory can be read") {
        pieces.push(match found {
            Found::Frame { offset, payload } => (offset, Ok(payload.to_vec())),
            Found::Damage(gap) => (gap.offset, Err(gap.bytes)),
        });
    }
    pieces
}

/// The payload of a frame: a record that can be read is written as bytes that say the same.
pub fn journal_records(data: &[u8]) -> bool {
    let mut is_taken = false;
    for item in Items::of(VERSION, data) {
        let Ok(Item::Record(encoded)) = item else {
            continue;
        };
        let Ok(record) = encoded.decode() else {
            continue;
        };
        is_taken = true;
        assert!(encoded.key().is_ok(), "{record:?} has no key");
        let mut payload = Vec::new();
        put_clock(&mut payload, None, encoded.at);
        put_record(&mut payload, encoded.at, &record);
        assert_eq!(only_record(&payload), Some(record));
    }
    is_taken
}

fn only_record(payload: &[u8]) -> Option<Record> {
    let mut items = Items::of(VERSION, payload);
    let Ok(Item::Record(encoded)) = items.next()? else {
        return None;
    };
    encoded.decode().ok()
}
