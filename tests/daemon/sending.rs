//! Tests with receivers that hang, are slow, throttle, go away or are replaced: a notification waits for no
//! receiver but its own, and arrives once.
//!
//! Nothing here is measured: tests check how many webhooks arrived, in which order, and which other events
//! were under way at that time.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::process::{CONFIG_FILE, Daemon, Setup};
use crate::receiver::{Answer, Receiver, Webhook};
use crate::samples::{SOON, config, firing, over, told_soon, webhook};
use crate::time::{millis, now, pause, wait_until};

const REQUESTS: &str = "alertmanager_notification_requests_total{integration=\"webhook\"}";
const REQUESTS_FAILED: &str =
    "alertmanager_notification_requests_failed_total{integration=\"webhook\"}";

/// A route that tells each alert by itself and at once; all else is as it is by default.
const EACH_AT_ONCE: &str = "group_by: ['...'], group_wait: 0s";

/// So many alerts, each of another group, wherever alerts are grouped by name or by all labels.
fn groups(count: usize) -> Vec<Value> {
    let alert = |number| firing(&format!("Group{number:02}"), "a");
    (0..count).map(alert).collect()
}

fn group_of(webhook: &Webhook) -> String {
    let body = webhook.body();
    let name = body["groupLabels"]["alertname"].as_str();
    name.expect("grouped by it").to_owned()
}

/// Reads webhooks until so many groups were told, and says how often each was.
fn told_of(receiver: &Receiver, count: usize) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    while told.len() < count {
        let webhook = receiver.next();
        if matches!(webhook.answer, Answer::Yes | Answer::YesAfter(_)) {
            *told.entry(group_of(&webhook)).or_default() += 1;
        }
    }
    told
}

/// The lines of the log that speak of something that went wrong for good.
fn errors(daemon: &Daemon) -> Vec<String> {
    let log = daemon.log();
    let lines = log.lines().filter(|line| line.contains("level=ERROR"));
    lines.map(str::to_owned).collect()
}

/// A daemon with a route for each of these receivers, by the label `team`, a number.
fn by_team(receivers: &[&Receiver]) -> Daemon {
    let mut routes = String::new();
    let mut named = String::new();
    for (team, receiver) in receivers.iter().enumerate() {
        routes += &format!("  - {{receiver: team-{team}, matchers: ['team=\"{team}\"']}}\n");
        named += &format!(
            "- {{name: team-{team}, webhook_configs: [{}]}}\n",
            webhook(receiver, "")
        );
    }
    let keys = EACH_AT_ONCE.replace(", ", "\n  ");
    let text =
        format!("route:\n  receiver: team-0\n  {keys}\n  routes:\n{routes}receivers:\n{named}");
    Setup::with_config(&text).start()
}

fn of_team(team: usize, mut alert: Value) -> Value {
    alert["labels"]["team"] = json!(team.to_string());
    alert
}

/// So many receivers take six webhooks each and never answer. Once each of them has one, another is to
/// be told something.
fn a_page_does_not_wait_for_hung_ones(count: usize) {
    let healthy = Receiver::healthy();
    let hung: Vec<Receiver> = (0..count)
        .map(|_| Receiver::scripted(|_| Answer::Never))
        .collect();
    let all: Vec<&Receiver> = [&healthy].into_iter().chain(&hung).collect();
    let daemon = by_team(&all);
    let of_hung = |team| groups(6).into_iter().map(move |it| of_team(team, it));
    let alerts: Vec<Value> = (1..=count).flat_map(of_hung).collect();
    daemon.post(&alerts);
    wait_until("each that hangs has something", || {
        hung.iter().all(|it| it.connections() > 0)
    });

    daemon.post(&[of_team(0, firing("Disk", "a"))]);
    assert_eq!(healthy.next().summary(), "first notification: a=firing");
    let failed = daemon.scrape().value(REQUESTS_FAILED);
    assert_eq!(failed, 0.0, "all of them still hang");
    assert!(healthy.so_far().is_empty(), "it is told once");
}

#[test]
fn a_page_does_not_wait_for_four_receivers_that_hang() {
    a_page_does_not_wait_for_hung_ones(4);
}

#[test]
fn a_page_does_not_wait_for_sixty_four_receivers_that_hang() {
    a_page_does_not_wait_for_hung_ones(64);
}

/// All of them together take longer, one after the other or a few at a time, than a flush may.
#[test]
fn groups_that_wait_for_a_receiver_that_takes_its_time_have_not_failed() {
    let receiver = Receiver::scripted(|_| Answer::YesAfter(millis(1000)));
    let route = format!("{EACH_AT_ONCE}, group_interval: 10s");
    let daemon = Setup::with_config(&config(&route, &[webhook(&receiver, "")])).start();
    daemon.post(&groups(60));
    let told = told_of(&receiver, 60);
    wait_until("nothing is under way", || {
        daemon.scrape().value("alertwheel_attempts_in_flight") == 0.0
    });
    assert!(told.values().all(|count| *count == 1), "{told:?}");
    assert!(receiver.so_far().is_empty(), "each is told once");
    let scrape = daemon.scrape();
    let requests = (scrape.value(REQUESTS), scrape.value(REQUESTS_FAILED));
    assert_eq!(requests, (60.0, 0.0));
    assert_eq!(errors(&daemon), Vec::<String>::new());
}

#[test]
fn a_receiver_that_takes_its_time_is_told_of_many_groups_at_once() {
    let receiver = Receiver::scripted(|_| Answer::YesAfter(millis(500)));
    let text = config(EACH_AT_ONCE, &[webhook(&receiver, "")]);
    let daemon = Setup::with_config(&text).start();
    daemon.post(&groups(60));
    let told = told_of(&receiver, 60);
    assert!(told.values().all(|count| *count == 1), "{told:?}");
    // Connections are kept, so there are as many as webhooks were out at once.
    let connections = receiver.connections();
    assert!(connections >= 8, "only {connections} at once");
}

/// A receiver that takes so many webhooks in each second of the clock.
fn throttling(most: usize) -> Receiver {
    let taken = Mutex::new((0, 0));
    Receiver::scripted(move |_| {
        let second = now().as_nanos() / 1_000_000_000;
        let mut taken = taken.lock().expect("it does not panic");
        if taken.0 != second {
            *taken = (second, 0);
        }
        taken.1 += 1;
        if taken.1 > most {
            Answer::Throttled(1)
        } else {
            Answer::Yes
        }
    })
}

#[test]
fn a_receiver_that_throttles_refuses_the_endpoint_and_not_each_group() {
    let receiver = throttling(4);
    let text = config(EACH_AT_ONCE, &[webhook(&receiver, "")]);
    let daemon = Setup::with_config(&text).start();
    let count = 24;
    daemon.post(&groups(count));
    let told = told_of(&receiver, count);
    assert!(told.values().all(|count| *count == 1), "{told:?}");
    let refused = daemon.scrape().value(REQUESTS_FAILED);
    assert!(
        refused < 20.0,
        "{count} groups were refused {refused} times"
    );
}

#[test]
fn one_refusal_pauses_all_groups_of_the_endpoint() {
    let receiver = Receiver::scripted(|number| match number {
        0 => Answer::Unavailable(3),
        _ => Answer::Yes,
    });
    let text = config(EACH_AT_ONCE, &[webhook(&receiver, "")]);
    let daemon = Setup::with_config(&text).start();
    daemon.post(&groups(1));
    let refused = receiver.next();
    assert_eq!(refused.answer, Answer::Unavailable(3));

    wait_until("the refusal is heard", || {
        daemon.scrape().value(REQUESTS_FAILED) == 1.0
    });
    daemon.post(&groups(6));
    let next = receiver.next();
    let waited = next.at.since(refused.at);
    assert!(waited >= millis(3000), "asked again after {waited:?}");
    let mut told = told_of(&receiver, 5);
    *told.entry(group_of(&next)).or_default() += 1;
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(told.values().all(|count| *count == 1), "{told:?}");
}

#[test]
fn a_receiver_that_asks_for_too_long_a_pause_is_asked_after_the_longest_one() {
    let receiver = Receiver::scripted(|number| match number {
        0 => Answer::Unavailable(3600),
        _ => Answer::Yes,
    });
    let daemon = Setup::with_config(&told_soon(&receiver))
        .argument("--webhook.max-retry-after=1s")
        .start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().answer, Answer::Unavailable(3600));
    let told = receiver.next();
    assert_eq!(told.summary(), "first notification: a=firing");
}

#[test]
fn a_receiver_that_is_new_after_a_restart_is_told_what_fires() {
    let (one, two) = (Receiver::healthy(), Receiver::healthy());
    let text = |name: &str, receiver: &Receiver| {
        format!(
            "route: {{receiver: {name}, group_by: [alertname], group_wait: 1s}}\n\
             receivers:\n- {{name: {name}, webhook_configs: [{}]}}\n",
            webhook(receiver, "")
        )
    };
    let daemon = Setup::with_config(&text("one", &one)).start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(one.next().summary(), "first notification: a=firing");

    let next = daemon.another().file(CONFIG_FILE, &text("two", &two));
    daemon.stop();
    let daemon = next.start();
    assert_eq!(two.next().summary(), "first notification: a=firing");
    assert!(one.so_far().is_empty(), "it has left");
    let log = daemon.log();
    let said = "has a new receiver or webhook since the last run";
    let is_said = |line: &str| line.contains(said) && line.contains("receiver=two");
    assert!(log.lines().any(is_said), "what changed is said: {log}");
}

/// A receiver, and whether it is away: then it hangs up on whoever calls.
fn one_that_goes_away() -> (Receiver, Arc<AtomicBool>) {
    let is_away = Arc::new(AtomicBool::new(false));
    let of_script = Arc::clone(&is_away);
    let receiver = Receiver::scripted(move |_| {
        if of_script.load(Ordering::SeqCst) {
            Answer::HangUp
        } else {
            Answer::Yes
        }
    });
    (receiver, is_away)
}

/// Whether each error is said to be over by a later line, which says something better of the same
/// group, or of its receiver as a whole, by name or by address.
fn errors_are_over(log: &str, receiver: &Receiver) -> bool {
    let lines: Vec<&str> = log.lines().collect();
    let group = |line: &str| {
        let (_, rest) = line.split_once(" group=")?;
        rest.split(' ').next().map(str::to_owned)
    };
    let is_over = |at: usize| {
        lines[at + 1..].iter().any(|later| {
            let is_of_it = match group(later) {
                None => later.contains("receiver=team") || later.contains(&receiver.authority()),
                of_later => of_later == group(lines[at]),
            };
            later.contains("level=INFO") && is_of_it
        })
    };
    let mut lines = lines.iter().enumerate();
    lines.all(|(at, line)| !line.contains("level=ERROR") || is_over(at))
}

#[test]
fn what_failed_while_a_receiver_was_away_is_said_to_be_over_once_it_is_told() {
    const COUNT: usize = 30;
    let (receiver, is_away) = one_that_goes_away();
    is_away.store(true, Ordering::SeqCst);
    let daemon = Setup::with_config(&config(SOON, &[webhook(&receiver, "")])).start();
    daemon.post(&groups(COUNT));
    // A flush has ten seconds at least; most of the groups are not tried again in what is left of it.
    pause(millis(9000));
    is_away.store(false, Ordering::SeqCst);
    let told = told_of(&receiver, COUNT);
    assert!(told.values().all(|count| *count == 1), "{told:?}");
    receiver.expect_silence(millis(1500));
    wait_until("every error is said to be over", || {
        errors_are_over(&daemon.log(), &receiver)
    });
}

#[test]
fn what_happened_while_a_receiver_was_away_is_told_once_when_it_is_back() {
    const COUNT: usize = 30;
    let (receiver, is_away) = one_that_goes_away();
    let daemon = Setup::with_config(&config(SOON, &[webhook(&receiver, "")])).start();
    let first = groups(COUNT);
    daemon.post(&first);
    told_of(&receiver, COUNT);

    is_away.store(true, Ordering::SeqCst);
    let second = first.iter().map(|alert| {
        let name = alert["labels"]["alertname"].as_str();
        firing(name.expect("a text"), "b")
    });
    daemon.post(&second.collect::<Vec<Value>>());
    // A flush has ten seconds at least. The first ends meanwhile, and the next sees what is newer.
    pause(millis(6000));
    daemon.post(&first.into_iter().map(over).collect::<Vec<Value>>());
    pause(millis(7000));
    let refused = receiver.so_far();
    assert!(!refused.is_empty(), "it was called while it was away");
    is_away.store(false, Ordering::SeqCst);

    let mut told: Vec<Webhook> = Vec::new();
    let mut groups_told = HashSet::new();
    while groups_told.len() < COUNT {
        let webhook = receiver.next();
        if webhook.answer == Answer::Yes {
            groups_told.insert(group_of(&webhook));
            told.push(webhook);
        }
    }
    receiver.expect_silence(millis(1500));
    assert_eq!(told.len(), COUNT, "each group is told once");
    for webhook in &told {
        let summary = webhook.summary();
        assert!(summary.ends_with(": a=resolved b=firing"), "{summary}");
    }
    wait_until("every error is said to be over", || {
        errors_are_over(&daemon.log(), &receiver)
    });
}
