//! Many silences that concern nobody, beside the work that goes on.

use std::time::Duration;

use super::Load;
use crate::connection::Connection;
use crate::contender::Contender;
use crate::figure::Figure;
use crate::fleet::post;
use crate::receiver::{Manner, Receiver};
use crate::stand::{Stand, one_route, send, spent, wait_long};
use crate::time::{now, wall};

pub const LOAD: Load = Load {
    name: "silences",
    about: "10,000 silences, then 2,000 alerts in 200 groups that are told",
    run,
    floor: None,
};

const SILENCES: usize = 10_000;

/// Few, because each is held against all silences, for which Alertmanager takes its time.
const ALERTS: usize = 2_000;

/// Alerts of a group.
const PER_GROUP: usize = 10;

/// Until when the alerts must have been taken in for both costs to be told apart.
const WAIT: Duration = Duration::from_secs(8);

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let (silences, alerts) = (stand.count(SILENCES), stand.count(ALERTS));
    let groups = alerts / PER_GROUP;
    let receiver = Receiver::start(Manner::Answers);
    let wait = stand.span(WAIT);
    let route = format!(
        "group_by: [cluster, service], group_wait: {}ms, group_interval: 1h",
        wait.as_millis()
    );
    let daemon = contender.start(&one_route(&receiver.url(), &route));
    let mut connection = daemon.connect();
    let silencing = spent(&daemon, || post_silences(&mut connection, silences));
    let fleet = stand.fleet(groups);
    let sent_at = now();
    let taking_in = spent(&daemon, || {
        send(&mut connection, &fleet, alerts);
    });
    assert!(
        now().since(sent_at) < wait,
        "groups are told before all alerts are in"
    );
    let telling = spent(&daemon, || {
        wait_long("all groups are told", || receiver.webhooks() >= groups);
        stand.settle();
    });
    let took = receiver.last_at().since(sent_at + wait);
    let vitals = daemon.vitals();
    vec![
        Figure::each("CPU per silence", silencing, silences),
        Figure::each("CPU per fresh alert", taking_in, alerts),
        Figure::each("CPU per group told", telling, groups),
        Figure::seconds("told after being due", took),
        Figure::memory("peak", vitals.peak_kib),
    ]
}

/// Makes so many silences. One in ten is by a pattern, as people write them.
pub fn post_silences(connection: &mut Connection, count: usize) {
    let now = wall();
    let ends_at = now + Duration::from_secs(4 * 3600);
    for number in 0..count {
        let is_pattern = number % 10 == 0;
        let end = if is_pattern { ".*" } else { ":9100" };
        let body = format!(
            "{{\"matchers\":[\
             {{\"name\":\"alertname\",\"value\":\"HostDiskWillFill{:02}\",\"isRegex\":false}},\
             {{\"name\":\"instance\",\"value\":\"retired-{number:07}{end}\",\"isRegex\":{is_pattern}}}],\
             \"startsAt\":\"{now}\",\"endsAt\":\"{ends_at}\",\
             \"createdBy\":\"bench\",\"comment\":\"retired\"}}",
            number % 20
        );
        connection.tell(&post("/api/v2/silences", body.as_bytes()));
    }
}
