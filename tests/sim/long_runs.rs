//! Weeks in milliseconds, as `cargo test` builds it.

use std::time::Duration;

use alertwheel::model::{Labels, Mono, PostedAlert};
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
        labels,
        ..PostedAlert::default()
    }
}
