//! Records survive being written, and bytes that nobody wrote are refused.

mod golden;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::journal::header::VERSION;
use crate::journal::samples;
use crate::model::ZERO_TIME;

/// What is read back of these records, written at one time.
fn read_back(at: Wall, records: &[Record]) -> Vec<Record> {
    let mut payload = Vec::new();
    put_clock(&mut payload, None, at);
    for record in records {
        put_record(&mut payload, at, record);
    }
    decoded(&payload).expect("what was just written")
}

fn decoded(payload: &[u8]) -> Result<Vec<Record>, Malformed> {
    let mut records = Vec::new();
    for item in Items::of(VERSION, payload) {
        match item? {
            Item::Record(record) => records.push(record.decode()?),
            Item::Closing { .. } => return Err(Malformed("nothing was closed")),
        }
    }
    Ok(records)
}

#[test]
fn far_too_many_labels_come_back_as_well() {
    for count in [0, 1, 127, 128, 300] {
        let labels = (0..count).map(|number| (format!("label_{number}"), "x"));
        let mut alert = samples::alert(1, samples::moment(0, 0));
        alert.labels = crate::model::Labels::from_pairs(labels);
        let records = [Record::Alert(alert.into())];
        assert_eq!(
            read_back(samples::moment(0, 0), &records),
            records,
            "{count}"
        );
    }
}

proptest! {
    #[test]
    fn any_records_come_back_as_they_were(
        at in samples::any_time(),
        records in vec(samples::any_record(), 0..20),
    ) {
        prop_assert_eq!(read_back(at, &records), records);
    }

    #[test]
    fn a_copy_under_its_own_clock_says_the_same(
        at in samples::any_time(),
        later in samples::any_time(),
        records in vec(samples::any_record(), 0..8),
    ) {
        let mut payload = Vec::new();
        put_clock(&mut payload, None, at);
        records.iter().for_each(|record| put_record(&mut payload, at, record));
        let mut copy = Vec::new();
        put_clock(&mut copy, None, later);
        put_clock(&mut copy, Some(later), at);
        for item in Items::of(VERSION, &payload) {
            if let Ok(Item::Record(record)) = item {
                put_copy(&mut copy, &record);
            }
        }
        prop_assert_eq!(decoded(&copy), Ok(records));
    }

    #[test]
    fn no_bytes_make_it_panic(payload in vec(any::<u8>(), 0..400)) {
        let _ = decoded(&payload);
    }

    #[test]
    fn no_body_of_any_kind_makes_it_panic(
        kind in 1_u8..=Kind::ALL.len() as u8,
        body in vec(prop_oneof![0_u8..4, any::<u8>()], 0..120),
    ) {
        let kind = Kind::from_byte(VERSION, kind).expect("a kind");
        let record = Encoded { version: VERSION, kind, at: Wall::UNIX_EPOCH, body: &body };
        let key = record.key().is_ok();
        prop_assert!(key || record.decode().is_err(), "a record without a key");
    }

    #[test]
    fn a_changed_byte_never_makes_it_panic(
        records in vec(samples::any_record(), 1..5),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut payload = Vec::new();
        put_clock(&mut payload, None, Wall::UNIX_EPOCH);
        records.iter().for_each(|record| put_record(&mut payload, Wall::UNIX_EPOCH, record));
        let place = place.index(payload.len());
        payload[place] = byte;
        let _ = decoded(&payload);
    }
}

#[test]
fn times_far_from_the_clock_survive() {
    let times = [Wall::MIN, ZERO_TIME, Wall::UNIX_EPOCH, Wall::MAX];
    for at in times {
        for time in times {
            let record = Record::AlertExtended {
                fingerprint: Fingerprint(u64::MAX),
                ends_at: time,
                updated_at: at,
            };
            let records = [record];
            assert_eq!(read_back(at, &records), records);
        }
    }
}

#[test]
fn a_record_cut_short_or_with_bytes_left_over_is_refused() {
    let at = samples::moment(0, 0);
    let alert = samples::alert(1, at);
    let mut payload = Vec::new();
    put_record(&mut payload, at, &Record::Alert(alert.into()));
    let body = &payload[3..];
    let (kind, longer) = (Kind::Alert, [body, &[0]].concat());
    let bodies = (0..body.len()).map(|end| &body[..end]).chain([&longer[..]]);
    for body in bodies {
        let decoded = Encoded {
            version: VERSION,
            kind,
            at,
            body,
        }
        .decode();
        assert!(decoded.is_err(), "{decoded:?} of {} bytes", body.len());
    }
    assert!(
        Encoded {
            version: VERSION,
            kind,
            at,
            body
        }
        .decode()
        .is_ok()
    );
}

#[test]
fn labels_out_of_order_are_refused() {
    for names in ["ba", "aa"] {
        let mut body = vec![2];
        for name in names.chars() {
            body.extend([1, name as u8, 0]);
        }
        let labels = Fields::of(&body).labels();
        assert_eq!(labels, Err(Malformed("labels out of order")));
    }
}

#[test]
fn a_count_that_cannot_be_takes_no_memory() {
    let mut body = Vec::new();
    body.extend([0xff; 9]);
    body.push(1);
    assert!(Fields::of(&body).labels().is_err());
    assert!(Fields::of(&body).hashes().is_err());
}

#[test]
fn records_about_one_thing_have_one_key() {
    let at = samples::moment(0, 0);
    let alert = samples::alert(1, at);
    let fingerprint = alert.fingerprint;
    let records = [
        Record::Alert(alert.into()),
        Record::AlertExtended {
            fingerprint,
            ends_at: at,
            updated_at: at,
        },
        Record::AlertForgotten(fingerprint),
    ];
    let mut payload = Vec::new();
    put_clock(&mut payload, None, at);
    records
        .iter()
        .for_each(|record| put_record(&mut payload, at, record));
    for item in Items::of(VERSION, &payload) {
        let Ok(Item::Record(record)) = item else {
            panic!("{item:?}");
        };
        assert_eq!(record.key(), Ok(Key::Alert(fingerprint)));
    }
}
