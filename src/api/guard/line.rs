//! One line to tiny_http: a Unix connection inside of this process, proven before it is used.
//!
//! Owns how a line comes to be. tiny_http accepts exactly one connection a line, here, with nobody
//! else about: then its listener is shut and its accept thread ends, so that none of the ways in
//! which accepting can fail is left in it. (It ends with an error record under tiny_http's own log
//! target, which says nothing: a backend should drop that target.) Runs on the thread that opens
//! the front door, and on `lines` when a line has to be opened again.

use std::fs::DirBuilder;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::SockRef;
use tiny_http::Server;

use crate::limits::LINE_PATIENCE;

/// Where the socket's directory may stand when the host's place for such things is read-only.
const SPARE_DIRECTORY: &str = "/dev/shm";

/// Bytes of a socket's send buffer for each byte of an answer. The host counts what it takes to hold
/// a piece, and tiny_http writes pieces of which any two in a row have a kilobyte together: those
/// take three times their length at worst.
const BUFFER_PER_BYTE: usize = 4;

/// A line. Whoever holds it speaks into `stream`, and hears from `server` what tiny_http made of that.
pub(super) struct Line {
    /// Takes requests, and gives answers.
    pub(super) stream: UnixStream,
    /// Hands out the requests, parsed.
    pub(super) server: Server,
    /// The most bytes of an answer that tiny_http can write before anybody reads them: the one who
    /// would read waits for it meanwhile.
    pub(super) room: usize,
}

/// Opens a line and proves it with a request.
pub(super) fn open() -> io::Result<Line> {
    let directory = PrivateDirectory::create()?;
    let path = directory.path.join("line");
    let listener = UnixListener::bind(&path)?;
    let closer = listener.try_clone()?;
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let mut stream = UnixStream::connect(&path)?;
    stream.set_read_timeout(Some(LINE_PATIENCE))?;
    stream.set_write_timeout(Some(LINE_PATIENCE))?;
    prove(&server, &mut stream)?;
    SockRef::from(&closer).shutdown(Shutdown::Both)?;
    await_end_of_accepting(&server)?;
    // The other end was made by the same host a moment ago, so its buffer is as large.
    let room = SockRef::from(&stream).send_buffer_size()? / BUFFER_PER_BYTE;
    Ok(Line {
        stream,
        server,
        room,
    })
}

/// One request there and one answer back, so that the line's threads are known to be at work.
fn prove(server: &Server, stream: &mut UnixStream) -> io::Result<()> {
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let request = server.recv_timeout(LINE_PATIENCE)?.ok_or_else(silence)?;
    request.respond(tiny_http::Response::empty(204))?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 512];
        let bytes = stream.read(&mut piece)?;
        if bytes == 0 {
            return Err(silence());
        }
        answer.extend_from_slice(&piece[..bytes]);
    }
    Ok(())
}

/// The accept thread says goodbye with an error, which must not meet a request later.
fn await_end_of_accepting(server: &Server) -> io::Result<()> {
    match server.recv_timeout(LINE_PATIENCE) {
        Err(_) => Ok(()),
        Ok(_) => Err(io::Error::other("tiny_http went on accepting")),
    }
}

fn silence() -> io::Error {
    io::Error::other("tiny_http did not answer inside of the process")
}

/// A directory that only this user may enter, for the moment that a connection takes.
struct PrivateDirectory {
    path: PathBuf,
}

impl PrivateDirectory {
    fn create() -> io::Result<Self> {
        let usual = std::env::temp_dir();
        Self::create_in(&usual).or_else(|error| {
            let why = format!("cannot make a directory in {}: {error}", usual.display());
            Self::create_in(Path::new(SPARE_DIRECTORY))
                .map_err(|_| io::Error::new(error.kind(), why))
        })
    }

    /// The name cannot be guessed, and a directory that exists is an error.
    fn create_in(parent: &Path) -> io::Result<Self> {
        let name = RandomState::new().hash_one(std::process::id());
        let path = parent.join(format!("alertwheel-{name:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(PrivateDirectory { path })
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // What cannot be removed is empty, private and harmless.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
