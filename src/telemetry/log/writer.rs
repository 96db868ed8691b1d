//! The thread that writes the log.
//!
//! Owns standard error. A thread that logs hands its line over and goes on: a stopped terminal or an
//! unread pipe blocks only this thread. Lines that do not fit into the channel are counted, and the count
//! is written once there is room again. Runs on the log thread.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::limits;
use crate::threads::{self, WORKER_STACK};

/// The sending side of the channel to the log thread.
pub(super) struct Lines {
    words: Sender<Word>,
    lost: Arc<AtomicU64>,
}

enum Word {
    /// A line to write, newline included.
    Line(String),
    /// A request to answer once all lines before it are written.
    Flush(Sender<()>),
}

/// Starts the thread. It ends with the process.
pub(super) fn start() -> io::Result<Lines> {
    let (words, words_out) = bounded(limits::LOG_LINES);
    let lost = Arc::new(AtomicU64::new(0));
    let lines = Lines {
        words,
        lost: Arc::clone(&lost),
    };
    threads::spawn("log", WORKER_STACK, move || {
        write_all(&words_out, &lost, &mut io::stderr())
    })?;
    Ok(lines)
}

impl Lines {
    /// Queues a line, or counts it as lost if the channel is full.
    pub(super) fn push(&self, line: String) {
        if self.words.try_send(Word::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines pushed before are written, at most [`limits::LOG_FLUSH`]: the reader of standard
    /// error may have stopped.
    pub(super) fn flush(&self) {
        let (done, is_done) = bounded(1);
        if self
            .words
            .send_timeout(Word::Flush(done), limits::LOG_FLUSH)
            .is_ok()
        {
            // After the timeout, nothing can be done about the unwritten lines.
            let _ = is_done.recv_timeout(limits::LOG_FLUSH);
        }
    }
}

fn write_all(words: &Receiver<Word>, lost: &AtomicU64, out: &mut impl Write) {
    for word in words {
        match word {
            Word::Line(line) => write_line(out, &line),
            Word::Flush(done) => drop(done.try_send(())),
        }
        match lost.swap(0, Ordering::Relaxed) {
            0 => {}
            count => write_line(
                out,
                &format!("log lines lost, because nobody read them: {count}\n"),
            ),
        }
    }
}

/// Ignores errors: a failure to write the log cannot be logged.
fn write_line(out: &mut impl Write, line: &str) {
    let _ = out.write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log that can be written as long as `room` lasts.
    struct Scroll {
        writes: Vec<Vec<u8>>,
        room: usize,
    }

    impl Write for Scroll {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.writes.len() == self.room {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.writes.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(capacity: usize) -> (Lines, Receiver<Word>) {
        let (words, out) = bounded(capacity);
        (
            Lines {
                words,
                lost: Arc::default(),
            },
            out,
        )
    }

    #[test]
    fn a_line_is_one_write_and_a_closed_log_harms_nothing() {
        let (lines, words) = lines(3);
        for line in ["one\n", "two\n", "three\n"] {
            lines.push(line.into());
        }
        drop(lines);
        let mut scroll = Scroll {
            writes: Vec::new(),
            room: 2,
        };
        write_all(&words, &AtomicU64::new(0), &mut scroll);
        assert_eq!(scroll.writes, [b"one\n", b"two\n"]);
    }

    #[test]
    fn a_log_that_nobody_reads_delays_nobody_and_says_what_it_lost() {
        let (lines, words) = lines(1);
        for _ in 0..4 {
            lines.push("line\n".into());
        }
        let lost = Arc::clone(&lines.lost);
        drop(lines);
        let mut scroll = Scroll {
            writes: Vec::new(),
            room: 10,
        };
        write_all(&words, &lost, &mut scroll);
        let written = String::from_utf8(scroll.writes.concat()).expect("text");
        assert_eq!(
            written,
            "line\nlog lines lost, because nobody read them: 3\n"
        );
    }
}
