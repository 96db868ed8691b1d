//! Endpoints hang that have something to be told each, and then somebody else has.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::Figure;
use crate::fleet::Fleet;
use crate::receiver::{Manner, Receiver};
use crate::stand::{EACH_AT_ONCE, Stand, routes, send_at_once, wait_up_to};
use crate::time::{now, pause};

pub const LOAD: Load = Load {
    name: "hung",
    about: "endpoints that take connections and never answer, six groups each, and one that is well",
    run,
    floor: None,
};

const HUNG: [usize; 4] = [3, 4, 16, 64];

/// Groups of each.
const GROUPS: usize = 6;

/// How long they hang before the other one has anything to be told.
const BEFORE: Duration = Duration::from_secs(1);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let page = |hung: &usize| {
        let name = format!("from POST to page beside {hung} that hang");
        Figure::within(&name, stand.bound(), page_beside(stand, contender, *hung))
    };
    HUNG.iter().map(page).collect()
}

/// How long the page of the healthy one takes; nothing if it does not come in time.
fn page_beside(stand: &Stand, contender: &Contender, count: usize) -> Option<Duration> {
    let healthy = Receiver::start(Manner::Answers);
    let hung: Vec<Receiver> = (0..count).map(|_| Receiver::start(Manner::Dead)).collect();
    let job = |number: usize| format!("hung-{number:02}");
    let mut targets = vec![("job=\"node\"".to_owned(), healthy.url())];
    for (number, receiver) in hung.iter().enumerate() {
        targets.push((format!("job=\"{}\"", job(number)), receiver.url()));
    }
    let daemon = contender.start(&routes(&targets, EACH_AT_ONCE));
    let mut connection = daemon.connect();
    for number in 0..count {
        let fleet = Fleet {
            job: job(number),
            ..stand.fleet(GROUPS)
        };
        send_at_once(&mut connection, &fleet, GROUPS);
    }
    pause(stand.span(BEFORE));
    let posted_at = now();
    send_at_once(&mut connection, &stand.fleet(1), 1);
    let is_told = wait_up_to(posted_at + stand.bound(), || healthy.webhooks() > 0);
    is_told.then(|| healthy.last_at().since(posted_at))
}
