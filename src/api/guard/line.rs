//! One line to tiny_http: a Unix connection inside of this process, proven before it is used.
//!
//! Owns how a line comes to be. tiny_http accepts exactly one connection a line, here, with nobody
//! else about: then its listener is shut and its accept thread ends, so that none of the ways in
//! which accepting can fail is left in it. (It ends with an error record under tiny_http's own log
//! target, which says nothing: a backend should drop that target.) Runs on the thread that opens
//! the front door, and on `http-*` threads when a line has to be opened again.

use std::fs::DirBuilder;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use socket2::SockRef;
use tiny_http::Server;

/// How long tiny_http may take to answer its first request; a healthy host needs a millisecond.
const PROOF_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the socket's directory may stand when the host's place for such things is read-only.
const SPARE_DIRECTORY: &str = "/dev/shm";

/// A body on its way past tiny_http: from the handler to the connection that writes it.
pub(super) struct Handed {
    /// Its length in bytes, where that is known.
    pub(super) length: Option<u64>,
    /// The bytes, pulled while they are written.
    pub(super) reader: Box<dyn Read + Send>,
}

/// The end that an `http-*` thread serves.
pub(super) struct ServerEnd {
    /// Hands out the requests of this line.
    pub(super) server: Arc<Server>,
    /// Takes a body past tiny_http; room for one, as one request is under way at a time.
    pub(super) handed: Sender<Handed>,
}

/// The end that one connection thread at a time speaks into. Dropping it ends the line: the server
/// end is woken, and opens another line unless the front door closes.
pub(super) struct ClientEnd {
    pub(super) stream: UnixStream,
    pub(super) handed: Receiver<Handed>,
    server: Arc<Server>,
}

impl Drop for ClientEnd {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

/// Opens a line and proves it with a request.
pub(super) fn open() -> io::Result<(ServerEnd, ClientEnd)> {
    let directory = PrivateDirectory::create()?;
    let path = directory.path.join("line");
    let listener = UnixListener::bind(&path)?;
    let closer = listener.try_clone()?;
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let mut stream = UnixStream::connect(&path)?;
    prove(&server, &mut stream)?;
    SockRef::from(&closer).shutdown(Shutdown::Both)?;
    await_end_of_accepting(&server)?;
    let (handed_in, handed_out) = bounded(1);
    let server = Arc::new(server);
    let client_end = ClientEnd {
        stream,
        handed: handed_out,
        server: Arc::clone(&server),
    };
    let server_end = ServerEnd {
        server,
        handed: handed_in,
    };
    Ok((server_end, client_end))
}

/// One request there and one answer back, so that the line's threads are known to be at work.
fn prove(server: &Server, stream: &mut UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PROOF_TIMEOUT))?;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let request = server.recv_timeout(PROOF_TIMEOUT)?.ok_or_else(silence)?;
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
    stream.set_read_timeout(None)
}

/// The accept thread says goodbye with an error, which must not meet a worker later.
fn await_end_of_accepting(server: &Server) -> io::Result<()> {
    match server.recv_timeout(PROOF_TIMEOUT) {
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
