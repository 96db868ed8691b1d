//! Replays one file into the state.
//!
//! Owns which records of a file count: all records of a frame whose checksum is right and whose records
//! all decode, and no record of any other frame. Runs on main.

use std::io::{self, Read};

use super::is_segment;
use super::report::{FileReport, Flaw, RecordCounts, Span};
use crate::engine::{Record, Recovered};
use crate::journal::codec::{Item, Items};
use crate::journal::fields::Malformed;
use crate::journal::header::{HEADER_BYTES, Header, HeaderFault, VERSION, Version};
use crate::journal::listing::FileName;
use crate::journal::messages::plain;
use crate::journal::scan::{Found, Scan, read_up_to};
use crate::model::Wall;

/// Replays the file into `state`, and reports what was found in it. Damage never stops the read.
pub fn read(name: FileName, mut source: impl Read, state: &mut Recovered) -> FileReport {
    let mut reading = Reading::new(name);
    let result = reading.read(&mut source, state);
    if let Err(error) = result {
        reading.flaw(reading.report.bytes, 0, Flaw::NotRead(plain(&error)));
    }
    reading.close()
}

/// A file that is being read.
struct Reading {
    report: FileReport,
    /// The version of the format of its records.
    version: Version,
    /// The records of the current frame; a field so that its memory is reused.
    records: Vec<Record>,
    /// The number of records, from the closing item of a snapshot; `None` before that item.
    closed: Option<u64>,
}

/// What was read in a frame, beside its records.
#[derive(Default)]
struct Sense {
    record_counts: RecordCounts,
    written: Option<(Wall, Wall)>,
    at: Option<Wall>,
    closing: Option<u64>,
}

impl Reading {
    fn new(name: FileName) -> Self {
        Reading {
            report: FileReport {
                name,
                bytes: 0,
                record_counts: RecordCounts::default(),
                written: None,
                flaws: Vec::new(),
            },
            version: VERSION,
            records: Vec::new(),
            closed: None,
        }
    }

    fn read(&mut self, source: &mut impl Read, state: &mut Recovered) -> io::Result<()> {
        if !self.read_header(source)? {
            return Ok(());
        }
        let mut scan = Scan::new(source, HEADER_BYTES as u64);
        loop {
            let found = scan.next_frame();
            match found? {
                None => return Ok(()),
                Some(Found::Frame { offset, payload }) => self.frame(offset, payload, state),
                Some(Found::Damage(gap)) => {
                    let flaw = if gap.is_rest { Flaw::Rest } else { Flaw::Frame };
                    self.flaw(gap.offset, gap.bytes, flaw);
                }
            }
            self.report.bytes = scan.offset();
        }
    }

    /// Reads the header. Returns whether the frames after it are to be read.
    fn read_header(&mut self, source: &mut impl Read) -> io::Result<bool> {
        let mut head = [0; HEADER_BYTES];
        let read = read_up_to(source, &mut head)?;
        self.report.bytes = read as u64;
        if read < HEADER_BYTES {
            self.flaw(0, read as u64, Flaw::NoHeader);
            return Ok(false);
        }
        match Header::from_bytes(&head) {
            Ok(header) if self.report.name.has(header) => {
                self.version = header.version;
                Ok(true)
            }
            // Frames have checksums of their own, so go on, with the version that this binary writes.
            // Frames of another version do not decode as such, and are reported as damage.
            Err(HeaderFault::Damaged) => {
                self.flaw(0, read as u64, Flaw::Header);
                Ok(true)
            }
            // A file under another file's name is skipped: it could bring old records back as new.
            Ok(_) | Err(HeaderFault::Newer { .. }) => {
                self.report.bytes += io::copy(source, &mut io::sink())?;
                self.flaw(0, self.report.bytes, Flaw::OtherHeader);
                Ok(false)
            }
        }
    }

    /// Applies the records of a frame to the state, or notes a flaw.
    fn frame(&mut self, offset: u64, payload: &[u8], state: &mut Recovered) {
        let bytes = (payload.len() + crate::journal::frame::FRAME_HEAD) as u64;
        if self.closed.is_some() {
            return self.flaw(offset, bytes, Flaw::AfterEnd);
        }
        self.records.clear();
        let sense = match self.make_sense(payload) {
            Ok(sense) => sense,
            Err(what) => return self.flaw(offset, bytes, Flaw::Malformed(what)),
        };
        self.records
            .drain(..)
            .for_each(|record| state.apply(record));
        state.written_at = sense.at.or(state.written_at);
        self.closed = sense.closing;
        self.report.record_counts.add(&sense.record_counts);
        if let Some((from, to)) = sense.written {
            self.report.note_written(from, to);
        }
    }

    /// Decodes all records of a frame, before any of them is applied.
    fn make_sense(&mut self, payload: &[u8]) -> Result<Sense, Malformed> {
        let mut sense = Sense::default();
        let mut items = Items::of(self.version, payload);
        for item in items.by_ref() {
            match item? {
                Item::Record(record) => {
                    self.records.push(record.decode()?);
                    sense.record_counts.count(record.kind, record.item_bytes());
                    let (from, to) = sense.written.unwrap_or((record.at, record.at));
                    sense.written = Some((from.min(record.at), to.max(record.at)));
                }
                Item::Closing { .. } if is_segment(self.report.name) => {
                    return Err(Malformed("the end of a snapshot in a segment"));
                }
                Item::Closing { records } => sense.closing = Some(records),
            }
        }
        sense.at = items.at();
        Ok(sense)
    }

    /// Notes a snapshot that is incomplete as a whole, if no part of it has a flaw.
    fn close(mut self) -> FileReport {
        if !is_segment(self.report.name) && self.report.flaws.is_empty() {
            let counted = self.report.record_counts.total();
            match self.closed {
                None => self.flaw(self.report.bytes, 0, Flaw::NoEnd),
                Some(said) if said != counted => {
                    self.flaw(self.report.bytes, 0, Flaw::Miscounted);
                }
                Some(_) => {}
            }
        }
        self.report
    }

    fn flaw(&mut self, offset: u64, bytes: u64, flaw: Flaw) {
        self.report.flaws.push((Span { offset, bytes }, flaw));
    }
}
