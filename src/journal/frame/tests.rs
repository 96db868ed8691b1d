//! What frames cost, and that they are made whole.

use super::*;
use crate::journal::codec::{Item, Items};
use crate::journal::header::VERSION;
use crate::journal::samples;
use crate::journal::scan::{Found, Scan};
use crate::model::Fingerprint;

/// The payloads in these bytes, all of which must be sound.
fn payloads(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut scan = Scan::new(bytes, 0);
    let mut payloads = Vec::new();
    while let Some(found) = scan.next_frame().expect("memory") {
        match found {
            Found::Frame { payload, .. } => payloads.push(payload.to_vec()),
            Found::Damage(gap) => panic!("{gap:?}"),
        }
    }
    payloads
}

fn extended(number: u64, at: Wall) -> Record {
    Record::AlertExtended {
        fingerprint: Fingerprint(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        ends_at: at + std::time::Duration::from_nanos(240_012_345_678),
        updated_at: at,
    }
}

#[test]
fn an_alert_reported_again_costs_under_24_bytes() {
    let mut frames = Frames::new();
    for batch in 0..20_000_u64.div_ceil(64) {
        let at = samples::moment(batch.cast_signed(), 123_456_789);
        let numbers = 64 * batch..20_000.min(64 * (batch + 1));
        let records: Vec<Record> = numbers.map(|number| extended(number, at)).collect();
        frames.push_batch(at, &records);
    }
    assert_eq!(frames.records(), 20_000);
    let each = frames.len() as f64 / 20_000.0;
    assert!(each < 18.0, "{each} bytes");
}

#[test]
fn an_alert_reported_alone_costs_under_40_bytes() {
    let mut frames = Frames::new();
    let at = samples::moment(0, 1);
    frames.push_batch(at, &[extended(1, at)]);
    assert!(frames.len() < 40, "{} bytes", frames.len());
}

#[test]
fn a_turn_is_one_frame_and_a_snapshot_many() {
    let at = samples::moment(0, 0);
    let records: Vec<Record> = (0..5_000)
        .map(|number| Record::Alert(samples::alert(number, at).into()))
        .collect();
    let mut turn = Frames::new();
    turn.push_batch(at, &records);
    assert_eq!(payloads(turn.bytes()).len(), 1);

    let mut snapshot = Frames::new();
    for record in &records {
        snapshot.push(at, record);
    }
    snapshot.close(at);
    let payloads = payloads(snapshot.bytes());
    let sizes: Vec<usize> = payloads.iter().map(Vec::len).collect();
    assert!(payloads.len() > 2 && sizes.iter().all(|size| *size < 2 * (1 << 20)));
    let last = payloads.last().expect("the closing frame");
    let closing = Item::Closing { records: 5_000 };
    assert_eq!(Items::of(VERSION, last).collect::<Vec<_>>(), [Ok(closing)]);
}

#[test]
fn bytes_are_only_those_of_whole_frames() {
    let at = samples::moment(0, 0);
    let mut frames = Frames::new();
    frames.push(at, &extended(1, at));
    assert!(frames.bytes().is_empty());
    frames.seal();
    let whole = frames.bytes().len();
    frames.push(at, &extended(2, at));
    assert_eq!(frames.bytes().len(), whole);
    frames.seal();
    assert_eq!(payloads(frames.bytes()).len(), 2);
}

#[test]
fn a_turn_without_records_writes_nothing() {
    let mut frames = Frames::new();
    frames.push_batch(samples::moment(0, 0), &[]);
    assert!(frames.is_empty());
}

#[test]
fn a_record_that_is_too_large_is_left_out_and_the_others_are_kept() {
    let at = samples::moment(0, 0);
    let mut large = samples::alert(2, at);
    large.generator_url = "x".repeat(limits::RECORD_BYTES).as_str().into();
    let records = [samples::alert(1, at), large, samples::alert(3, at)];
    let records = records.map(|alert| Record::Alert(alert.into()));
    let mut frames = Frames::new();
    frames.push_batch(at, &records);
    assert_eq!((frames.take_left_out(), frames.take_left_out()), (1, 0));
    let payloads = payloads(frames.bytes());
    let items: Vec<Item<'_>> = payloads
        .iter()
        .flat_map(|payload| Items::of(VERSION, payload).map(|item| item.expect("a sound item")))
        .collect();
    assert_eq!((items.len(), frames.records()), (2, 2));
}
