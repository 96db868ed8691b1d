//! Weeks in milliseconds, and what they take in counted work: times would be those of the host.

use std::time::Duration;

use alertwheel::engine::{Lookups, StepBudget};
use alertwheel::model::{Labels, Mono, ParserMode, PostedAlert, PostedSilence, parse_matchers};

use crate::alarms::AlarmFaults;
use crate::world::{Seen, World, configuration};

/// Four hours between repeats: the tick after 3 h 58 m.
const CONFIG: &str = r#"
route: {receiver: team, group_by: [alertname], repeat_interval: 3h58m}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
"#;

/// Four weeks.
const SPAN: Duration = Duration::from_secs(28 * 24 * 3600);

#[test]
fn four_weeks_of_one_group_are_168_notifications_and_a_look_each_five_minutes() {
    let mut world = World::new(configuration(CONFIG), 1, AlarmFaults::default());
    let alerts: Vec<PostedAlert> = ["a", "b", "c"].into_iter().map(alert).collect();
    let mut minute = Mono::START;
    while minute < Mono::START + SPAN {
        world.run_until(minute, &mut |_| {});
        world.post(alerts.clone());
        minute = minute + Duration::from_secs(60);
    }
    world.run_until(minute, &mut |_| {});
    let webhooks = world.alerts.iter();
    let webhooks = webhooks.filter(|alert| matches!(alert.what, Seen::Webhook(_)));
    assert_eq!(webhooks.count(), 168);
    // However often the alerts are posted again.
    let ticks = SPAN.as_secs() / 300;
    let looks = lookups(&mut world);
    assert_eq!(looks.notification_log, ticks);
    assert_eq!(looks.silences_scanned, 0);
}

/// What the engine has looked for so far.
fn lookups(world: &mut World) -> Lookups {
    let now = world.clocks();
    let mut gauges = world.engine.read_gauges();
    let all = StepBudget::without_end();
    let answered = world.engine.go_on(&mut gauges, now, all);
    answered.expect("all in one piece").answer.lookups
}

fn alert(host: &str) -> PostedAlert {
    let labels = Labels::from_pairs([("alertname", "Disk"), ("host", host)]);
    PostedAlert {
        labels: labels.into(),
        ..PostedAlert::default()
    }
}

#[test]
fn alerts_are_taken_in_without_a_look_at_ten_thousand_silences() {
    let mut world = World::new(configuration(CONFIG), 1, AlarmFaults::default());
    for number in 0..10_000 {
        let matchers = format!("alertname=\"Disk\",host=\"host-{}\"", 2 * number);
        world
            .set_silence(silence(&world, &matchers))
            .expect("no process ends")
            .expect("a sound silence");
    }
    let before = lookups(&mut world);
    let alerts: Vec<PostedAlert> = (0..20_000)
        .map(|number| alert(&format!("host-{number}")))
        .collect();
    for _ in 0..6 {
        for batch in alerts.chunks(64) {
            world.post(batch.to_vec());
        }
    }
    assert_eq!(lookups(&mut world), before);
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
