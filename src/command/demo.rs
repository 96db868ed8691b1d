//! `alertwheel demo`: shows the life of a group in half a minute.
//!
//! Owns the sample alerts. Posts them over HTTP, as any client does, to a daemon whose receiver is the
//! terminal. Runs on main, and on a thread of its own that ends with the demo.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use crossbeam_channel::after;
use serde_json::{Value, json};

use super::flags::Flags;
use super::serve;
use crate::clock::Clock;
use crate::daemon::ConfigSource;
use crate::threads::{self, WORKER_STACK};

/// A step: a text to print, alerts to post, and the delay after the previous step.
struct Step {
    after: Duration,
    says: &'static str,
    posts: fn() -> Value,
}

const STEPS: [Step; 5] = [
    Step {
        after: Duration::ZERO,
        says: "Two disks fill up and a database goes down. Alerts with one name are one group,\n\
               and a new group waits 2 s for company:",
        posts: || json!([disk("web1"), disk("web2"), database()]),
    },
    Step {
        after: Duration::from_secs(4),
        says: "A third disk joins its group, which is told again 5 s after it was told last:",
        posts: || json!([disk("web3")]),
    },
    Step {
        after: Duration::from_secs(6),
        says: "One disk has been cleaned up:",
        posts: || json!([resolved(disk("web1"))]),
    },
    Step {
        after: Duration::from_secs(6),
        says: "And all the rest is over:",
        posts: || {
            json!([
                resolved(disk("web2")),
                resolved(disk("web3")),
                resolved(database())
            ])
        },
    },
    Step {
        after: Duration::from_secs(6),
        says: "That was it: the groups are empty and gone. Next: write an alertmanager.yml and start\n\
               `alertwheel` beside it; `alertwheel check-config` says what is wrong with it.",
        posts: || json!([]),
    },
];

/// Runs the demo until its last step.
pub fn run(mut flags: Flags, unused: &[String]) -> ExitCode {
    if flags.log_level == super::flags::LogLevel::Info {
        // Log lines would hide the webhooks that the demo shows.
        flags.log_level = super::flags::LogLevel::Warn;
    }
    let daemon = match serve::start(flags, ConfigSource::Demo, unused) {
        Ok(daemon) => daemon,
        Err(code) => return code,
    };
    let address = daemon
        .addresses()
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let stop = daemon.stopper();
    let played = threads::spawn("demo", WORKER_STACK, move || {
        play(&format!("http://{address}/api/v2/alerts"));
        stop();
    });
    match played {
        Ok(_) => daemon.serve(),
        Err(error) => {
            eprintln!("alertwheel: error: starting the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(url: &str) {
    for step in &STEPS {
        // Only this timer wakes the thread, so this is a pause.
        let _ = after(step.after).recv();
        if writeln!(io::stdout(), "\n# {}\n", step.says).is_err() {
            // The reader of standard output has left, as after `| head`.
            return;
        }
        if let Err(error) = ureq::post(url)
            .content_type("application/json")
            .send((step.posts)().to_string())
        {
            eprintln!("alertwheel: error: posting the sample alerts failed: {error}");
            return;
        }
    }
}

fn disk(host: &str) -> Value {
    json!({
        "labels": {"alertname": "DiskFull", "host": host, "severity": "warning"},
        "annotations": {"summary": format!("The disk of {host} is full")},
    })
}

fn database() -> Value {
    json!({
        "labels": {"alertname": "DatabaseDown", "host": "db1", "severity": "critical"},
        "annotations": {"summary": "db1 does not answer"},
    })
}

fn resolved(mut alert: Value) -> Value {
    alert["endsAt"] = json!(Clock::start().wall().to_string());
    alert
}
