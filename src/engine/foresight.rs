//! Looks at what the reports of a batch, or an answer, are about to touch, before the first of it is.
//!
//! PURE. Two hundred thousand alerts lie all over the memory, and so do their groups: taken in one
//! after the other, each report would wait for its bucket, its alert, the texts and its group in
//! turn. Here everything of one kind is looked at in a row, so that the waits overlap. What is found
//! on the way, the groups, is kept; the rest changes nothing but the time it takes. Runs on the
//! dispatch thread.

use std::hint::black_box;
use std::sync::Arc;

use super::Engine;
use super::group::GroupId;
use super::store::Stored;
use crate::model::{Alert, PostedAlert};

/// Reports that are looked at together. Prometheus sends as many in one request; what they touch,
/// some 600 bytes each, fits into the nearest caches beside the request itself.
pub const FORESEEN_AT_ONCE: usize = 64;

/// Reads alerts that are about to be cloned: a clone writes to the count of references, and writes wait for
/// memory one after the other, while reads overlap.
pub fn prefetch<'a>(alerts: impl Iterator<Item = &'a Arc<Alert>>) {
    // An alert lies across two of the parts that memory comes in: its first words and its times are at
    // both ends of it.
    for alert in alerts {
        black_box((Arc::strong_count(alert), alert.fingerprint, alert.ends_at));
    }
}

/// The groups of the known alerts among some reports.
#[derive(Debug)]
pub struct Foresight {
    groups: Vec<Option<GroupId>>,
    /// For each report, where its groups end in `groups`; they begin where those before end.
    ends: Vec<usize>,
}

impl Foresight {
    /// The groups that the report at `position` belongs to, in the order of its routes, as far as
    /// they were there. Empty if its alert was not known.
    pub fn groups_of(&self, position: usize) -> &[Option<GroupId>] {
        let start = position
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.groups[start..self.ends[position]]
    }
}

impl Engine {
    /// Looks at all that these reports will touch.
    pub(super) fn foresee(&self, posted: &[PostedAlert]) -> Foresight {
        let known: Vec<Option<&Stored>> = posted
            .iter()
            .map(|alert| self.alerts.get(alert.labels.fingerprint()))
            .collect();
        Alert::look_at(known.iter().flatten().map(|stored| &*stored.alert));
        let mut foresight = Foresight {
            groups: Vec::new(),
            ends: Vec::with_capacity(posted.len()),
        };
        let mut names = Vec::with_capacity(posted.len());
        for (alert, known) in posted.iter().zip(&known) {
            let routes = known.iter().flat_map(|stored| &stored.routes.routes);
            names.extend(routes.map(|&route| (route, self.name_in(route, &alert.labels).labels)));
            foresight.ends.push(names.len());
        }
        // All names before the first group: hashing between two look-ups would keep them from overlapping.
        let groups = names
            .iter()
            .map(|&(route, labels)| self.groups.find(route, labels));
        foresight.groups.extend(groups);
        self.look_at_members(posted, &foresight);
        foresight
    }

    fn look_at_members(&self, posted: &[PostedAlert], foresight: &Foresight) {
        let groups = foresight.groups.iter().flatten();
        let alive = groups.filter_map(|&id| self.groups.get(id));
        // What is read must count for something, or it is not read.
        black_box(alive.map(|group| group.members.len()).sum::<usize>());
        for (position, alert) in posted.iter().enumerate() {
            let groups = foresight.groups_of(position).iter().flatten();
            for group in groups.filter_map(|&id| self.groups.get(id)) {
                let member = group.members.get(alert.labels.fingerprint());
                black_box(member.map(Arc::as_ptr));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{self, Config};
    use crate::engine::{Input, Settings};
    use crate::model::{Labels, Mono, Now, ParserMode, Wall};

    const CONFIG: &str = r#"
route:
  receiver: team
  group_by: [alertname]
  routes:
    - {matchers: ['host=~".*7"'], receiver: sevens, continue: true}
    - {matchers: ['host=~".*"']}
receivers: [{name: team}, {name: sevens}]
"#;

    /// More than are foreseen at once.
    const ALERTS: u16 = 3 * 64 + 10;

    fn is_known(number: u16) -> bool {
        number.is_multiple_of(3)
    }

    fn is_faulty(number: u16) -> bool {
        number.is_multiple_of(5)
    }

    fn posted(number: u16, ends_at: Wall) -> PostedAlert {
        let name = format!("Alert{}", number % 7);
        let host = number.to_string();
        PostedAlert {
            labels: Labels::from_pairs([("alertname", &name), ("host", &host)]).into(),
            ends_at: Some(ends_at),
            ..PostedAlert::default()
        }
    }

    #[test]
    fn each_report_of_a_batch_of_all_kinds_goes_to_the_groups_of_its_alert() {
        let loaded = config::parse("batch.yml", CONFIG, ParserMode::Fallback);
        let config: Arc<Config> = Arc::new(loaded.expect("a sound configuration").config);
        let mut engine = Engine::new(config, settings());
        let wall = Wall::from_second(1_800_000_000).expect("a second of this century");
        let mono = Mono::START;
        let [early, late] = [300, 600].map(|seconds| wall + Duration::from_secs(seconds));
        let known = (0..ALERTS).filter(|&number| is_known(number));
        let first = known.map(|number| posted(number, early)).collect();
        // Known and new, some faulty, some twice.
        let second = (0..ALERTS).flat_map(|number| {
            let alert = PostedAlert {
                fault: is_faulty(number).then(|| "faulty".into()),
                ..posted(number, late)
            };
            vec![alert; if number.is_multiple_of(4) { 2 } else { 1 }]
        });
        for batch in [first, second.collect()] {
            engine.handle(&mut Vec::new(), Now { mono, wall }, Input::Alerts(batch));
        }
        let mut members = 0;
        for (_, group) in engine.groups.iter() {
            for alert in group.members.iter() {
                assert_eq!(alert.labels.get("alertname"), group.labels.get("alertname"));
                let number: u16 = alert
                    .labels
                    .get("host")
                    .expect("a host")
                    .parse()
                    .expect("a number");
                let reported = if is_faulty(number) { early } else { late };
                assert_eq!(alert.ends_at.get(), reported, "{number}");
                members += 1;
            }
        }
        let kept = (0..ALERTS).filter(|&number| is_known(number) || !is_faulty(number));
        let routes = kept.map(|number| if number % 10 == 7 { 2 } else { 1 });
        assert_eq!(members, routes.sum::<usize>());
    }

    fn settings() -> Settings {
        Settings {
            alerts: 1_000,
            ..Settings::of_a_small_daemon()
        }
    }
}
