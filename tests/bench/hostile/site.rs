//! A daemon with all its alerts and silences, and receivers for them.
//!
//! Owns what is there before anything hostile comes, and what memory that takes.

use std::time::Duration;

use serde_json::json;

use crate::arguments::Arguments;
use crate::connection::Connection;
use crate::contender::{Contender, Running};
use crate::fleet::{Fleet, post};
use crate::loads::post_silences;
use crate::receiver::{Manner, Receiver};
use crate::stand::{Stand, send, wait_up_to};
use crate::time::{now, wait_until};

/// At full size.
const ALERTS: usize = 200_000;
const SILENCES: usize = 2_000;
const SPAN: Duration = Duration::from_secs(6);

/// In a quick run, where all cases together have some seconds.
const QUICK_SPAN: Duration = Duration::from_millis(400);

/// How long the groups of singles wait before they are told.
const WAIT: Duration = Duration::from_millis(500);
const QUICK_WAIT: Duration = Duration::from_millis(100);

/// How long memory may take to be as it was; in a quick run nobody waits for that.
const BACK_WITHIN: Duration = Duration::from_secs(60);
const QUICK_BACK_WITHIN: Duration = Duration::from_millis(200);

/// What may be left: the singles are still there, and what was taken and given back leaves gaps.
const NEAR_KIB: u64 = 8 * 1024;

/// What the unit for systemd and the container set, so that glibc gives large freed blocks back at once.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];

/// How large everything is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Alerts that are there.
    pub alerts: usize,
    /// Silences that are there.
    pub silences: usize,
    /// How long a case lasts.
    pub span: Duration,
    /// How long the groups of singles wait.
    pub wait: Duration,
    /// How long memory may take to be as it was.
    pub back_within: Duration,
    stand: Stand,
}

/// The daemon and its receivers.
pub struct Site {
    /// The daemon.
    pub daemon: Running,
    /// Where singles are told.
    pub receiver: Receiver,
    /// How large everything is.
    pub sizes: Sizes,
    /// Where what is hostile is told.
    _other: Receiver,
    bytes_per_alert: u64,
}

impl Sizes {
    /// Those that the command line asks for.
    pub fn of(arguments: &Arguments) -> Self {
        let stand = Stand {
            scale: arguments
                .scale
                .unwrap_or(if arguments.quick { 0.01 } else { 1.0 }),
            is_quick: arguments.quick,
        };
        let (span, wait, back_within) = match arguments.quick {
            true => (QUICK_SPAN, QUICK_WAIT, QUICK_BACK_WITHIN),
            false => (SPAN, WAIT, BACK_WITHIN),
        };
        Sizes {
            alerts: stand.count(ALERTS),
            silences: stand.count(SILENCES),
            span,
            wait,
            back_within,
            stand,
        }
    }

    /// So many, at the scale of this run.
    pub fn count(&self, full: usize) -> usize {
        self.stand.count(full)
    }
}

impl Site {
    /// Starts the daemon and sends it what it is to hold.
    pub fn start(contender: &Contender, sizes: &Sizes) -> Self {
        let (receiver, other) = (
            Receiver::start(Manner::Answers),
            Receiver::start(Manner::Answers),
        );
        let configuration = configuration(&receiver, &other, sizes.wait);
        let daemon =
            contender.start_as_service(&ALLOCATOR, &["--alerts.gc-interval=5s"], &configuration);
        let empty = daemon.vitals().resident_kib;
        let mut connection = daemon.connect();
        let fleet = sizes.stand.fleet(sizes.alerts / 10);
        send(&mut connection, &fleet, sizes.alerts);
        sizes.stand.settle();
        let taken_kib = daemon.vitals().resident_kib.saturating_sub(empty);
        post_silences(&mut connection, sizes.silences);
        Site {
            daemon,
            receiver,
            sizes: *sizes,
            _other: other,
            bytes_per_alert: taken_kib * 1024 / u64::try_from(sizes.alerts).expect("a count"),
        }
    }

    /// A connection to the daemon.
    pub fn connect(&self) -> Connection {
        self.daemon.connect()
    }

    /// Lets the daemon come to rest.
    pub fn settle(&self) {
        self.sizes.stand.settle();
    }

    /// The alerts that it holds.
    pub fn fleet(&self) -> Fleet {
        self.sizes.stand.fleet(self.sizes.alerts / 10)
    }

    /// Alerts that begin now, of which each is a group of its own and told when that has waited.
    pub fn singles(&self) -> Fleet {
        Fleet {
            job: "single".to_owned(),
            ..self.sizes.stand.fleet(1_000_000)
        }
    }

    /// Posts JSON that must be taken.
    pub fn tell(&self, target: &str, body: &serde_json::Value) {
        let body = serde_json::to_vec(body).expect("JSON");
        self.connect().tell(&post(target, &body));
    }

    /// Waits until all silences but those that are there anyway have ended.
    pub fn wait_for_silences_to_end(&self) {
        let active = self.sizes.silences as f64;
        wait_until("silences have ended", || {
            let line = "alertmanager_silences{state=\"active\"}";
            self.daemon.counted(line) <= active
        });
    }

    /// Memory in use, in KiB.
    pub fn resident(&self) -> u64 {
        self.daemon.vitals().resident_kib
    }

    /// The most memory in use since [`forget_peak`](Site::forget_peak), in KiB.
    pub fn peak(&self) -> u64 {
        self.daemon.vitals().peak_kib
    }

    /// Lets the most memory in use be counted anew.
    pub fn forget_peak(&self) {
        self.daemon.forget_peak();
    }

    /// What so many usual alerts take, in KiB.
    pub fn memory_of(&self, alerts: usize) -> u64 {
        u64::try_from(alerts).expect("a count") * self.bytes_per_alert / 1024
    }

    /// What it takes to remember for each alert which silences match it, in KiB: a fingerprint and an entry
    /// in a table that is at least half full.
    pub fn memory_of_lookups(&self) -> u64 {
        const BYTES: u64 = 2 * 42;
        u64::try_from(self.sizes.alerts).expect("a count") * BYTES / 1024
    }

    /// How long it takes until no more memory is in use than when all was calm, if it comes to that.
    pub fn time_back_to(&self, calm_kib: u64) -> Option<Duration> {
        let asked_at = now();
        let release = wait_up_to(asked_at + self.sizes.back_within, || {
            self.resident() <= calm_kib + NEAR_KIB
        });
        release.then(|| now().since(asked_at))
    }
}

/// All alerts of the fleet wait; singles and what is hostile are told, each by its own route.
fn configuration(singles: &Receiver, others: &Receiver, wait: Duration) -> String {
    let route = |receiver: &str, keys: serde_json::Value| {
        let mut route = json!({
            "receiver": receiver,
            "matchers": [format!("job={receiver}")],
        });
        let keys = keys.as_object().expect("keys").clone();
        route.as_object_mut().expect("a route").extend(keys);
        route
    };
    let wait = format!("{}ms", wait.as_millis());
    let single = json!({"group_by": ["..."], "group_wait": wait, "group_interval": "1h"});
    let hostile = json!({"group_by": ["alertname"], "group_wait": wait, "group_interval": "1s"});
    let configuration = json!({
        "route": {
            "receiver": "nobody",
            "group_by": ["cluster", "service"],
            "group_wait": "2h",
            "routes": [route("single", single), route("hostile", hostile)],
        },
        "receivers": [
            {"name": "nobody", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]},
            {"name": "single", "webhook_configs": [{"url": singles.url()}]},
            {"name": "hostile", "webhook_configs": [{"url": others.url(), "max_alerts": 1}]},
        ],
        "inhibit_rules": [{
            "source_matchers": ["severity=critical"],
            "target_matchers": ["severity=warning"],
            "equal": ["alertname"],
        }],
    });
    configuration.to_string()
}
