//! The invariants between the parts of the engine.
//!
//! PURE. Owns the invariants that span several files. Without a check, a violation would show only much
//! later: a group that sleeps for ever, a delivery that no queue contains, a count that has drifted. Never
//! changes the state that outputs depend on. Runs on the dispatch thread, at the end of every fourth input,
//! and only in builds with debug assertions; there the simulator checks thousands of histories.

use super::Engine;
use super::delivery::DeliveryState;
use super::flush::log_key;
use super::group::{Group, GroupId};
use super::queues::{DeliveryId, Place, QueueId};

/// The maximum number of groups for which the invariants are checked, because a check visits each group.
/// Tests of large states measure time and memory; a violation shows in small states too.
const GROUPS_CHECKED: usize = 300;

/// The same for keys of sources.
const KEYS_CHECKED: usize = 300;

/// The invariants are checked once per this many inputs. A violation persists, so it is only found a little
/// later.
const INPUTS_APART: u64 = 4;

impl Engine {
    /// Panics if an invariant is violated. Checks only some of the inputs.
    pub(super) fn check(&mut self) {
        self.inputs += 1;
        if self.inputs.is_multiple_of(INPUTS_APART)
            && self.groups.len() <= GROUPS_CHECKED
            && let Err(broken) = self.whole()
        {
            panic!("the engine is at odds with itself: {broken}");
        }
    }

    /// Checks all invariants. Returns the first violation.
    fn whole(&self) -> Result<(), String> {
        self.groups.check()?;
        self.check_keys()?;
        let mut ready = Vec::new();
        let mut in_flight = 0;
        for (id, group) in self.groups.iter() {
            check_alarm(group).map_err(|what| format!("group {}: {what}", group.key))?;
            let found = self.check_deliveries(id, group, &mut ready);
            in_flight += found.map_err(|what| format!("group {}: {what}", group.key))?;
        }
        if in_flight > self.attempts_in_flight() {
            let out = self.attempts_in_flight();
            return Err(format!("groups have {in_flight} attempts of {out}"));
        }
        self.queues.check(&ready, self.attempts_in_flight())
    }

    /// Checks the index of keys. An alert that fires ends no sooner than the last of its keys.
    fn check_keys(&self) -> Result<(), String> {
        if self.keyed_alerts.len() > KEYS_CHECKED {
            return Ok(());
        }
        self.keyed_alerts
            .check(|alert| self.alerts.contains(alert))?;
        for (key, held) in self.keyed_alerts.iter() {
            let alert = self.alerts.get(held.alert).map(|stored| &stored.alert);
            if alert.is_some_and(|alert| alert.ends_at.get() < held.ends_at) {
                return Err(format!("the alert of {key:?} ends before {}", held.ends_at));
            }
        }
        Ok(())
    }

    /// Appends the ready deliveries of a group to `ready`, and counts its attempts in flight.
    fn check_deliveries(
        &self,
        id: GroupId,
        group: &Group,
        ready: &mut Vec<(QueueId, Place, DeliveryId)>,
    ) -> Result<usize, String> {
        let mut attempts = 0;
        let mut count = |attempt| {
            attempts += 1;
            if self.attempts.is_out(attempt) {
                Ok(())
            } else {
                Err(format!("{attempt:?} is not out"))
            }
        };
        for out in group.still_out() {
            count(out.attempt)?;
        }
        let node = self.tree.node(group.route);
        for delivery in group.flush.iter().flat_map(|flush| &flush.deliveries) {
            let webhook_index = delivery.notification.webhook_index;
            if delivery.log_key != log_key(node, group, webhook_index) {
                return Err(format!("webhook {webhook_index} has the key of another"));
            }
            match delivery.state {
                DeliveryState::Ready(place) => {
                    let group = id;
                    let delivery_id = DeliveryId {
                        group,
                        webhook_index,
                    };
                    ready.push((delivery.queue, place, delivery_id));
                }
                DeliveryState::InFlight(attempt) => count(attempt)?,
                DeliveryState::BackingOff(_) | DeliveryState::Ended => {}
            }
        }
        Ok(attempts)
    }
}

/// Checks that the group's alarm is armed, and rings no later than the group needs it.
fn check_alarm(group: &Group) -> Result<(), String> {
    let (armed_for, wakes_at) = (group.armed_for, group.wakes_at());
    match armed_for {
        None => Err("no alarm is armed".to_owned()),
        Some(at) if at > wakes_at => Err(format!("it wakes at {wakes_at:?}, but rings at {at:?}")),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::attempts::Attempts;
    use super::*;
    use crate::config;
    use crate::engine::{Effect, Input, Settings};
    use crate::model::{Labels, Mono, Now, ParserMode, PostedAlert, Wall};

    const CONFIG: &str = r#"
route: {receiver: team, group_by: ['...'], group_wait: 0s}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
"#;

    const NOW: Now = Now {
        mono: Mono::START,
        wall: Wall::UNIX_EPOCH,
    };

    /// An engine with two groups: the first has an attempt in flight, and the second waits for it to end.
    fn busy() -> Engine {
        let loaded = config::parse("check.yml", CONFIG, ParserMode::Fallback);
        let config = Arc::new(loaded.expect("a sound configuration").config);
        let mut engine = Engine::new(config, Settings::of_a_small_daemon());
        let alert = |host: &str| PostedAlert {
            labels: Labels::from_pairs([("alertname", "Disk"), ("host", host)]).into(),
            ..PostedAlert::default()
        };
        let mut effects = Vec::new();
        engine.handle(
            &mut effects,
            NOW,
            Input::Alerts(vec![alert("a"), alert("b")]),
        );
        let rings = effects.iter().filter_map(|effect| match effect {
            Effect::Arm { alarm, at } => Some((*alarm, *at)),
            _ => None,
        });
        for (alarm, at) in rings.collect::<Vec<_>>() {
            engine.handle(&mut Vec::new(), NOW, Input::Ring { alarm, at });
        }
        assert_eq!(engine.attempts_in_flight(), 1);
        assert_eq!(engine.queues.waiting(), 1);
        assert_eq!(engine.whole(), Ok(()));
        engine
    }

    /// The violation found in a busy engine after `harm` was applied to each of its groups.
    fn found_after(harm: impl Fn(&mut Group)) -> String {
        let mut engine = busy();
        engine.groups.iter_mut().for_each(|(_, group)| harm(group));
        engine.whole().expect_err("something is broken")
    }

    #[test]
    fn a_group_without_an_alarm_is_found() {
        let found = found_after(|group| group.armed_for = None);
        assert!(found.ends_with("no alarm is armed"), "{found}");
        let late = |group: &Group| group.wakes_at() + Duration::from_nanos(1);
        let found = found_after(|group| group.armed_for = Some(late(group)));
        assert!(found.contains("it wakes at"), "{found}");
    }

    #[test]
    fn a_delivery_that_no_queue_and_no_worker_has_is_found() {
        let found = found_after(|group| group.flush = None);
        assert!(
            found.contains("0 are ready, 1 count as waiting, and 1 do"),
            "{found}"
        );
        let mut engine = busy();
        engine.attempts = Attempts::default();
        let found = engine.whole().expect_err("an attempt is lost");
        assert!(found.ends_with("is not out"), "{found}");
    }

    #[test]
    fn a_delivery_under_the_key_of_another_group_is_found() {
        let found = found_after(|group| group.fingerprint.0 ^= 1);
        assert!(found.contains("the index does not lead to it"), "{found}");
        let found = found_after(|group| {
            let flush = group
                .flush
                .iter_mut()
                .flat_map(|flush| &mut flush.deliveries);
            flush.for_each(|delivery| delivery.log_key.group.0 ^= 1);
        });
        assert!(found.ends_with("has the key of another"), "{found}");
    }
}
