//! What all loads need: how large they are, how long they wait, and the alerts that they send.

use std::fmt::Write;
use std::time::Duration;

use alertwheel::model::Mono;

use crate::connection::Connection;
use crate::contender::Running;
use crate::fleet::{BATCH, Fleet, Requests};
use crate::time::{now, pause, wait_within, wall};

/// Keys of a route that tells each alert by itself and at once, and has all else as it is by default.
pub const EACH_AT_ONCE: &str = "group_by: ['...'], group_wait: 0s";

/// How long anything may take before a run is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long receivers that are unkind may keep a daemon from telling; then the table says that it did
/// not manage, and the run goes on.
const BOUND: Duration = Duration::from_secs(60);
const QUICK_BOUND: Duration = Duration::from_secs(3);

/// How soon a condition is looked at again.
const GLANCE: Duration = Duration::from_millis(1);

/// How long alerts fire: longer than any run.
const FIRING: Duration = Duration::from_secs(4 * 3600);

/// Sizes and times of a run.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// What all counts are multiplied with.
    pub scale: f64,
    /// Whether spans are cut short, which spoils the figures and shows that everything works.
    pub is_quick: bool,
}

impl Stand {
    /// So many, at the scale of this run.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts are a few millions"
    )]
    pub fn count(&self, full: usize) -> usize {
        ((full as f64 * self.scale) as usize).max(BATCH)
    }

    /// So many where the number itself makes the case, which no scale changes.
    pub fn few(&self, full: usize) -> usize {
        if self.is_quick {
            full.div_ceil(5)
        } else {
            full
        }
    }

    /// How long a daemon may take to tell receivers that are unkind.
    pub fn bound(&self) -> Duration {
        if self.is_quick { QUICK_BOUND } else { BOUND }
    }

    /// So long, unless the run is quick.
    pub fn span(&self, full: Duration) -> Duration {
        if self.is_quick { full / 5 } else { full }
    }

    /// Lets a daemon come to rest after work, such as collecting its garbage.
    pub fn settle(&self) {
        pause(self.span(Duration::from_secs(2)));
    }

    /// Alerts that began just now, in so many groups.
    pub fn fleet(&self, groups: usize) -> Fleet {
        let now = wall();
        Fleet {
            job: "node".to_owned(),
            groups: groups.max(1),
            starts_at: now.to_string(),
            ends_at: (now + FIRING).to_string(),
        }
    }

    /// The same alerts a minute later, as Prometheus sends them again.
    pub fn again(&self, fleet: &Fleet) -> Fleet {
        Fleet {
            ends_at: (wall() + FIRING + Duration::from_secs(60)).to_string(),
            ..fleet.clone()
        }
    }
}

/// Sends the alerts up to number `count` in requests of [`BATCH`], and says how long each took.
pub fn send(connection: &mut Connection, fleet: &Fleet, count: usize) -> Vec<Duration> {
    let mut requests = fleet.requests(BATCH);
    let full = count / BATCH * BATCH;
    let firsts = (0..full).step_by(BATCH);
    let mut spans: Vec<Duration> = firsts
        .map(|first| connection.tell(requests.from(first)).took)
        .collect();
    if full < count {
        let mut rest = fleet.requests(count - full);
        spans.push(connection.tell(rest.from(full)).took);
    }
    spans
}

/// Sends the alerts up to number `count` in as few requests as both daemons take.
pub fn send_at_once(connection: &mut Connection, fleet: &Fleet, count: usize) {
    /// About ten megabytes.
    const MOST: usize = 20_000;
    let mut requests: Option<Requests> = None;
    for first in (0..count).step_by(MOST) {
        let size = MOST.min(count - first);
        let fitting = requests.take().filter(|requests| requests.size() == size);
        let mut fitting = fitting.unwrap_or_else(|| fleet.requests(size));
        connection.tell(fitting.from(first));
        requests = Some(fitting);
    }
}

/// Waits for something that takes its time.
pub fn wait_long(what: &str, mut holds: impl FnMut() -> bool) {
    wait_within(PATIENCE, what, || holds().then_some(()));
}

/// Waits for something that may not come about in time; says whether it did.
pub fn wait_up_to(deadline: Mono, mut holds: impl FnMut() -> bool) -> bool {
    while now() < deadline {
        if holds() {
            return true;
        }
        pause(GLANCE);
    }
    holds()
}

/// What a daemon spends on a processor while `work` is done.
pub fn spent(daemon: &Running, work: impl FnOnce()) -> Duration {
    let before = daemon.time_on_processor();
    work();
    daemon.time_on_processor().since(&before)
}

/// A configuration: one receiver `team`, whose webhook is `url`, and one route with these keys.
pub fn one_route(url: &str, keys: &str) -> String {
    format!(
        "route: {{receiver: team, {keys}}}\n\
         receivers:\n\
         - name: team\n\
         \x20 webhook_configs: [{{url: '{url}'}}]\n"
    )
}

/// A configuration of one route for each of these matchers and urls, all with the same keys. What
/// none of them matches goes to the first.
pub fn routes(targets: &[(String, String)], keys: &str) -> String {
    let mut routes = String::new();
    let mut receivers = String::new();
    for (number, (matcher, url)) in targets.iter().enumerate() {
        let _ = writeln!(
            routes,
            "  - {{receiver: team-{number}, matchers: ['{matcher}']}}"
        );
        let _ = writeln!(
            receivers,
            "- {{name: team-{number}, webhook_configs: [{{url: '{url}'}}]}}"
        );
    }
    let keys = keys.replace(", ", "\n  ");
    format!("route:\n  receiver: team-0\n  {keys}\n  routes:\n{routes}receivers:\n{receivers}")
}
