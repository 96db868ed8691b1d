//! Makes listeners.
//!
//! Owns how an address is spelled and which sockets it becomes. Runs on the main thread, before
//! anything else of the front door.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted: a burst of some thousand goes by in a few
/// milliseconds. The host may cap it.
const BACKLOG: i32 = 4096;

/// A listener on `address`: `host:port`, `[v6]:port`, or `:port` for every address of the host.
/// Errors name the address.
pub fn bind(address: &str) -> io::Result<TcpListener> {
    let explain = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    };
    let candidates = resolve(address).map_err(explain)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in candidates {
        match bind_socket(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(explain(last))
}

/// The listeners that systemd passes to this process, in its order (`--web.systemd-socket`). Only
/// sockets of TCP are taken. They are there for the first caller alone.
pub fn inherited() -> io::Result<Vec<TcpListener>> {
    let mut passed = listenfd::ListenFd::from_env();
    let listeners = (0..passed.len()).filter_map(|index| {
        let explain = |error: io::Error| {
            let why = format!("socket {index} from systemd is not one of TCP: {error}");
            io::Error::new(error.kind(), why)
        };
        passed.take_tcp_listener(index).map_err(explain).transpose()
    });
    let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
    if listeners.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no socket activation file descriptors found",
        ));
    }
    Ok(listeners)
}

/// Addresses to try, in order. A name is taken for its IPv4 address first, as Go does.
fn resolve(address: &str) -> io::Result<Vec<SocketAddr>> {
    if let Some(port) = address.strip_prefix(':') {
        let port = port
            .parse()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the port is not a number"))?;
        let both = SocketAddr::from((IpAddr::V6(Ipv6Addr::UNSPECIFIED), port));
        let without_v6 = SocketAddr::from((IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
        return Ok(vec![both, without_v6]);
    }
    let mut found: Vec<_> = address.to_socket_addrs()?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

/// Sockets are closed on exec. `[::]` takes IPv4 as well, whatever the host's default is.
fn bind_socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_taken() {
        for (address, is_v6) in [("127.0.0.1:0", false), ("localhost:0", false)] {
            let bound = bind(address).expect(address).local_addr().expect("bound");
            assert_eq!(bound.is_ipv6(), is_v6, "{address}");
            assert_ne!(bound.port(), 0);
        }
        assert!(bind(":0").is_ok());
    }

    #[test]
    fn an_error_names_the_address() {
        let taken = bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound").to_string();
        for wrong in [
            address.as_str(),
            ":x",
            "127.0.0.1",
            "host:99999",
            "192.0.2.1:0",
        ] {
            let error = bind(wrong).expect_err(wrong).to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
