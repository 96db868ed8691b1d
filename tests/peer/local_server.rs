//! A small HTTP server on a free port of the loopback, for the daemons to call in a test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use alertwheel::threads::{self, WORKER_STACK};
use tiny_http::{Request, Server};

/// A server with one thread; it stops when dropped.
pub struct LocalServer {
    server: Arc<Server>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl LocalServer {
    /// Starts one that hands every request to `answer`.
    pub fn start(name: &str, mut answer: impl FnMut(Request) + Send + 'static) -> LocalServer {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("the loopback has a free port"));
        let address = server.server_addr().to_ip().expect("it listens on TCP");
        let listener = Arc::clone(&server);
        let thread = threads::spawn(name, WORKER_STACK, move || {
            // Ends with the error that unblocking makes.
            while let Ok(request) = listener.recv() {
                answer(request);
            }
        });
        LocalServer {
            server,
            address,
            thread: Some(thread.expect("the host has a thread to spare")),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, has been printed.
            let _ = thread.join();
        }
    }
}
