//! Addresses where no webhook is ever taken.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

/// A port that is taken, but on which nobody listens: the kernel refuses connections to it.
pub struct Refusing {
    socket: Socket,
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

fn bind(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    socket.bind(&address.into()).expect("a free port");
    socket
}
