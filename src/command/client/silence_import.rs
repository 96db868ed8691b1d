//! `silence import`: sets the silences of a JSON list.
//!
//! Owns the order: one silence after the other, as they stand in the list. What is set before a fault of the
//! list stays set. Runs on main.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::api::{Api, POST_SILENCES, Refusal};
use super::grammar::SilenceImport;
use super::wire::{PostableSilence, SilenceId};
use super::{Ended, Failure, Session};
use crate::files;
use crate::limits;

/// Sets the silences of the file or of standard input, and prints their ids.
pub fn run(session: &Session, arguments: &SilenceImport) -> Ended {
    let text = match &arguments.file {
        Some(file) => File::open(file).and_then(read),
        None => read(io::stdin().lock()),
    };
    let text = text.map_err(|error| format!("reading the silences failed: {error}"))?;
    let mut import = Import {
        session,
        api: session.api()?,
        is_forced: arguments.force,
        count: 0,
        failed: 0,
    };
    let mut json = serde_json::Deserializer::from_slice(&text);
    let read = json.deserialize_seq(&mut import).and_then(|()| json.end());
    read.map_err(|error| format!("couldn't unmarshal input data, is it JSON?: {error}"))?;
    if import.failed > 0 {
        let (failed, count) = (import.failed, import.count);
        return Err(format!("couldn't import {failed} out of {count} silences").into());
    }
    Ok(ExitCode::SUCCESS)
}

fn read(input: impl Read) -> io::Result<Vec<u8>> {
    files::read_from(input, limits::COMMAND_FILE_BYTES)
}

struct Import<'s> {
    session: &'s Session,
    api: Api,
    is_forced: bool,
    count: usize,
    failed: usize,
}

impl Import<'_> {
    fn add(&mut self, mut silence: PostableSilence) -> Result<(), Failure> {
        self.count += 1;
        let id = silence.id.clone().unwrap_or_default();
        if self.is_forced || id.is_empty() {
            silence.id = None;
        }
        match self.set(silence) {
            Ok(set) => {
                self.session.say(&format!("{}\n", set.id))?;
            }
            Err(refusal) => {
                self.failed += 1;
                let words = Failure::Refused(refusal).in_words(self.session.grammar);
                let _ = writeln!(io::stderr(), "Error adding silence id='{id}': {words}");
            }
        }
        Ok(())
    }

    /// Sets a silence; one whose id the daemon does not know is new.
    fn set(&self, mut silence: PostableSilence) -> Result<SilenceId, Refusal> {
        match self.api.set(POST_SILENCES, &silence) {
            Err(refusal) if refusal.is_not_found() && silence.id.is_some() => {
                silence.id = None;
                self.api.set(POST_SILENCES, &silence)
            }
            set => set,
        }
    }
}

impl<'de> Visitor<'de> for &mut Import<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of silences")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(silence) = list.next_element()? {
            self.add(silence)
                .map_err(|failure| A::Error::custom(failure.in_words(self.session.grammar)))?;
        }
        Ok(())
    }
}
