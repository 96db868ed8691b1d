//! Opens the TCP connection for a URI: selects the host, its addresses and their order.
//!
//! ureq asks for addresses before every request and gets none, because they are needed only if there is no
//! idle connection. Literal addresses are used as they are, with their zone (`[fe80::1%25eth0]`). Names are
//! looked up (`resolver.rs`), and their addresses tried by happy eyeballs (`race.rs`).
//!
//! Owns the opening of TCP connections. Part of the interface to ureq. Runs on send threads.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpStream};
use std::sync::{Arc, Weak};

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout};

use super::address::{Address, host_of, port_of, split_zone};
use super::fault::ConnectFault;
use super::proxy::Proxies;
use super::race::race;
use super::resolver::Resolver;
use super::socket::Socket;
use super::transport::{limit, remaining};
use crate::clock::Clock;
use crate::model::percent_decoded;

/// Opens connections: to receivers, or to the proxies in front of them.
#[derive(Debug)]
pub struct Dialer {
    /// Resolves host names.
    pub resolver: Arc<Resolver>,
    /// Selects the proxy for a target. A proxy looks up the receiver by itself.
    pub proxies: Arc<Proxies>,
    /// The clock of the deadlines.
    pub clock: Clock,
}

/// The resolver for ureq, which returns no addresses.
#[derive(Debug)]
pub struct NoLookup;

impl UreqResolver for NoLookup {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

impl Dialer {
    /// Connects to the host of `details`, or to its proxy.
    pub fn dial(&self, details: &ConnectionDetails) -> Result<Socket, Error> {
        let uri = self.proxies.toward(details.uri);
        let uri = uri.map_or(details.uri, Address::uri);
        let host = host_of(uri);
        // Taken before the connection is made: if another one fails in the meantime, this one is not reused.
        let trust = self.resolver.trust(host);
        let stream = Arc::new(self.open(host, port_of(uri), details)?);
        // `Socket` holds output back and sends it in one piece, so Nagle's algorithm would only delay it.
        stream.set_nodelay(true)?;
        let handle: Weak<TcpStream> = Arc::downgrade(&stream);
        (details.register_shutdown)(handle)?;
        Ok(Socket::new(
            stream,
            Arc::clone(&details.current_time),
            details.config.output_buffer_size(),
            trust,
        ))
    }

    fn open(&self, host: &str, port: u16, details: &ConnectionDetails) -> Result<TcpStream, Error> {
        let deadline = self.clock.mono() + limit(remaining(details))?;
        if let Some(address) = literal(host, port).map_err(ConnectFault::into_ureq)? {
            return Ok(race(&[address], deadline, self.clock)?.0);
        }
        let found = self.resolver.find(host, deadline);
        let found = found.map_err(|error| Error::Other(error.into()))?;
        let addresses = found
            .into_iter()
            .map(|address| SocketAddr::new(address, port));
        let addresses: Vec<SocketAddr> = addresses.collect();
        let (stream, address) = race(&addresses, deadline, self.clock)?;
        self.resolver.worked(host, address.ip());
        Ok(stream)
    }
}

/// The address of a literal `host`; `None` if `host` is a name.
fn literal(host: &str, port: u16) -> Result<Option<SocketAddr>, String> {
    let (bare, zone) = split_zone(host);
    let Some(zone) = zone else {
        let address = bare.parse::<IpAddr>().ok();
        return Ok(address.map(|address| SocketAddr::new(address, port)));
    };
    let Ok(address) = bare.parse::<Ipv6Addr>() else {
        return Err(format!(
            "[{host}] has a zone, and {bare} is no IPv6 address"
        ));
    };
    let index = zone_index(zone).map_err(|why| format!("[{host}]: {why}"))?;
    Ok(Some(SocketAddrV6::new(address, port, 0, index).into()))
}

/// The index of a zone, which is the name of an interface or an index.
fn zone_index(zone: &str) -> Result<u32, String> {
    let name = percent_decoded(zone).and_then(|name| String::from_utf8(name).ok());
    let name = name.ok_or("the zone is no text")?;
    // The lookup needs a socket of any kind.
    let any = socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    );
    let found = any.and_then(|any| name_to_index(any, &name));
    found.or_else(|error| {
        name.parse()
            .map_err(|_| format!("no interface {name:?} on this host: {error}"))
    })
}

#[cfg(test)]
mod tests;
