//! Heartbeats over HTTP: one that stays away is told, and the next ping ends that.

use super::{post, start, told_alert};
use crate::receiver::Receiver;

#[test]
fn a_heartbeat_that_stays_away_is_told_until_it_comes_again() {
    let receiver = Receiver::healthy();
    let daemon = start(
        &receiver,
        "heartbeats: [{name: backup, every: 1s, grace: 500ms, labels: {severity: page}}]\n",
    );
    assert_eq!(daemon.get("/heartbeat/backup").status, 200);
    assert_eq!(daemon.get("/heartbeat/nobody").status, 404);
    let missing = told_alert(&receiver);
    let labels = &missing["labels"];
    assert_eq!(
        (&missing["status"], &labels["alertname"]),
        (&"firing".into(), &"HeartbeatMissing".into())
    );
    assert_eq!(
        (&labels["heartbeat"], &labels["severity"]),
        (&"backup".into(), &"page".into())
    );
    assert_eq!(post(&daemon, "/heartbeat/backup", b"").status, 200);
    assert_eq!(told_alert(&receiver)["status"], "resolved");
}

#[test]
fn a_heartbeat_that_says_it_has_failed_is_told_at_once() {
    let receiver = Receiver::healthy();
    let daemon = start(
        &receiver,
        "heartbeats: [{name: backup, every: 1h, grace: 1h}]\n",
    );
    assert_eq!(daemon.get("/heartbeat/backup/fail").status, 200);
    assert_eq!(told_alert(&receiver)["status"], "firing");
    assert_eq!(daemon.get("/heartbeat/backup").status, 200);
    assert_eq!(told_alert(&receiver)["status"], "resolved");
}
