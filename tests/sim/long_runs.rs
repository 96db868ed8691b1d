//! Weeks in milliseconds, as `cargo test` builds it.

use std::time::Duration;

use alertwheel::model::{Labels, Mono, ParserMode, PostedAlert, PostedSilence, parse_matchers};
use rustix::time::{ClockId, clock_gettime};

use crate::alarms::AlarmFaults;
use crate::world::{Seen, World, configuration};

/// Four hours between repeats: the tick after 3 h 58 m.
const CONFIG: &str = r#"
route: {receiver: team, group_by: [alertname], repeat_interval: 3h58m}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
"#;

#[test]
fn four_weeks_of_one_group_are_168_notifications_in_a_tenth_of_a_second() {
    // The best of a few runs, in time on the processor: the rest is what else the host was doing.
    let times = (0..5).map(|_| {
        let began = processor_time();
        assert_eq!(notifications_of_four_weeks(), 168);
        processor_time() - began
    });
    let best = times.min().expect("a few runs");
    println!("28 virtual days took {best:?}");
    assert!(
        best < Duration::from_millis(100),
        "28 virtual days took {best:?}"
    );
}

fn notifications_of_four_weeks() -> usize {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let mut world = World::new(configuration(CONFIG), 1, AlarmFaults::default());
    let alerts: Vec<PostedAlert> = ["a", "b", "c"].into_iter().map(alert).collect();
    let mut minute = Mono::START;
    while minute < Mono::START + 28 * DAY {
        world.run_until(minute, &mut |_| {});
        world.post(alerts.clone());
        minute = minute + Duration::from_secs(60);
    }
    world.run_until(minute, &mut |_| {});
    world
        .sights
        .iter()
        .filter(|sight| matches!(sight.what, Seen::Webhook(_)))
        .count()
}

/// What this thread has used so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time since the thread began")
}

fn alert(host: &str) -> PostedAlert {
    let labels = Labels::from_pairs([("alertname", "Disk"), ("host", host)]);
    PostedAlert {
        labels: labels.into(),
        ..PostedAlert::default()
    }
}

/// Twenty thousand alerts, first new and then re-sent five times, in a world of this configuration
/// with so many silences.
fn ingestion(config: &str, silences: usize) -> Duration {
    let mut world = World::new(configuration(config), 1, AlarmFaults::default());
    for number in 0..silences {
        let matchers = format!("alertname=\"Disk\",host=\"host-{}\"", 2 * number);
        world
            .set_silence(silence(&world, &matchers))
            .expect("no process ends")
            .expect("a sound silence");
    }
    let alerts: Vec<PostedAlert> = (0..20_000)
        .map(|number| alert(&format!("host-{number}")))
        .collect();
    let began = processor_time();
    for _ in 0..6 {
        for batch in alerts.chunks(64) {
            world.post(batch.to_vec());
        }
    }
    processor_time() - began
}

#[test]
fn ten_thousand_silences_and_a_thousand_inhibitions_make_ingestion_less_than_half_as_dear_again() {
    let mut crowded = String::from(CONFIG);
    crowded.push_str("inhibit_rules:\n");
    for number in 0..1000 {
        crowded.push_str(&format!(
            "- {{source_matchers: [alertname=\"Down\", rack=\"{number}\"], \
             target_matchers: [alertname=\"Disk\", rack=\"{number}\"], equal: [host]}}\n"
        ));
    }
    let best = |run: &dyn Fn() -> Duration| (0..3).map(|_| run()).min().expect("a few runs");
    let alone = best(&|| ingestion(CONFIG, 0));
    let beside = best(&|| ingestion(&crowded, 10_000));
    println!("120,000 posts took {alone:?} alone, {beside:?} beside silences and inhibitions");
    assert!(beside < alone.mul_f64(1.5), "{beside:?} against {alone:?}");
}

fn silence(world: &World, matchers: &str) -> PostedSilence {
    let now = world.clocks().wall;
    PostedSilence {
        id: None,
        matchers: parse_matchers(matchers, ParserMode::Fallback)
            .expect("matchers")
            .value,
        starts_at: now,
        ends_at: now
            .checked_add(Duration::from_secs(3600))
            .expect("a time on the calendar"),
        created_by: "somebody".into(),
        comment: String::new(),
        annotations: Labels::default(),
        fault: None,
    }
}
