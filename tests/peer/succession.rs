//! Tests of the migration from Alertmanager and back: a real Alertmanager runs, notifies webhooks and is
//! stopped. Our daemon continues in its folder, and silences are moved back into a real one.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::client::Request;
use crate::daemon::{CONFIGURATION, Daemon, Make};
use crate::peers::Peers;
use crate::process::Folder;
use crate::receiver::Receiver;
use crate::wait;

/// The folder of a daemon's state within its home.
const DATA: &str = "data";

/// A home in which one daemon follows another, and the receiver that both tell.
struct House {
    peers: Peers,
    home: Folder,
    receiver: Receiver,
}

impl House {
    fn build(test: &str) -> Option<House> {
        let (peers, receiver) = (Peers::find(test)?, Receiver::start());
        let home = Folder::create("house");
        home.write(
            CONFIGURATION,
            &format!(
                "route: {{receiver: desk, group_by: [alertname], group_wait: 1s, group_interval: 1s, \
                 repeat_interval: 4h}}\nreceivers:\n- name: desk\n  webhook_configs: [{{url: '{}'}}]\n",
                receiver.url()
            ),
        );
        Some(House {
            peers,
            home,
            receiver,
        })
    }

    fn start(&self, make: Make) -> Daemon {
        Daemon::start_at(make, &self.peers, &self.home, &[])
    }

    fn data(&self) -> String {
        self.home.path().join(DATA).display().to_string()
    }

    /// Runs amtool in a home of its own; what it prints.
    fn amtool(&self, daemon: &Daemon, arguments: &[&str]) -> String {
        let mut amtool = Command::new(self.peers.amtool());
        amtool.env("HOME", self.home.path()).env("TZ", "UTC");
        amtool.arg(format!("--alertmanager.url=http://{}", daemon.address()));
        printed(amtool.args(arguments))
    }

    /// Silences of all kinds, one of which silences the alert `Hushed`.
    fn add_silences(&self, daemon: &Daemon) {
        let by_me = ["silence", "add", "--author=mé", "--comment=wegen grüßen"];
        let added: [&[&str]; 4] = [
            &["alertname=~\"Hush.*\"", "host!=b", "--duration=1h"],
            &[
                "alertname=Later",
                "team!~\"x|y\"",
                "--start=2099-01-01T00:00:00Z",
                "--end=2099-01-02T00:00:00.5Z",
            ],
            &[
                "\"dotted.name\"=\"a \\\"b\\\" grüße\"",
                "--annotation=ticket=7",
                "--annotation=a=b",
                "--end=2099-01-04T00:00:00.25Z",
            ],
            &["alertname=Over", "--duration=1h"],
        ];
        let ids = added.map(|arguments| self.amtool(daemon, &[&by_me, arguments].concat()));
        self.amtool(daemon, &["silence", "expire", ids[3].trim()]);
    }
}

/// What a program prints that succeeds.
fn printed(program: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = program.output().expect("the program starts");
    let complaint = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{program:?}: {complaint}");
    String::from_utf8(stdout).expect("it prints UTF-8")
}

/// All silences of a daemon by id.
fn silences(daemon: &Daemon) -> Vec<Value> {
    let answer = Request::get("/api/v2/silences").send(daemon.address());
    let answer = answer.json().expect("silences are JSON");
    let mut silences = answer.as_array().expect("silences are a list").clone();
    silences.sort_by_key(|silence| silence["id"].to_string());
    silences
}

/// Waits until Alertmanager knows that so many webhooks were answered, and then stops it, so that its
/// log of notifications has them.
fn stop_after(told: u32, theirs: Daemon) {
    let count = format!(
        "alertmanager_notification_latency_seconds_count{{integration=\"webhook\"}} {told}"
    );
    wait::until("the end of the notifications", || {
        let metrics = Request::get("/metrics").send(theirs.address()).text();
        metrics.lines().any(|line| line == count).then_some(())
    });
    assert_eq!(theirs.stop().code(), Some(0));
}

/// Posts alerts, each a name, a host and, for one that has ended, when.
fn post(daemon: &Daemon, alerts: &[(&str, &str, Option<&str>)]) {
    let alerts = alerts.iter().map(|(name, host, ended)| {
        let labels = json!({"alertname": name, "host": host});
        match ended {
            Some(end) => json!({"labels": labels, "endsAt": end}),
            None => json!({"labels": labels}),
        }
    });
    let body = Value::Array(alerts.collect());
    let answer = Request::post("/api/v2/alerts", &body).send(daemon.address());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// What a webhook says: the alert's name, then host and status of each.
fn said(webhook: &str) -> String {
    let webhook: Value = serde_json::from_str(webhook).expect("a webhook is JSON");
    let alerts = webhook["alerts"].as_array().expect("alerts are a list");
    let of = |alert: &Value| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        format!(
            " {} {}",
            text(&alert["labels"]["host"]),
            text(&alert["status"])
        )
    };
    let mut alerts: Vec<String> = alerts.iter().map(of).collect();
    alerts.sort();
    let name = webhook["groupLabels"]["alertname"].as_str();
    format!(
        "{}:{}",
        name.expect("the group has a name"),
        alerts.concat()
    )
}

const END: Option<&str> = Some("2026-01-01T00:05:00Z");

#[test]
fn a_swap_loses_no_silence_repeats_no_page_and_tells_what_ends() {
    let test = "a_swap_loses_no_silence_repeats_no_page_and_tells_what_ends";
    let Some(house) = House::build(test) else {
        return;
    };
    let theirs = house.start(Make::Alertmanager);
    house.add_silences(&theirs);
    let alerts = [
        ("One", "a", None),
        ("One", "b", None),
        ("Two", "a", None),
        ("Hushed", "a", None),
    ];
    post(&theirs, &alerts);
    let mut told = [said(&house.receiver.next()), said(&house.receiver.next())];
    told.sort();
    assert_eq!(told, ["One: a firing b firing", "Two: a firing"]);
    let left = silences(&theirs);
    let states = ["active", "active", "expired", "pending"].map(|state| json!({"state": state}));
    let mut found: Vec<&Value> = left.iter().map(|silence| &silence["status"]).collect();
    found.sort_by_key(|status| status.to_string());
    assert!(found.iter().copied().eq(&states), "{left:?}");
    stop_after(2, theirs);

    let ours = house.start(Make::Alertwheel);
    assert_eq!(silences(&ours), left);
    post(&ours, &alerts);
    post(&ours, &[("New", "a", None)]);
    assert_eq!(said(&house.receiver.next()), "New: a firing");
    post(&ours, &[("One", "b", END)]);
    // The others had their turn before this one's second.
    assert_eq!(said(&house.receiver.next()), "One: a firing b resolved");
    post(&ours, &[("Two", "a", END)]);
    assert_eq!(said(&house.receiver.next()), "Two: a resolved");
    assert_eq!(house.receiver.unexpected(), None);
    assert_eq!(ours.stop().code(), Some(0));

    // What was taken over is ours from now on, whatever becomes of their files.
    let again = house.start(Make::Alertwheel);
    assert_eq!(silences(&again), left);
    post(&again, &[("One", "a", None), ("Hushed", "a", None)]);
    post(&again, &[("One", "a", END)]);
    assert_eq!(said(&house.receiver.next()), "One: a resolved");
    assert_eq!(house.receiver.unexpected(), None);
}

#[test]
fn what_ended_between_two_daemons_is_told_by_the_second() {
    let Some(house) = House::build("what_ended_between_two_daemons_is_told_by_the_second") else {
        return;
    };
    let theirs = house.start(Make::Alertmanager);
    post(&theirs, &[("One", "a", None), ("One", "b", None)]);
    assert_eq!(said(&house.receiver.next()), "One: a firing b firing");
    stop_after(1, theirs);

    let ours = house.start(Make::Alertwheel);
    post(&ours, &[("One", "a", None), ("One", "b", END)]);
    assert_eq!(said(&house.receiver.next()), "One: a firing b resolved");
    assert_eq!(house.receiver.unexpected(), None);
}

#[test]
fn silences_find_their_way_back() {
    let Some(house) = House::build("silences_find_their_way_back") else {
        return;
    };
    let ours = house.start(Make::Alertwheel);
    house.add_silences(&ours);
    let before: Vec<Value> = silences(&ours)
        .into_iter()
        .filter(|silence| silence["status"]["state"] != "expired")
        .collect();
    let binary = Path::new(env!("CARGO_BIN_EXE_alertwheel"));
    let export = || printed(Command::new(binary).args(["export", &house.data()]));
    // The journal may still be writing what was answered last.
    let beside = wait::until("three silences in the export", || {
        let exported = export();
        let silences: Value = serde_json::from_str(&exported).expect("an export is JSON");
        (silences.as_array()?.len() == 3).then_some(exported)
    });
    assert_eq!(ours.stop().code(), Some(0));
    assert_eq!(export(), beside, "a stop changes nothing");

    let file = house.home.write("silences.json", &beside);
    let other = House::build("silences_find_their_way_back").expect("the regexes are still there");
    let theirs = other.start(Make::Alertmanager);
    let ids = other.amtool(&theirs, &["silence", "import", &file.display().to_string()]);
    assert_eq!(ids.lines().count(), 3, "{ids}");
    assert_eq!(comparable(silences(&theirs)), comparable(before));
}

/// Silences without what a new home gives them: the id, and since when it has them. One that was
/// active there is active from now on.
fn comparable(mut silences: Vec<Value>) -> Vec<Value> {
    for silence in &mut silences {
        let is_active = silence["status"]["state"] == "active";
        let fields = silence.as_object_mut().expect("a silence is an object");
        fields.remove("id");
        fields.remove("updatedAt");
        if is_active {
            fields.remove("startsAt");
        }
    }
    silences.sort_by_key(|silence| silence.to_string());
    silences
}
