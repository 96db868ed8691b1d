//! A webhook receiver that counts. One thread serves all its connections, however many a daemon
//! opens, so that it takes little from what is measured.
//!
//! - `door`: that thread
//! - `throttle`: whether it still takes a webhook, where it limits them

mod door;
mod throttle;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::bounded;
use socket2::{Domain, Socket, Type};

use alertwheel::model::Mono;
use alertwheel::threads::{self, LOOP_STACK};

use door::Door;
pub use throttle::{Throttle, Window};

/// Connections that may wait to be accepted: a burst of them shall not meet a closed door.
const BACKLOG: i32 = 16 * 1024;

/// Arrivals that are kept for whoever wants to look at them.
const ARRIVALS: usize = 1 << 16;

/// How it treats webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Each is answered at once.
    Answers,
    /// Each is answered at once, and its connection closed.
    Closes,
    /// Each is answered after this long.
    After(Duration),
    /// So many are answered; what comes beyond that is refused.
    Throttles(Throttle),
    /// Connections are accepted, and that is all.
    Dead,
}

/// A receiver that listens.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    arrivals: crossbeam_channel::Receiver<Arrival>,
    thread: Option<JoinHandle<()>>,
}

/// A webhook that has come.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When all of it was there.
    pub at: Mono,
    /// The number of the first host that it names.
    pub host: usize,
}

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    webhooks: AtomicUsize,
    refused: AtomicUsize,
    told: AtomicUsize,
    bytes: AtomicUsize,
    last_at: AtomicU64,
    last_new_at: AtomicU64,
    last_told_at: AtomicU64,
    is_closing: AtomicBool,
}

impl Receiver {
    /// Starts one on a free port.
    pub fn start(manner: Manner) -> Self {
        Receiver::start_at(([127, 0, 0, 1], 0).into(), manner)
    }

    /// Starts one at this address.
    pub fn start_at(address: SocketAddr, manner: Manner) -> Self {
        let listener = listen(address).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared::default());
        let (record, arrivals) = bounded(ARRIVALS);
        let door = Door::new(listener, manner, Arc::clone(&shared), record);
        let thread = threads::spawn("receiver", LOOP_STACK, || door.run()).expect("a thread");
        Receiver {
            address,
            shared,
            arrivals,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where webhooks go.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    pub fn most_connections(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    /// Webhooks that came so far.
    pub fn webhooks(&self) -> usize {
        self.shared.webhooks.load(Ordering::SeqCst)
    }

    /// Those of them that were more than it takes.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Hosts that a webhook told of whose sender was there to be answered, each counted once.
    pub fn told(&self) -> usize {
        self.shared.told.load(Ordering::SeqCst)
    }

    /// Bytes that came so far, heads included.
    pub fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// When the last webhook came.
    pub fn last_at(&self) -> Mono {
        Mono::from_nanos(self.shared.last_at.load(Ordering::SeqCst))
    }

    /// When the last one came that was taken and told of a host for the first time.
    pub fn last_new_at(&self) -> Mono {
        Mono::from_nanos(self.shared.last_new_at.load(Ordering::SeqCst))
    }

    /// When [`told`](Receiver::told) last grew.
    pub fn last_told_at(&self) -> Mono {
        Mono::from_nanos(self.shared.last_told_at.load(Ordering::SeqCst))
    }

    /// The webhooks that came and were not looked at yet.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.try_iter().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is to end.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            // It has said why on standard error if it panicked.
            let _ = thread.join();
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
