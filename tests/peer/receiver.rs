//! A webhook receiver that answers 200 and records the notifications.

use crossbeam_channel::bounded;
use tiny_http::Response;

use crate::local_server::LocalServer;
use crate::wait::PATIENCE;

/// Webhooks that may wait for the test to look at them; no test causes as many.
const WAITING: usize = 1024;

/// A receiver that listens.
pub struct Receiver {
    server: LocalServer,
    heard: crossbeam_channel::Receiver<String>,
}

impl Receiver {
    /// Starts one on a free port.
    pub fn start() -> Receiver {
        let (hear, heard) = bounded(WAITING);
        let server = LocalServer::start("receiver", move |mut request| {
            let mut body = String::new();
            let read = request.as_reader().read_to_string(&mut body);
            read.expect("a daemon sends whole and readable webhooks");
            hear.try_send(body).expect("the test reads what it causes");
            // A daemon that has hung up meanwhile is the test's to notice.
            let _ = request.respond(Response::empty(200));
        });
        Receiver { server, heard }
    }

    /// What a webhook's `url` must be to come here.
    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }

    /// The body of the next webhook, in the order in which they came. Panics if none comes.
    pub fn next(&self) -> String {
        let next = self.heard.recv_timeout(PATIENCE);
        next.expect("a webhook comes in time")
    }

    /// A webhook that has come and that nobody has looked at.
    pub fn unexpected(&self) -> Option<String> {
        self.heard.try_recv().ok()
    }
}
