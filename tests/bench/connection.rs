//! A kept connection to a daemon. Answers are read to their end, measured and thrown away.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::time::now;

/// How long an answer may take: Alertmanager needs a while to print everything it has.
const PATIENCE: Duration = Duration::from_secs(180);

/// Bytes read at a time, so that a large answer does not cost the reader much.
const BUFFER: usize = 256 * 1024;

/// One connection.
pub struct Connection {
    reader: BufReader<TcpStream>,
}

/// What is known of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Bytes of its body.
    pub bytes: usize,
    /// From the first byte sent to the last one read.
    pub took: Duration,
}

impl Connection {
    /// A new connection, if it can be had.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection {
            reader: BufReader::with_capacity(BUFFER, stream),
        })
    }

    /// Asks for a page, which must be there.
    pub fn get(&mut self, target: &str) -> Reply {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        self.tell(request.as_bytes())
    }

    /// Sends a request that must be answered with 200.
    pub fn tell(&mut self, request: &[u8]) -> Reply {
        let reply = self.ask(request).expect("an answer");
        assert_eq!(reply.status, 200, "the daemon refuses");
        reply
    }

    /// Sends a request and reads its answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        let asked_at = now();
        self.reader.get_mut().write_all(request)?;
        let (status, framing) = self.head()?;
        let bytes = match framing {
            Framing::Length(length) => {
                self.skip(length)?;
                length
            }
            Framing::Chunks => self.skip_chunks()?,
        };
        Ok(Reply {
            status,
            bytes,
            took: now().since(asked_at),
        })
    }

    fn head(&mut self) -> io::Result<(u16, Framing)> {
        let mut framing = Framing::Length(0);
        let first = self.line()?;
        let status = first.get(9..12).and_then(|digits| digits.parse().ok());
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.trim_end().split_once(": ") {
                Some(("content-length", length)) => {
                    framing = Framing::Length(length.parse().map_err(io::Error::other)?);
                }
                Some(("transfer-encoding", _)) => framing = Framing::Chunks,
                Some(_) => {}
                None => break,
            }
        }
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, framing))
    }

    fn skip_chunks(&mut self) -> io::Result<usize> {
        let mut total = 0;
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            self.skip(length + 2)?;
            total += length;
            if length == 0 {
                return Ok(total);
            }
        }
    }

    fn skip(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            let read = self.reader.fill_buf()?.len().min(count);
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.reader.consume(read);
            count -= read;
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}

/// How the end of a body is known.
enum Framing {
    Length(usize),
    Chunks,
}
