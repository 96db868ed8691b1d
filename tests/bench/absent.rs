//! Addresses where no webhook is ever taken: one refuses connections, one lets them wait for ever.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A connection within this host that is not there after this long never will be.
const NEVER: Duration = Duration::from_millis(300);

/// A port that is taken, but on which nobody listens: the kernel refuses connections to it.
pub struct Refusing {
    socket: Socket,
}

/// A listener whose backlog is full: the kernel drops whatever else would connect to it.
pub struct Hole {
    _listener: Socket,
    _backlog: Vec<TcpStream>,
}

impl Refusing {
    /// A new one.
    pub fn new() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Refusing {
            socket: bind(address),
        }
    }

    /// Where webhooks are refused.
    pub fn url(&self) -> String {
        let address = self.socket.local_addr().expect("bound").as_socket();
        format!("http://{}/hook", address.expect("of the internet"))
    }
}

impl Hole {
    /// One at this address.
    pub fn at(address: SocketAddr) -> Self {
        /// More than a backlog of none takes.
        const MOST: usize = 16;
        let listener = bind(address);
        listener.listen(0).expect("bound");
        let mut backlog = Vec::new();
        while let Ok(taken) = TcpStream::connect_timeout(&address, NEVER) {
            backlog.push(taken);
            assert!(backlog.len() < MOST, "{address} takes every connection");
        }
        Hole {
            _listener: listener,
            _backlog: backlog,
        }
    }
}

fn bind(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    if address.is_ipv6() {
        // The same port of IPv4 is somebody else's.
        socket.set_only_v6(true).expect("a socket");
    }
    socket.bind(&address.into()).expect("a free port");
    socket
}
