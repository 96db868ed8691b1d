//! The bytes of each kind of record, as every release of a version writes and reads them.
//!
//! Whoever changes one of them changes the format: what older programs wrote would no longer be read.
//! That takes a new version in `header.rs`, bytes of its own here, and these as they are.

use std::sync::Arc;

use super::super::{Item, Items, Kind, put_clock, put_closing, put_record};
use crate::engine::{
    AlertKey, AlertmanagerEntry, AlertmanagerKey, GroupName, GroupTimer, IdInSource, KeyedAlert,
    LogEntry, LogKey, Record, Unsent,
};
use crate::journal::fields::Malformed;
use crate::journal::header::{VERSION, Version};
use crate::journal::samples::moment;
use crate::model::{Alert, Fingerprint, Labels, MatchOp, Matcher, Silence, Wall};

/// What the times below count from.
fn at() -> Wall {
    moment(0, 0)
}

const GROUP: GroupName = GroupName {
    route: 0x1122_3344_5566_7788,
    labels: Fingerprint(2),
};

const LEDGER_KEY: LogKey = LogKey {
    route: 1,
    group: Fingerprint(2),
    receiver: 3,
    webhook_index: 300,
};

fn alert() -> Record {
    Record::Alert(Arc::new(Alert {
        fingerprint: Fingerprint(7),
        labels: Labels::from_pairs([("alertname", "Disk"), ("é", "ü")]),
        annotations: Labels::from_pairs([("a", "")]),
        starts_at: moment(-1, 0).into(),
        ends_at: moment(300, 1).into(),
        updated_at: at().into(),
        ends_by_timeout: true,
        generator_url: "http://g".into(),
    }))
}

fn group() -> Record {
    let unsent = |webhook_index, not_before| Unsent {
        webhook_index,
        not_before,
    };
    Record::Group {
        group: GROUP,
        timer: GroupTimer {
            due_at: moment(30, 0),
            has_flushed: true,
            unsent: vec![unsent(0, None), unsent(1, Some(moment(0, 64)))],
        },
    }
}

fn told(owed: &[Fingerprint]) -> Record {
    let (key, firing) = (LEDGER_KEY, [Fingerprint(7), Fingerprint(8)]);
    Record::LogEntry {
        key,
        told: LogEntry {
            at: at(),
            expires_at: moment(1, 0),
            firing: firing.into(),
            resolved: [Fingerprint(9)].into(),
            owed: owed.into(),
        },
    }
}

fn silence() -> Record {
    let ops = [
        (MatchOp::Equal, "a"),
        (MatchOp::NotEqual, "b"),
        (MatchOp::Regex, "c|d"),
        (MatchOp::NotRegex, "e.*"),
    ];
    let matchers = ops.map(|(op, value)| Matcher::new(op, "n", value).expect("an expression"));
    Record::Silence {
        number: 128,
        silence: Arc::new(Silence {
            id: "id".into(),
            matchers: matchers.into(),
            starts_at: at(),
            ends_at: moment(0, 1),
            updated_at: moment(0, -1),
            created_by: "ann".to_owned(),
            comment: "c".to_owned(),
            annotations: Labels::from_pairs([("k", "v")]),
        }),
    }
}

fn inherited_key() -> AlertmanagerKey {
    AlertmanagerKey {
        group_key: "{}:{}".into(),
        receiver: "r".into(),
        webhook_index: 1,
    }
}

fn inherited() -> Record {
    Record::AlertmanagerEntry(Arc::new(AlertmanagerEntry {
        key: inherited_key(),
        at: at(),
        expires_at: moment(0, 2),
        firing: [1].into(),
        resolved: [].into(),
    }))
}

/// Records of all kinds and their bytes in version 1: kind, length, key, other fields.
fn version_one() -> [(Record, &'static str); 13] {
    let extended = Record::AlertExtended {
        fingerprint: Fingerprint(7),
        ends_at: moment(240, 0),
        updated_at: at(),
    };
    let (group_left, fingerprint) = (GROUP, Fingerprint(7));
    let left = Record::AlertLeft {
        group: group_left,
        fingerprint,
    };
    [
        (
            alert(),
            "01 38 0700000000000000 ffa7d6b907 82e0a596bb11 00 01 \
             02 09616c6572746e616d65 044469736b 02c3a9 02c3bc 01 0161 00 08687474703a2f2f67",
        ),
        (extended, "02 0f 0700000000000000 8080eb91fc0d 00"),
        (
            Record::AlertForgotten(fingerprint),
            "03 08 0700000000000000",
        ),
        (
            left,
            "04 18 0700000000000000 8877665544332211 0200000000000000",
        ),
        (
            group(),
            "05 1e 8877665544332211 0200000000000000 80b09dc2df01 01 02 00 00 01 01 8001",
        ),
        (
            Record::GroupRemoved(GROUP),
            "06 10 8877665544332211 0200000000000000",
        ),
        (
            told(&[Fingerprint(7), Fingerprint(8)]),
            "07 3b 0100000000000000 0200000000000000 0300000000000000 ac02 \
             00 80a8d6b907 02 0700000000000000 0800000000000000 01 0900000000000000 01",
        ),
        (
            told(&[]),
            "07 3c 0100000000000000 0200000000000000 0300000000000000 ac02 \
             00 80a8d6b907 02 0700000000000000 0800000000000000 01 0900000000000000 00 00",
        ),
        (
            Record::LogEntryForgotten(LEDGER_KEY),
            "08 1a 0100000000000000 0200000000000000 0300000000000000 ac02",
        ),
        (
            silence(),
            "09 2c 8001 026964 00 02 01 03616e6e 0163 01 016b 0176 \
             04 00 016e 0161 01 016e 0162 02 016e 03637c64 03 016e 03652e2a",
        ),
        (Record::SilenceForgotten(128), "0a 02 8001"),
        (
            inherited(),
            "0b 15 057b7d3a7b7d 0172 01 00 04 01 0100000000000000 00",
        ),
        (
            Record::AlertmanagerEntryForgotten(inherited_key()),
            "0c 09 057b7d3a7b7d 0172 01",
        ),
    ]
}

fn alert_key(id: IdInSource) -> Arc<AlertKey> {
    Arc::new(AlertKey {
        source: "kuma".into(),
        id,
    })
}

fn heartbeat(counts_from: Option<Wall>) -> Record {
    let name = "backup".into();
    Record::Heartbeat { name, counts_from }
}

/// The records that version 2 adds, and their bytes.
fn version_two() -> [(Record, &'static str); 7] {
    let by_key = || alert_key(IdInSource::Key("k1".into()));
    let by_labels = || alert_key(IdInSource::Labels(Fingerprint(7)));
    let held = |ends_at, ends_by_ttl| KeyedAlert {
        alert: Fingerprint(7),
        ends_at,
        ends_by_ttl,
    };
    [
        (
            Record::AlertKey {
                key: by_key(),
                held: held(moment(1, 0), true),
            },
            "0d 18 046b756d61 01 026b31 0700000000000000 01 80a8d6b907 01",
        ),
        (
            Record::AlertKey {
                key: by_labels(),
                held: held(Wall::MAX, false),
            },
            "0d 18 046b756d61 00 0700000000000000 0700000000000000 00 00",
        ),
        (
            Record::AlertKeyForgotten(by_key()),
            "0e 09 046b756d61 01 026b31",
        ),
        (
            Record::AlertKeyForgotten(by_labels()),
            "0e 0e 046b756d61 00 0700000000000000",
        ),
        (
            heartbeat(Some(moment(1, 0))),
            "0f 0d 066261636b7570 01 80a8d6b907",
        ),
        (heartbeat(None), "0f 08 066261636b7570 00"),
        (
            Record::HeartbeatForgotten("backup".into()),
            "10 07 066261636b7570",
        ),
    ]
}

/// The clock item before them, and the closing item of a snapshot with 300 records.
const CLOCK: &str = "c0 09 8080d0dfbd94b98631";
const CLOSING: &str = "ff 02 ac02";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("two digits")
    });
    pairs.collect()
}

/// What a payload of this version holds, which has these bytes after its clock.
fn read(version: Version, item: &str) -> Result<Vec<Record>, Malformed> {
    let payload = [bytes(CLOCK), bytes(item)].concat();
    let items = Items::of(version, &payload);
    let record = |item| match item? {
        Item::Record(record) => record.decode(),
        Item::Closing { .. } => Err(Malformed("nothing was closed")),
    };
    items.map(record).collect()
}

#[test]
fn each_kind_of_record_has_its_bytes_here() {
    let records = version_one().into_iter().chain(version_two());
    let mut kinds: Vec<Kind> = records.map(|(record, _)| Kind::of(&record)).collect();
    kinds.dedup();
    assert_eq!(kinds, Kind::ALL);
}

#[test]
fn version_one_is_read_for_ever() {
    for (record, golden) in version_one() {
        assert_eq!(read(Version::One, golden), Ok(vec![record]), "{golden}");
    }
}

#[test]
fn version_two_is_read_for_ever_and_has_all_of_version_one() {
    for (record, golden) in version_one().into_iter().chain(version_two()) {
        assert_eq!(read(Version::Two, golden), Ok(vec![record]), "{golden}");
    }
}

#[test]
fn what_version_two_adds_is_no_record_of_version_one() {
    for (_, golden) in version_two() {
        let rule = Malformed("a record of unknown kind");
        assert_eq!(read(Version::One, golden), Err(rule), "{golden}");
    }
}

#[test]
fn version_two_is_what_is_written() {
    assert_eq!(VERSION, Version::Two);
    for (record, golden) in version_one().into_iter().chain(version_two()) {
        let mut written = Vec::new();
        put_record(&mut written, at(), &record);
        assert_eq!(hex(&written), golden.replace(' ', ""), "{record:?}");
    }
    let mut written = Vec::new();
    put_clock(&mut written, None, at());
    assert_eq!(hex(&written), CLOCK.replace(' ', ""));
    written.clear();
    put_closing(&mut written, 300);
    assert_eq!(hex(&written), CLOSING.replace(' ', ""));
}

#[test]
fn a_record_with_one_more_field_is_no_record_of_its_version_and_says_so() {
    let first = version_one().map(|(_, golden)| (Version::One, golden));
    let second = version_two().map(|(_, golden)| (Version::Two, golden));
    for (version, golden) in first.into_iter().chain(second) {
        let mut longer = bytes(golden);
        let header = 1 + longer[1..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
        longer.push(1);
        let body = longer.split_off(header);
        let mut item = vec![longer[0]];
        crate::journal::fields::put_number(&mut item, body.len() as u64);
        let read = read(version, &hex(&[item, body].concat()));
        let rule = match version {
            Version::One => "a record with more fields than it has in version 1",
            Version::Two => "a record with more fields than it has in version 2",
        };
        assert_eq!(read, Err(Malformed(rule)), "{golden}");
    }
}
