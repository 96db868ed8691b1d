//! All receivers of one daemon: a server that remembers every webhook and answers as scenarios say.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use alertwheel::clock::Clock;
use alertwheel::model::Mono;
use alertwheel::threads::{self, WORKER_STACK};
use crossbeam_channel::never;
use tiny_http::{Header, Request, Response};

use crate::local_server::LocalServer;

/// How long a receiver that hangs holds a request: longer than any flush in these scenarios.
const HANG: Duration = Duration::from_secs(60);

/// What a receiver does with a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status.
    Status(u16),
    /// Answers 429 and asks to come again after so many seconds.
    Throttle(u64),
    /// Answers 200, but only after this long.
    Wait(Duration),
    /// Answers when nobody listens any more.
    Hang,
}

/// A webhook as it came in.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When all of it was there.
    pub at: Mono,
    /// The path, which names the scenario and the webhook: `/7/team`.
    pub path: String,
    /// The body.
    pub body: String,
    /// What became of it.
    pub behaviour: Behaviour,
}

/// Receivers that listen.
pub struct Hooks {
    server: LocalServer,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    heard: Mutex<Vec<Heard>>,
    behaviours: Mutex<BTreeMap<String, Behaviour>>,
}

impl Hooks {
    /// Starts them; all answer 200.
    pub fn start(clock: Clock) -> Hooks {
        let shared = Arc::new(Shared {
            clock,
            heard: Mutex::default(),
            behaviours: Mutex::default(),
        });
        let hearer = Arc::clone(&shared);
        let server = LocalServer::start_as_many("hooks", move |request| hearer.hear(request));
        Hooks { server, shared }
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Changes what the webhook at `path` does from now on.
    pub fn behave(&self, path: String, behaviour: Behaviour) {
        lock(&self.shared.behaviours).insert(path, behaviour);
    }

    /// Everything heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.shared.heard).clone()
    }
}

impl Shared {
    fn hear(&self, mut request: Request) {
        let mut body = String::new();
        if request.as_reader().read_to_string(&mut body).is_err() {
            // The daemon hung up before it had said all, as at a restart.
            return;
        }
        let path = request.url().to_owned();
        let set = lock(&self.behaviours).get(&path).copied();
        let behaviour = set.unwrap_or(Behaviour::Status(200));
        let at = self.clock.mono();
        lock(&self.heard).push(Heard {
            at,
            path,
            body,
            behaviour,
        });
        answer(request, behaviour);
    }
}

fn answer(request: Request, behaviour: Behaviour) {
    let header = |text: String| -> Header { text.parse().expect("a well-formed header") };
    // A daemon that has hung up meanwhile shows in what it tells later.
    let _ = match behaviour {
        Behaviour::Status(status) => request.respond(Response::empty(status)),
        Behaviour::Throttle(seconds) => {
            let header = header(format!("Retry-After: {seconds}"));
            request.respond(Response::empty(429).with_header(header))
        }
        Behaviour::Wait(wait) => answer_after(wait, request),
        Behaviour::Hang => answer_after(HANG, request),
    };
}

fn answer_after(wait: Duration, request: Request) -> io::Result<()> {
    threads::spawn("slow hook", WORKER_STACK, move || {
        // Nothing is ever sent here, so this is a wait with an end.
        let _ = never::<()>().recv_timeout(wait);
        // See `answer`.
        let _ = request.respond(Response::empty(200));
    })?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of the lock panics")
}
