//! Records for the tests of the journal: random ones, and those of a typical workload.
//!
//! Owns how records are drawn, and temporary folders for them. For tests only.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use crate::engine::{
    AlertKey, AlertmanagerEntry, AlertmanagerKey, GroupName, GroupTimer, IdInSource, KeyedAlert,
    LogEntry, LogKey, Record, Unsent,
};
use crate::model::{Alert, Fingerprint, Labels, MatchOp, Matcher, Silence, Wall};

/// The time that `seconds` and `nanoseconds` after 2026 began.
pub fn moment(seconds: i64, nanoseconds: i32) -> Wall {
    Wall::new(1_767_225_600 + seconds, nanoseconds).expect("a time of this century")
}

/// An alert of an ordinary kind, the `number`th.
pub fn alert(number: u64, at: Wall) -> Alert {
    let labels = Labels::from_pairs([
        ("alertname", "InstanceDown".to_owned()),
        ("cluster", "eu-west-1".to_owned()),
        ("instance", format!("node-{number}.example.org:9100")),
        ("job", "node".to_owned()),
        ("severity", "critical".to_owned()),
    ]);
    Alert {
        fingerprint: labels.fingerprint(),
        labels,
        annotations: Labels::from_pairs([
            ("summary", format!("node-{number}.example.org is down")),
            (
                "runbook_url",
                "https://runbooks.example.org/InstanceDown".into(),
            ),
        ]),
        starts_at: at.into(),
        ends_at: (at + std::time::Duration::from_millis(240_013)).into(),
        updated_at: at.into(),
        ends_by_timeout: false,
        generator_url: "http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0".into(),
    }
}

/// Any time that there is.
pub fn any_time() -> impl Strategy<Value = Wall> {
    let (least, most) = (Wall::MIN.as_nanosecond(), Wall::MAX.as_nanosecond());
    prop_oneof![
        4 => (0_i64..10_000, 0_i32..1_000_000_000).prop_map(|(s, n)| moment(s, n)),
        1 => (least..=most).prop_map(|n| Wall::from_nanosecond(n).expect("within the calendar")),
        1 => Just(Wall::MIN),
        1 => Just(Wall::MAX),
    ]
}

/// Any record. Its keys are few, so that records of one key meet.
pub fn any_record() -> impl Strategy<Value = Record> {
    let alert_extended = (any_fingerprint(), any_time(), any_time());
    prop_oneof![
        any_alert().prop_map(|alert| Record::Alert(Arc::new(alert))),
        alert_extended.prop_map(|(fingerprint, ends_at, updated_at)| Record::AlertExtended {
            fingerprint,
            ends_at,
            updated_at
        }),
        any_fingerprint().prop_map(Record::AlertForgotten),
        (any_group(), any_fingerprint())
            .prop_map(|(group, fingerprint)| Record::AlertLeft { group, fingerprint }),
        (any_group(), any_timer()).prop_map(|(group, timer)| Record::Group { group, timer }),
        any_group().prop_map(Record::GroupRemoved),
        (any_log_key(), any_told()).prop_map(|(key, told)| Record::LogEntry { key, told }),
        any_log_key().prop_map(Record::LogEntryForgotten),
        (any_hash(), any_silence()).prop_map(|(number, silence)| Record::Silence {
            number,
            silence: Arc::new(silence)
        }),
        any_hash().prop_map(Record::SilenceForgotten),
        any_inherited().prop_map(|entry| Record::AlertmanagerEntry(Arc::new(entry))),
        any_inherited_key().prop_map(Record::AlertmanagerEntryForgotten),
        (any_alert_key(), any_held()).prop_map(|(key, held)| Record::AlertKey {
            key: Arc::new(key),
            held
        }),
        any_alert_key().prop_map(|key| Record::AlertKeyForgotten(Arc::new(key))),
        ("[a-z]{0,2}", option::of(any_time())).prop_map(|(name, counts_from)| Record::Heartbeat {
            name: name.into(),
            counts_from,
        }),
        "[a-z]{0,2}".prop_map(|name| Record::HeartbeatForgotten(name.into())),
    ]
}

/// Turns of the dispatcher: when, and what changed.
pub fn any_turns(most: usize) -> impl Strategy<Value = Vec<(Wall, Vec<Record>)>> {
    vec((any_time(), vec(any_record(), 1..6)), 0..most)
}

fn any_hash() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..8, 1 => any::<u64>()]
}

fn any_fingerprint() -> impl Strategy<Value = Fingerprint> {
    any_hash().prop_map(Fingerprint)
}

fn any_group() -> impl Strategy<Value = GroupName> {
    (0_u64..4, any_fingerprint()).prop_map(|(route, labels)| GroupName { route, labels })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["", "[a-z]{1,12}", "\\PC{0,200}"]
}

fn any_labels() -> impl Strategy<Value = Labels> {
    btree_map("[a-z_]{0,8}", any_text(), 0..6).prop_map(Labels::from_pairs)
}

fn any_alert() -> impl Strategy<Value = Alert> {
    let times = (any_time(), any_time(), any_time());
    let texts = (any_labels(), any_labels(), any_text());
    (any_fingerprint(), times, any::<bool>(), texts).prop_map(
        |(fingerprint, times, ends_by_timeout, texts)| Alert {
            fingerprint,
            labels: texts.0,
            annotations: texts.1,
            starts_at: times.0.into(),
            ends_at: times.1.into(),
            updated_at: times.2.into(),
            ends_by_timeout,
            generator_url: texts.2.as_str().into(),
        },
    )
}

fn any_timer() -> impl Strategy<Value = GroupTimer> {
    let unsent =
        (any::<u32>(), option::of(any_time())).prop_map(|(webhook_index, not_before)| Unsent {
            webhook_index,
            not_before,
        });
    (any_time(), any::<bool>(), vec(unsent, 0..4)).prop_map(|(due_at, has_flushed, unsent)| {
        GroupTimer {
            due_at,
            has_flushed,
            unsent,
        }
    })
}

fn any_log_key() -> impl Strategy<Value = LogKey> {
    (any_group(), 0_u64..2, 0_u32..3).prop_map(|(group, receiver, webhook_index)| LogKey {
        route: group.route,
        group: group.labels,
        receiver,
        webhook_index,
    })
}

fn any_fingerprints() -> impl Strategy<Value = Arc<[Fingerprint]>> {
    btree_set(any_fingerprint(), 0..20).prop_map(|set| set.into_iter().collect())
}

fn any_told() -> impl Strategy<Value = LogEntry> {
    let lists = (
        any_fingerprints(),
        any_fingerprints(),
        option::of(any_fingerprints()),
    );
    (any_time(), any_time(), lists).prop_map(|(at, expires_at, (firing, resolved, owed))| {
        LogEntry {
            at,
            expires_at,
            owed: owed.unwrap_or_else(|| Arc::clone(&firing)),
            firing,
            resolved,
        }
    })
}

fn any_matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    (op, "[a-z]{1,8}", "[a-z]{0,4}([.][*])?")
        .prop_map(|(op, name, value)| Matcher::new(op, name, value).expect("an expression"))
}

fn any_silence() -> impl Strategy<Value = Silence> {
    let times = (any_time(), any_time(), any_time());
    let texts = (any_text(), any_text(), any_text(), any_labels());
    (times, texts, vec(any_matcher(), 0..3)).prop_map(|(times, texts, matchers)| Silence {
        id: texts.0.into(),
        matchers: matchers.into(),
        starts_at: times.0,
        ends_at: times.1,
        updated_at: times.2,
        created_by: texts.1,
        comment: texts.2,
        annotations: texts.3,
    })
}

fn any_inherited_key() -> impl Strategy<Value = AlertmanagerKey> {
    ("[{}:a-z]{0,3}", "[a-z]{0,2}", 0_u32..300).prop_map(|(group_key, receiver, webhook_index)| {
        AlertmanagerKey {
            group_key: group_key.into(),
            receiver: receiver.into(),
            webhook_index,
        }
    })
}

fn any_inherited() -> impl Strategy<Value = AlertmanagerEntry> {
    let lists = (vec(any::<u64>(), 0..5), vec(any::<u64>(), 0..5));
    (any_inherited_key(), any_time(), any_time(), lists).prop_map(|(key, at, expires_at, lists)| {
        AlertmanagerEntry {
            key,
            at,
            expires_at,
            firing: lists.0.into(),
            resolved: lists.1.into(),
        }
    })
}

fn any_alert_key() -> impl Strategy<Value = AlertKey> {
    let id = prop_oneof![
        any_fingerprint().prop_map(IdInSource::Labels),
        "[a-z]{0,2}".prop_map(|key| IdInSource::Key(key.into())),
    ];
    ("[a-z]{0,2}", id).prop_map(|(source, id)| AlertKey {
        source: source.into(),
        id,
    })
}

fn any_held() -> impl Strategy<Value = KeyedAlert> {
    (any_fingerprint(), any_time(), any::<bool>()).prop_map(|(alert, ends_at, ends_by_ttl)| {
        KeyedAlert {
            alert,
            ends_at,
            ends_by_ttl,
        }
    })
}

/// A folder of its own for a test, removed at the end.
#[derive(Debug)]
pub struct TestFolder(PathBuf);

impl TestFolder {
    /// A new folder. Names must differ among the tests of one process.
    pub fn new(name: &str) -> Self {
        let name = format!("alertwheel-journal-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder in the place for such");
        TestFolder(path)
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
