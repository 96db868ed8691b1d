//! Reading what an Alertmanager left: its own files, made-up ones, damaged ones and none.

mod damage;
mod encode;
mod files;
mod fixtures;
mod silences;
mod told;

use std::io::Cursor;
use std::path::Path;

use super::*;
use crate::model::HashKey;

/// What comes of files with these bytes.
fn inherited(silences: &[u8], told: &[u8], now: &str) -> AlertmanagerLog {
    let mut report = Report::of(Path::new("data"));
    let mut recovered = Recovered::empty(HashKey::seeded(1));
    let now = at(now);
    let messages = Messages::of(Cursor::new(silences));
    recovered.silences = read_silences(messages, Path::new("silences"), now, &mut report);
    let messages = Messages::of(Cursor::new(told));
    recovered.inherited = read_told(messages, Path::new("nflog"), now, &mut report);
    AlertmanagerLog { recovered, report }
}

fn at(text: &str) -> Wall {
    text.parse().expect("a timestamp")
}
