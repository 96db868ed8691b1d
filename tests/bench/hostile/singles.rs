//! Fresh alerts that come one by one, whatever else does.
//!
//! Each is counted from the moment when it was to be posted, so that those which had to wait for a slow
//! answer to one before them count as late as well.

use std::time::Duration;

use alertwheel::model::Mono;

use super::site::Site;
use crate::loads::Posted;
use crate::stand::wait_up_to;
use crate::time::{millis, now, pause_until};

/// One after the other, this far apart.
const PACE: Duration = millis(20);

/// Number of the first one, past those of the fleet.
const FIRST: usize = 1_000_000;

/// How long they may take to be told beyond their wait; what is not told by then counts as if it were.
const PATIENCE: Duration = Duration::from_secs(15);

/// How they fared.
pub struct Singles {
    /// From the post of each to its answer.
    pub asked: Vec<Duration>,
    /// How much later than due each was told.
    pub told: Vec<Duration>,
    /// Those that were not answered with 200.
    pub refused: usize,
}

impl Singles {
    /// Posts them until then, and waits until all are told.
    pub fn post(site: &Site, until: Mono) -> Self {
        let mut connection = site.connect();
        let mut posted = Posted {
            first: FIRST,
            at: Vec::new(),
        };
        let (mut asked, mut refused) = (Vec::new(), 0);
        let mut due = now();
        while due < until {
            pause_until(due);
            // Made anew for each, since one that began before its group waits would be told at once.
            let mut request = site.singles().requests(1);
            let reply = connection.ask(request.from(FIRST + posted.at.len()));
            asked.push(now().since(due));
            if !reply.is_ok_and(|reply| reply.status == 200) {
                refused += 1;
                connection = site.connect();
            }
            posted.at.push(due);
            due = due + PACE;
        }
        Singles {
            asked,
            told: delays(site, &posted),
            refused,
        }
    }
}

fn delays(site: &Site, posted: &Posted) -> Vec<Duration> {
    let count = posted.at.len();
    wait_up_to(now() + site.sizes.wait + PATIENCE, || {
        site.receiver.webhooks() >= count
    });
    let delays = posted.delays(&site.receiver.arrivals());
    let mut late: Vec<Duration> = delays
        .into_iter()
        .map(|delay| delay.saturating_sub(site.sizes.wait))
        .collect();
    late.resize(late.len().max(count), PATIENCE);
    late
}
