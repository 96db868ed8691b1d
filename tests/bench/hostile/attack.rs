//! What the threads of a case share: until when they go on, and how they were answered.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use alertwheel::model::{Mono, Wall};

use super::site::Site;
use crate::connection::Connection;
use crate::fleet::post;
use crate::time::{now, pause_until};

/// One case while it lasts.
pub struct Attack<'a> {
    /// What it is about.
    pub site: &'a Site,
    /// When its alerts and silences end, as text.
    pub ends_at: String,
    until: Mono,
    answers: Mutex<BTreeMap<Heard, usize>>,
    alerts_kept: AtomicUsize,
    remembers_lookups: AtomicBool,
    refused: AtomicUsize,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Status(u16),
    Nothing,
}

impl<'a> Attack<'a> {
    /// One that lasts until then.
    pub fn new(site: &'a Site, until: Mono, ends_at: Wall) -> Self {
        Attack {
            site,
            ends_at: ends_at.to_string(),
            until,
            answers: Mutex::default(),
            alerts_kept: AtomicUsize::new(0),
            remembers_lookups: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        now() >= self.until
    }

    /// Sends requests over one connection, no sooner than `pace` after one another, until it is over.
    pub fn repeat(&self, pace: Duration, mut request: impl FnMut(usize) -> Vec<u8>) {
        let mut connection = self.site.connect();
        let mut due = now();
        for number in 0.. {
            pause_until(due.min(self.until));
            if self.is_over() {
                return;
            }
            due = now() + pace;
            self.ask(&mut connection, &request(number));
        }
    }

    /// Does something each second until it is over.
    pub fn each_second(&self, mut what: impl FnMut(usize)) {
        let begun = now();
        for round in 0..u32::MAX {
            pause_until((begun + Duration::from_secs(1) * round).min(self.until));
            if self.is_over() {
                return;
            }
            what(round.try_into().expect("some rounds"));
        }
    }

    /// Sends a request and counts how it was answered; says whether with 200.
    pub fn ask(&self, connection: &mut Connection, request: &[u8]) -> bool {
        match connection.ask(request) {
            Ok(reply) => {
                self.count(Heard::Status(reply.status));
                reply.status == 200
            }
            Err(_) => {
                self.count(Heard::Nothing);
                // Most requests that are refused end their connection.
                *connection = self.site.connect();
                false
            }
        }
    }

    /// Posts alerts, which are kept if they are taken.
    pub fn post_alerts(&self, connection: &mut Connection, count: usize, body: &[u8]) {
        if self.ask(connection, &post("/api/v2/alerts", body)) {
            self.alerts_kept.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Sends a request with nothing hostile about it.
    pub fn must_be_taken(&self, connection: &mut Connection, request: &[u8]) {
        if !connection
            .ask(request)
            .is_ok_and(|reply| reply.status == 200)
        {
            self.refused.fetch_add(1, Ordering::Relaxed);
            *connection = self.site.connect();
        }
    }

    /// How many of those were not taken.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// An answer whose status is all that was read of it.
    pub fn count_status(&self, status: u16) {
        self.count(Heard::Status(status));
    }

    /// Notes that every alert is looked up for the first time, which the daemon remembers.
    pub fn look_up_all(&self) {
        self.remembers_lookups.store(true, Ordering::Relaxed);
    }

    /// What the daemon has to keep of the case, in KiB: alerts that it took, and look-ups.
    pub fn kept_kib(&self) -> u64 {
        let alerts = self
            .site
            .memory_of(self.alerts_kept.load(Ordering::Relaxed));
        match self.remembers_lookups.load(Ordering::Relaxed) {
            true => alerts + self.site.memory_of_lookups(),
            false => alerts,
        }
    }

    /// How often each answer was heard.
    pub fn answers(&self) -> String {
        let mut text = String::new();
        for (heard, count) in self.answers.lock().expect("no thread panics").iter() {
            let separator = if text.is_empty() { "" } else { ", " };
            let _ = match heard {
                Heard::Status(status) => write!(text, "{separator}{count} × {status}"),
                Heard::Nothing => write!(text, "{separator}{count} × closed"),
            };
        }
        text
    }

    fn count(&self, heard: Heard) {
        let mut answers = self.answers.lock().expect("no thread panics");
        *answers.entry(heard).or_default() += 1;
    }
}
