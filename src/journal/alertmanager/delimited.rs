//! Reads a file of length-delimited messages.
//!
//! Owns the boundaries between messages. Holds one message at a time, and never allocates more than the file
//! has, whatever a length says. Runs on main, at a start.

use std::fmt;
use std::io::{self, BufRead, Read};

use super::protobuf::take_number;
use crate::limits;

/// The longest encoded length, in bytes.
const LENGTH_BYTES: u64 = 10;

/// Why no further message can be read.
#[derive(Debug)]
pub enum Broken {
    /// The operating system reported a read error.
    Failed(io::Error),
    /// The file ends within a message or a length.
    CutShort,
    /// The bytes of a length are no length.
    NoLength,
    /// The message or the file is larger than the bound for it.
    TooLarge,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Failed(error) => write!(out, "{error}"),
            Broken::CutShort => out.write_str("it ends in the middle of a message"),
            Broken::NoLength => {
                out.write_str("there should be a length, and what is there is none")
            }
            Broken::TooLarge => out.write_str("it is too large to be read to its end"),
        }
    }
}

/// The messages of a file.
#[derive(Debug)]
pub struct Messages<R> {
    from: R,
    offset: u64,
    begin: u64,
    message: Vec<u8>,
}

impl<R: BufRead> Messages<R> {
    /// The messages in `from`.
    pub fn of(from: R) -> Self {
        Messages {
            from,
            offset: 0,
            begin: 0,
            message: Vec::new(),
        }
    }

    /// The next message; `None` at the end of the file. After an error, [`Self::begin`] is the offset of the
    /// damage.
    pub fn take_next(&mut self) -> Result<Option<&[u8]>, Broken> {
        self.begin = self.offset;
        let Some(length) = self.take_length()? else {
            return Ok(None);
        };
        if length > limits::ALERTMANAGER_MESSAGE_BYTES {
            return Err(Broken::NoLength);
        }
        self.message.clear();
        let taken = self.fill(length)?;
        if taken < length {
            return Err(Broken::CutShort);
        }
        Ok(Some(&self.message))
    }

    /// The offset of the last message, at its length.
    pub fn begin(&self) -> u64 {
        self.begin
    }

    fn take_length(&mut self) -> Result<Option<u64>, Broken> {
        self.message.clear();
        loop {
            if self.fill(1)? == 0 {
                return match self.message.as_slice() {
                    [] => Ok(None),
                    _ => Err(Broken::CutShort),
                };
            }
            if self.message.last().is_some_and(|byte| *byte < 0x80) {
                let length = take_number(&mut self.message.as_slice());
                return length.map(Some).map_err(|_| Broken::NoLength);
            }
            if self.message.len() as u64 == LENGTH_BYTES {
                return Err(Broken::NoLength);
            }
        }
    }

    /// Takes up to this many bytes; fewer only at the end of the file.
    fn fill(&mut self, length: u64) -> Result<u64, Broken> {
        let mut part = self.from.by_ref().take(length);
        let taken = part
            .read_to_end(&mut self.message)
            .map_err(Broken::Failed)? as u64;
        self.offset += taken;
        Ok(taken)
    }
}
