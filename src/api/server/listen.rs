//! Opens the listening sockets.
//!
//! Owns the syntax of listen addresses and the choice of sockets for each. Runs on the main thread, before
//! anything else of the HTTP server.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, ToSocketAddrs};

use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;
use socket2::{Domain, Protocol, Socket, Type};

/// The length of the accept queue. A burst of some thousand connections is accepted in a few milliseconds.
/// The host may cap the value.
const BACKLOG: i32 = 4096;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// On every address of the host, at this port.
    Everywhere(u16),
    /// On the first of these addresses that can be bound.
    At(Vec<SocketAddr>),
}

/// A listener on `address`: `host:port`, `v4:port`, `[v6]:port`, `[v6%interface]:port`, or `:port` for
/// every address of the host. As in Go, `0.0.0.0:port` and `[::]:port` also mean every address, of both
/// families. Errors name the address.
pub fn bind(address: &str) -> io::Result<TcpListener> {
    let bound = find_place(address).and_then(|place| match place {
        Place::Everywhere(port) => bind_everywhere(port),
        Place::At(addresses) => bind_first(&addresses),
    });
    bound.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

/// The listeners that systemd passes to this process, in systemd's order (`--web.systemd-socket`). Only
/// TCP sockets are accepted. Only the first call returns them.
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
            ErrorKind::NotFound,
            "no socket activation file descriptors found",
        ));
    }
    Ok(listeners)
}

fn find_place(address: &str) -> io::Result<Place> {
    let (host, port) = split(address)?;
    if host.is_empty() {
        return Ok(Place::Everywhere(port));
    }
    let Some((ip, scope)) = read_ip(host)? else {
        // For a host name, IPv4 addresses are tried first, as in Go.
        let mut found: Vec<_> = (host, port).to_socket_addrs()?.collect();
        found.sort_by_key(SocketAddr::is_ipv6);
        return Ok(Place::At(found));
    };
    Ok(match ip {
        ip if ip.is_unspecified() => Place::Everywhere(port),
        IpAddr::V4(_) => Place::At(vec![SocketAddr::new(ip, port)]),
        IpAddr::V6(ip) => Place::At(vec![SocketAddrV6::new(ip, port, 0, scope).into()]),
    })
}

/// Splits an address into host and port, and removes the brackets around an IPv6 address.
fn split(address: &str) -> io::Result<(&str, u16)> {
    let (host, port) = address
        .rsplit_once(':')
        .filter(|_| !address.ends_with(']'))
        .ok_or_else(|| wrong("the port is missing"))?;
    // `parse` alone would accept a sign, as in `+9093`.
    let digits = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = digits
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| wrong("the port is not a number up to 65535"))?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(bare) => Ok((bare, port)),
        None if host.contains([':', '[', ']']) => Err(wrong(
            "an IPv6 address stands in brackets, and the port behind them, as in [::1]:9093",
        )),
        None => Ok((host, port)),
    }
}

/// Parses `host` as an IP address and the index of the interface it names (0 if it names none); `None` if
/// `host` is a host name. An IPv4-mapped IPv6 address becomes an IPv4 address.
fn read_ip(host: &str) -> io::Result<Option<(IpAddr, u32)>> {
    let (bare, zone) = match host.split_once('%') {
        Some((bare, zone)) => (bare, Some(zone)),
        None => (host, None),
    };
    match (bare.parse::<IpAddr>(), zone) {
        (Ok(ip), None) => Ok(Some((ip.to_canonical(), 0))),
        (Ok(ip @ IpAddr::V6(_)), Some(zone)) => {
            Ok(Some((ip.to_canonical(), interface_index(zone)?)))
        }
        _ => Ok(None),
    }
}

/// The index of a network interface, given as an index or by name.
fn interface_index(zone: &str) -> io::Result<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    // The lookup needs any socket; a Unix socket works whatever network families the host has.
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    name_to_index(&socket, zone)
        .map_err(|_| wrong(format!("this host has no network interface called {zone}")))
}

fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what.into())
}

/// Binds one socket for both families. On a host without IPv6 the socket is for IPv4 alone.
fn bind_everywhere(port: u16) -> io::Result<TcpListener> {
    match bind_socket((Ipv6Addr::UNSPECIFIED, port).into()) {
        Err(error) if says_no_ipv6(&error) => bind_socket((Ipv4Addr::UNSPECIFIED, port).into()),
        bound => bound,
    }
}

/// Whether an error means that the host has no IPv6, and not that another fault prevents binding.
fn says_no_ipv6(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
}

fn bind_first(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match bind_socket(*address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Opens one listening socket, closed on exec. `[::]` accepts IPv4 as well, whatever the host's default.
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
mod tests;
