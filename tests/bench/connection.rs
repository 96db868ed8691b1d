//! A kept connection to a daemon. Answers are read to their end and measured; most are thrown away.

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
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.tell(request.as_bytes())
    }

    /// The text of a page, which must be there.
    pub fn text(&mut self, target: &str) -> String {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut text = Vec::new();
        let reply = self.ask_for(request.as_bytes(), &mut text);
        assert_eq!(reply.expect("an answer").status, 200, "{target} is there");
        String::from_utf8(text).expect("a page is text")
    }

    /// Sends a request that must be answered with 200.
    pub fn tell(&mut self, request: &[u8]) -> Reply {
        let reply = self.ask(request).expect("an answer");
        assert_eq!(reply.status, 200, "the daemon refuses");
        reply
    }

    /// Sends a request and reads its answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.ask_for(request, &mut io::sink())
    }

    /// The same; the body of the answer goes to `body`.
    fn ask_for(&mut self, request: &[u8], body: &mut dyn Write) -> io::Result<Reply> {
        let asked_at = now();
        self.reader.get_mut().write_all(request)?;
        let (status, framing) = self.head()?;
        let bytes = match framing {
            Framing::Length(length) => {
                self.pass_on(length, body)?;
                length
            }
            Framing::Chunks => self.pass_chunks_on(body)?,
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

    fn pass_chunks_on(&mut self, body: &mut dyn Write) -> io::Result<usize> {
        let mut total = 0;
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            self.pass_on(length, body)?;
            self.pass_on(2, &mut io::sink())?;
            total += length;
            if length == 0 {
                return Ok(total);
            }
        }
    }

    fn pass_on(&mut self, mut count: usize, to: &mut dyn Write) -> io::Result<()> {
        while count > 0 {
            let there = self.reader.fill_buf()?;
            let read = there.len().min(count);
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            to.write_all(&there[..read])?;
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
