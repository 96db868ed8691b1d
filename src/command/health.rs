//! `alertwheel --health`: asks the daemon on this host whether it is healthy.
//!
//! Owns the question and what counts as a good answer, for the health checks of containers, whose images
//! have no other client. Starts nothing and changes nothing. Runs on main.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;

use super::external_url::{external_url, route_prefix};
use super::flags::Flags;
use super::serve;
use crate::limits::{HEALTH_LINE_BYTES, HEALTH_PATIENCE};

/// Asks at the addresses of these flags until one answers. Succeeds if the daemon is healthy.
pub fn run(flags: &Flags) -> ExitCode {
    match ask_all(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("alertwheel: error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn ask_all(flags: &Flags) -> Result<(), String> {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let external_url = external_url(&flags.external_url, "localhost", nowhere)?;
    let path = match route_prefix(&flags.route_prefix, &external_url).as_str() {
        "/" => "/-/healthy".to_owned(),
        prefix => format!("{prefix}/-/healthy"),
    };
    let mut troubles = Vec::new();
    for address in serve::listen_addresses(flags, &serve::source(flags)) {
        match ask_at(&address, &path) {
            Ok(line) => return judge(&line).map_err(|why| format!("{address}: {why}")),
            Err(error) => troubles.push(format!("{address}: {error}")),
        }
    }
    Err(troubles.join("; "))
}

/// Asks at an address as `--web.listen-address` has it, and returns the first line of the answer.
fn ask_at(address: &str, path: &str) -> io::Result<String> {
    let mut trouble = io::Error::new(ErrorKind::NotFound, "no such address");
    for target in targets(address)? {
        match ask(target, path) {
            Ok(line) => return Ok(line),
            Err(error) => trouble = error,
        }
    }
    Err(trouble)
}

/// Where a daemon that listens on `address` can be reached from this host.
fn targets(address: &str) -> io::Result<Vec<SocketAddr>> {
    let wrong = |what| io::Error::new(ErrorKind::InvalidInput, what);
    let (host, port) = address
        .rsplit_once(':')
        .ok_or_else(|| wrong("the port is missing"))?;
    let port = port
        .parse()
        .map_err(|_| wrong("the port is not a number up to 65535"))?;
    if port == 0 {
        return Err(wrong("name the port that the daemon listens on"));
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_everywhere = host.is_empty() || host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified());
    if is_everywhere {
        let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(loopback.map(|ip: IpAddr| (ip, port).into()).to_vec());
    }
    Ok((host, port).to_socket_addrs()?.collect())
}

fn ask(target: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&target, HEALTH_PATIENCE)?;
    stream.set_read_timeout(Some(HEALTH_PATIENCE))?;
    stream.set_write_timeout(Some(HEALTH_PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"
    )?;
    let mut line = Vec::new();
    let mut answer = BufReader::new(stream.take(HEALTH_LINE_BYTES));
    answer.read_until(b'\n', &mut line).map_err(in_words)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// The operating system says of a timeout that a resource is temporarily unavailable.
fn in_words(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => io::Error::new(
            ErrorKind::TimedOut,
            format!("no answer within {} s", HEALTH_PATIENCE.as_secs()),
        ),
        _ => error,
    }
}

/// A daemon that wants a password (401) or TLS (it answers plain HTTP with a 400 of version 1.0) is well:
/// it answers, and it keeps out whom it should.
fn judge(line: &str) -> Result<(), String> {
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some("HTTP/1.1"), Some("200" | "401")) | (Some("HTTP/1.0"), Some("400")) => Ok(()),
        (Some(version), Some(_)) if version.starts_with("HTTP/") => {
            Err(format!("it is not healthy: it answers {line}"))
        }
        _ => Err("what listens there does not speak HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_keeps_strangers_out_is_healthy() {
        for line in [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 401 Unauthorized",
            "HTTP/1.0 400 Bad Request",
        ] {
            assert_eq!(judge(line), Ok(()), "{line}");
        }
        for line in ["HTTP/1.1 503 Service Unavailable", "HTTP/1.1 404 Not Found"] {
            assert!(judge(line).is_err_and(|why| why.contains(line)), "{line}");
        }
        assert!(judge("SSH-2.0-x").is_err_and(|why| why.contains("does not speak HTTP")));
    }

    #[test]
    fn a_daemon_that_listens_everywhere_is_asked_on_loopback() {
        let told = |address| targets(address).map_err(|error| error.to_string());
        let everywhere: Vec<SocketAddr> = ["127.0.0.1:9093", "[::1]:9093"]
            .map(|address| address.parse().expect("an address"))
            .to_vec();
        for address in [":9093", "0.0.0.0:9093", "[::]:9093"] {
            assert_eq!(told(address).as_ref(), Ok(&everywhere), "{address}");
        }
        assert_eq!(told("127.0.0.2:1").map(|found| found.len()), Ok(1));
        assert!(told("127.0.0.1:0").is_err_and(|why| why.contains("name the port")));
        assert!(told("127.0.0.1").is_err());
    }
}
