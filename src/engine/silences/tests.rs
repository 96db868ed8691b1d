//! The rules of silences (§7), one test each.

use super::*;
use crate::model::Labels;

const HOUR: i64 = 3600;
const UNLIMITED: SilenceLimits = SilenceLimits {
    count: 0,
    bytes: 0,
    text_bytes: 1 << 30,
    retention: Duration::from_secs(120 * 3600),
};

struct Bench {
    silences: Silences,
    random: Random,
    changes: Vec<Changed>,
}

impl Bench {
    fn new(limits: SilenceLimits) -> Self {
        Bench {
            silences: Silences::new(limits, HashKey::seeded(1)),
            random: Random::seeded(1),
            changes: Vec::new(),
        }
    }

    fn set(&mut self, posted: PostedSilence, now: i64) -> Result<Arc<str>, SilenceFault> {
        self.changes.clear();
        self.silences
            .set(posted, at(now), &mut self.random, &mut self.changes)
    }

    fn made(&mut self, posted: PostedSilence, now: i64) -> Arc<str> {
        self.set(posted, now).expect("a sound silence")
    }

    fn what_changed(&self) -> Vec<SilenceChange> {
        self.changes.iter().map(|changed| changed.change).collect()
    }

    fn state(&self, id: &str, now: i64) -> SilenceState {
        self.silences
            .get(id)
            .expect("a known silence")
            .state_at(at(now))
    }
}

fn at(second: i64) -> Wall {
    Wall::from_second(second).expect("a second near the epoch")
}

fn matcher(op: MatchOp, name: &str, value: &str) -> Matcher {
    Matcher::new(op, name, value).expect("a sound matcher")
}

fn posted(starts_at: i64, ends_at: i64) -> PostedSilence {
    PostedSilence {
        id: None,
        matchers: vec![matcher(MatchOp::Equal, "alertname", "a")],
        starts_at: at(starts_at),
        ends_at: at(ends_at),
        created_by: "me".into(),
        comment: "why".into(),
        annotations: Labels::default(),
        fault: None,
    }
}

fn changed(id: &Arc<str>, posted: PostedSilence) -> PostedSilence {
    PostedSilence {
        id: Some(id.to_string()),
        ..posted
    }
}

fn alert(labels: &[(&str, &str)]) -> Alert {
    let labels = Labels::from_pairs(labels.iter().copied());
    Alert {
        fingerprint: labels.fingerprint(),
        labels,
        annotations: Labels::default(),
        starts_at: at(0).into(),
        ends_at: at(100 * HOUR).into(),
        updated_at: at(0).into(),
        ends_by_timeout: false,
        generator_url: "".into(),
    }
}

fn refusal(result: Result<Arc<str>, SilenceFault>) -> String {
    match result {
        Err(SilenceFault::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_silence_cannot_begin_in_the_past() {
    let mut bench = Bench::new(UNLIMITED);
    let id = bench.made(posted(0, 2 * HOUR), HOUR);
    assert_eq!(
        bench.silences.get(&id).map(|silence| silence.starts_at),
        Some(at(HOUR))
    );
    assert_eq!(bench.what_changed(), [SilenceChange::Create]);
}

#[test]
fn an_id_is_a_version_4_uuid() {
    let mut bench = Bench::new(UNLIMITED);
    let id = bench.made(posted(0, HOUR), 0);
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12]);
    assert_eq!(id.as_bytes()[14], b'4');
    assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
}

#[test]
fn a_change_of_the_end_or_the_comment_keeps_the_id() {
    let mut bench = Bench::new(UNLIMITED);
    let id = bench.made(posted(0, HOUR), 0);
    let mut change = changed(&id, posted(0, 2 * HOUR));
    change.comment = "another".into();
    assert_eq!(bench.made(change, 60), id);
    assert_eq!(bench.what_changed(), [SilenceChange::Update]);
    assert_eq!(bench.state(&id, 90 * 60), SilenceState::Active);
}

#[test]
fn a_change_of_matchers_or_start_ends_the_old_silence_and_makes_a_new_one() {
    let mut bench = Bench::new(UNLIMITED);
    let id = bench.made(posted(0, HOUR), 0);
    let mut change = changed(&id, posted(0, HOUR));
    change.matchers = vec![matcher(MatchOp::Equal, "alertname", "b")];
    let second = bench.made(change, 60);
    assert_ne!(second, id);
    assert_eq!(
        bench.what_changed(),
        [SilenceChange::Expire, SilenceChange::Create]
    );
    assert_eq!(bench.state(&id, 61), SilenceState::Expired);
    assert_ne!(
        bench.made(changed(&second, posted(30, HOUR)), 120),
        second,
        "another start"
    );
}

#[test]
fn a_pending_silence_may_move_its_start_but_not_into_the_past() {
    let mut bench = Bench::new(UNLIMITED);
    let id = bench.made(posted(HOUR, 2 * HOUR), 0);
    assert_eq!(bench.made(changed(&id, posted(HOUR / 2, 2 * HOUR)), 60), id);
    assert_ne!(bench.made(changed(&id, posted(0, 2 * HOUR)), 60), id);
}

#[test]
fn an_expired_silence_comes_back_under_a_new_id() {
    let mut bench = Bench::new(UNLIMITED);
    let id = bench.made(posted(0, HOUR), 0);
    assert_ne!(bench.made(changed(&id, posted(0, 3 * HOUR)), 2 * HOUR), id);
    assert_eq!(
        bench.what_changed(),
        [SilenceChange::Create],
        "it is over already"
    );
}

#[test]
fn an_unknown_id_is_not_found() {
    let mut bench = Bench::new(UNLIMITED);
    let unknown: Arc<str> = "nobody".into();
    assert_eq!(
        bench.set(changed(&unknown, posted(0, HOUR)), 0),
        Err(SilenceFault::NotFound)
    );
    let expired = bench.silences.expire("nobody", at(0), &mut bench.changes);
    assert_eq!(expired, Err(SilenceFault::NotFound));
}

#[test]
fn expiring_ends_what_is_active_or_pending_and_twice_is_no_mistake() {
    let mut bench = Bench::new(UNLIMITED);
    let active = bench.made(posted(0, HOUR), 0);
    let pending = bench.made(posted(HOUR, 2 * HOUR), 0);
    for id in [&active, &pending, &active] {
        bench
            .silences
            .expire(id, at(60), &mut bench.changes)
            .expect("a known silence");
    }
    assert_eq!(bench.state(&active, 61), SilenceState::Expired);
    assert_eq!(bench.state(&pending, 61), SilenceState::Expired);
    let pending = bench.silences.get(&pending).expect("a known silence");
    assert_eq!((pending.starts_at, pending.ends_at), (at(60), at(60)));
}

#[test]
fn what_is_wrong_is_said_in_alertmanagers_words() {
    let mut bench = Bench::new(UNLIMITED);
    let mut wrong = posted(0, HOUR);
    wrong.matchers.clear();
    assert_eq!(
        refusal(bench.set(wrong, 0)),
        "invalid silence: at least one matcher set required"
    );
    let mut wrong = posted(0, HOUR);
    wrong.matchers = vec![
        matcher(MatchOp::Regex, "a", ".*"),
        matcher(MatchOp::Equal, "b", ""),
    ];
    assert_eq!(
        refusal(bench.set(wrong, 0)),
        "invalid silence: matcher set 0: at least one matcher must not match the empty string"
    );
    assert_eq!(
        refusal(bench.set(posted(2 * HOUR, HOUR), 0)),
        "invalid silence: end time must not be before start time"
    );
    let mut fine = posted(0, HOUR);
    fine.matchers = vec![matcher(MatchOp::NotEqual, "a", "x")];
    assert!(
        bench.set(fine, 0).is_ok(),
        "negative matchers count as demanding something"
    );
}

#[test]
fn a_refused_change_leaves_the_old_silence_as_it_was() {
    let mut bench = Bench::new(SilenceLimits {
        count: 1,
        ..UNLIMITED
    });
    let id = bench.made(posted(0, HOUR), 0);
    let mut change = changed(&id, posted(0, HOUR));
    change.matchers = vec![matcher(MatchOp::Equal, "alertname", "b")];
    let why = refusal(bench.set(change, 60));
    assert_eq!(why, "exceeded maximum number of silences: 1 (limit: 1)");
    assert_eq!(bench.state(&id, 61), SilenceState::Active);
    assert!(
        bench.set(changed(&id, posted(0, 2 * HOUR)), 60).is_ok(),
        "updates go on"
    );
}

#[test]
fn silences_past_the_bytes_of_all_are_refused_and_their_end_makes_room_once_forgotten() {
    let mut bench = Bench::new(SilenceLimits {
        text_bytes: 2_500,
        ..UNLIMITED
    });
    let large = || PostedSilence {
        comment: "x".repeat(1_000),
        ..posted(0, HOUR)
    };
    let first = bench.made(large(), 0);
    bench.made(large(), 0);
    let why = refusal(bench.set(large(), 0));
    assert!(
        why.contains("of all silences") && why.contains("limit: 2500"),
        "{why}"
    );
    assert_eq!(
        bench.made(changed(&first, large()), 0),
        first,
        "it is not beside itself"
    );
    let mut changes = Vec::new();
    bench
        .silences
        .expire(&first, at(1), &mut changes)
        .expect("what is there can always end");
    assert!(bench.set(large(), 2).is_err(), "it is still kept");
    bench.silences.collect(at(200 * HOUR));
    assert!(bench.set(large(), 0).is_ok());
}

#[test]
fn an_alert_is_silenced_while_a_silence_that_matches_it_is_active() {
    let mut bench = Bench::new(UNLIMITED);
    let (a, b) = (
        alert(&[("alertname", "a"), ("host", "x")]),
        alert(&[("alertname", "b")]),
    );
    assert!(bench.silences.silencing(&a, at(0)).is_empty());
    let id = bench.made(posted(HOUR, 2 * HOUR), 0);
    for (second, silenced) in [
        (0, false),
        (HOUR, true),
        (2 * HOUR, true),
        (2 * HOUR + 1, false),
    ] {
        let ids = bench.silences.silencing(&a, at(second));
        assert_eq!(ids.contains(&id), silenced, "at {second}");
    }
    assert!(bench.silences.silencing(&b, at(HOUR)).is_empty());
}

#[test]
fn a_silence_made_after_an_alert_was_looked_at_counts_all_the_same() {
    let mut bench = Bench::new(UNLIMITED);
    let a = alert(&[("alertname", "a")]);
    for wanted in 1..4 {
        bench.made(posted(0, HOUR), 0);
        assert_eq!(bench.silences.silencing(&a, at(1)).len(), wanted);
    }
}

#[test]
fn a_silence_is_forgotten_when_it_was_over_for_the_retention() {
    let mut bench = Bench::new(UNLIMITED);
    let a = alert(&[("alertname", "a")]);
    bench.made(posted(0, HOUR), 0);
    bench.silences.silencing(&a, at(1));
    bench.silences.collect(at(120 * HOUR));
    assert!(!bench.silences.is_empty());
    bench.silences.collect(at(121 * HOUR));
    assert!(bench.silences.is_empty());
    assert!(bench.silences.silencing(&a, at(1)).is_empty());
}

#[test]
fn the_size_limit_is_in_bytes_as_stored() {
    let mut bench = Bench::new(SilenceLimits {
        bytes: 100,
        ..UNLIMITED
    });
    let mut large = posted(0, HOUR);
    large.comment = "x".repeat(200);
    let why = refusal(bench.set(large, 0));
    assert_eq!(
        why,
        "silence exceeded maximum size: 281 bytes (limit: 100 bytes)"
    );
}

#[test]
fn twenty_thousand_expired_silences_cost_a_new_alert_nothing() {
    let mut bench = Bench::new(UNLIMITED);
    let by_regex = |number: i64| PostedSilence {
        matchers: vec![matcher(MatchOp::Regex, "host", &format!("web-{number}.*"))],
        ..posted(0, HOUR)
    };
    for number in 0..20_000 {
        bench.made(by_regex(number), 0);
    }
    bench.silences.advance(at(2 * HOUR));
    let lasting = bench.made(
        PostedSilence {
            matchers: vec![matcher(MatchOp::Regex, "host", "web-7.*")],
            ..posted(0, 3 * HOUR)
        },
        2 * HOUR,
    );
    let before = bench.silences.lookups().scanned;
    let web = alert(&[("host", "web-7")]);
    assert_eq!(bench.silences.silencing(&web, at(2 * HOUR)), [lasting]);
    assert_eq!(bench.silences.lookups().scanned - before, 1);
    bench.silences.advance(at(4 * HOUR));
    assert!(bench.silences.silencing(&web, at(4 * HOUR)).is_empty());
    assert_eq!(bench.silences.lookups().scanned - before, 1);
}

#[test]
fn a_silence_that_had_expired_silences_again_when_the_clock_is_set_back() {
    let mut bench = Bench::new(UNLIMITED);
    let any_host = PostedSilence {
        matchers: vec![matcher(MatchOp::Regex, "host", ".+")],
        ..posted(0, HOUR)
    };
    let id = bench.made(any_host, 0);
    let web = alert(&[("host", "web-1")]);
    bench.silences.advance(at(2 * HOUR));
    assert!(bench.silences.silencing(&web, at(2 * HOUR)).is_empty());
    bench.silences.advance(at(HOUR / 2));
    assert_eq!(bench.silences.silencing(&web, at(HOUR / 2)), [id]);
}

fn of_regexes(values: &[&str], ends_at: i64) -> PostedSilence {
    let regex = |value: &&str| matcher(MatchOp::Regex, "host", value);
    PostedSilence {
        matchers: values.iter().map(regex).collect(),
        ..posted(0, ends_at)
    }
}

impl Bench {
    fn with_room_for_regexes(bytes: usize) -> Self {
        let mut bench = Bench::new(UNLIMITED);
        bench.silences.regexes = CompiledRegexes::new(bytes);
        bench
    }

    fn compiled(&self, id: &str) -> usize {
        let matchers = &self.silences.get(id).expect("a silence").matchers;
        matchers.iter().map(Matcher::compiled_bytes).sum()
    }

    fn silencing(&mut self, host: &str, now: i64) -> usize {
        let alert = alert(&[("host", host)]);
        self.silences.silencing(&alert, at(now)).len()
    }

    /// The silences after a restart.
    fn restarted(self, bytes: usize) -> Bench {
        let mut bench = Bench::with_room_for_regexes(bytes);
        let kept = self.silences.numbered_from(0).map(|(number, silence)| {
            let matchers = uncompiled(&silence.matchers);
            (
                number,
                Arc::new(Silence {
                    matchers,
                    ..(**silence).clone()
                }),
            )
        });
        bench.silences.restore(kept.collect(), at(0));
        bench
    }
}

#[test]
fn equal_regexes_are_compiled_and_counted_once() {
    let mut bench = Bench::with_room_for_regexes(10_000);
    let one = bench.made(of_regexes(&["a.c", "x[yz]+"], HOUR), 0);
    let bytes = bench.silences.regexes.bytes();
    assert_eq!(bytes, bench.compiled(&one));
    for _ in 0..100 {
        bench.made(of_regexes(&["x[yz]+", "a.c"], HOUR), 0);
    }
    assert_eq!(bench.silences.regexes.bytes(), bytes);
    assert_eq!(bench.silencing("abc", 1), 0, "both have to match");
}

#[test]
fn the_compiled_regex_of_a_silence_that_ends_is_let_go_and_makes_room() {
    let mut bench = Bench::with_room_for_regexes(5000);
    let large = bench.made(of_regexes(&["[a-z].{12}"], HOUR), 0);
    let other = of_regexes(&["[a-z].{13}"], 3 * HOUR);
    let why = refusal(bench.set(other.clone(), 1));
    assert!(
        why.contains("of all silences") && why.contains("limit: 5000 bytes"),
        "{why}"
    );

    bench
        .silences
        .expire(&large, at(2), &mut Vec::new())
        .expect("it is there");
    assert_eq!(bench.compiled(&large), 0);
    assert_eq!(bench.silences.regexes.bytes(), 0);
    let second = bench.made(other, 3);
    // A silence that ends by itself drops its regexes when room is needed, or at the next collection.
    let third = bench.made(of_regexes(&["[a-z].{14}"], 5 * HOUR), 4 * HOUR);
    assert_eq!(bench.compiled(&second), 0);
    bench.silences.collect(at(6 * HOUR));
    assert_eq!(bench.compiled(&third), 0);
    assert_eq!(bench.state(&third, 6 * HOUR), SilenceState::Expired);
}

#[test]
fn silences_of_an_earlier_process_are_compiled_when_an_alert_asks() {
    let mut bench = Bench::with_room_for_regexes(10_000);
    let id = bench.made(of_regexes(&["a.{2}c"], HOUR), 0);
    let mut bench = bench.restarted(10_000);
    assert_eq!(bench.compiled(&id), 0);
    assert_eq!(
        (bench.silencing("abbc", 1), bench.silencing("abc", 1)),
        (1, 0)
    );
    assert!(bench.compiled(&id) > 0);
    assert_eq!(bench.silences.regexes.bytes(), bench.compiled(&id));
}

#[test]
fn silences_of_an_earlier_process_past_the_room_for_them_silence_all_the_same() {
    let mut bench = Bench::with_room_for_regexes(1 << 20);
    let values: Vec<String> = (0..50)
        .map(|number| format!("[a-z]{number}.{{12}}"))
        .collect();
    for value in &values {
        bench.made(of_regexes(&[value], HOUR), 0);
    }
    let mut bench = bench.restarted(10_000);
    for number in 0..50 {
        assert_eq!(
            bench.silencing(&format!("h{number}{}", "x".repeat(12)), 1),
            1
        );
    }
    let bytes = bench.silences.regexes.bytes();
    assert!((10_000..16_000).contains(&bytes), "{bytes}");
}

#[test]
fn a_silence_whose_regex_is_past_the_bound_stays_and_is_told_once() {
    // A silence with a regex that an older version accepted.
    let mut bench = Bench::new(UNLIMITED);
    let id: Arc<str> = "an id".into();
    let huge = Matcher::kept(MatchOp::Regex, "host", r"(?i)\pL{190}");
    let kept = super::silence(Arc::clone(&id), of_regexes(&["x"], HOUR), at(0));
    let kept = Silence {
        matchers: Arc::new([huge]),
        ..kept
    };
    bench
        .silences
        .restore(BTreeMap::from([(1, Arc::new(kept))]), at(0));
    assert_eq!(bench.silencing(&"a".repeat(190), 1), 0);
    assert_eq!(bench.silencing("b", 1), 0);
    let told = bench.silences.take_unusable();
    assert!(
        matches!(&*told, [one] if one.silence == id && one.fault.contains("too large")),
        "{told:?}"
    );
    assert_eq!(bench.state(&id, 1), SilenceState::Active);
}
