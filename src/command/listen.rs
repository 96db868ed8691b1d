//! `alertwheel listen [ADDRESS]`: a receiver on loopback that prints webhooks, and can simulate a failing
//! or slow receiver.
//!
//! ```text
//! tiny_http ─► hook-1..N ─ arrivals (bounded) ─► main ─► standard output
//!    ▲            │ answer, after --delay
//!    └────────────┘
//! ```
//!
//! Owns the options, the address and the order of the output. Main prints, so a stopped terminal delays the
//! responses and memory stays bounded. `server` takes requests and answers them; `readable` formats a
//! webhook as text, with `notification`, `indent` and `escape`. Never listens for other hosts, because
//! tiny_http is not safe on a network: it has no deadlines, reads heads of any size, and a crafted request
//! can end the process.

mod escape;
mod indent;
mod notification;
mod readable;
mod server;

use std::io::{self, BufWriter, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam_channel::Receiver;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;

use self::server::{Arrival, Webhook};
use crate::clock::Clock;
use crate::model::{format_duration, parse_flag_duration};

/// The arguments of `alertwheel listen`.
#[derive(Clone, Debug, clap::Args)]
pub struct ListenArguments {
    /// Loopback address to listen on; only this host can reach it.
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:5001")]
    address: String,
    /// Print only the raw bodies to standard output, including control characters.
    #[arg(long)]
    raw: bool,
    /// Answer with this status, for example 503 to simulate a failing receiver.
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
    /// Wait this long before each answer, to simulate a slow receiver.
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = parse_flag_duration)]
    delay: Duration,
}

/// How a webhook is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Formatted for people.
    Readable,
    /// The body alone, for another program.
    Raw,
}

/// Prints webhooks until a signal ends the process, standard output is closed, or the server fails.
pub fn run(arguments: &ListenArguments) -> ExitCode {
    match listen(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&why);
            ExitCode::FAILURE
        }
    }
}

fn listen(arguments: &ListenArguments) -> Result<(), String> {
    end_on_signals().map_err(|error| format!("watching for signals failed: {error}"))?;
    let listener = bind(&arguments.address)?;
    let form = if arguments.raw {
        Form::Raw
    } else {
        Form::Readable
    };
    let started = listener.local_addr().and_then(|address| {
        let answering = server::Answering {
            status: arguments.status,
            delay: arguments.delay,
        };
        let arrivals = server::start(listener, answering, Clock::start())?;
        Ok((address, arrivals))
    });
    let (address, arrivals) = started.map_err(|error| format!("failed to start: {error}"))?;
    let greeting = greeting(address, arguments);
    let printed = greet(&greeting, form).and_then(|()| print(&arrivals, form));
    match printed {
        // The reader of standard output has left, as after `| head`.
        Err(Trouble::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Trouble::Output(error)) => Err(format!("printing failed: {error}")),
        Err(Trouble::Server(why)) => Err(why),
        Ok(()) => Ok(()),
    }
}

/// Why the printing ends.
enum Trouble {
    /// Writing to standard output failed.
    Output(io::Error),
    /// The server failed; no more requests will come.
    Server(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Output(error)
    }
}

/// Makes SIGINT and SIGTERM end the process at once: nothing here needs a graceful stop. Without a handler,
/// the first process of a container would get neither signal.
fn end_on_signals() -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    for signal in [SIGINT, SIGTERM] {
        register_conditional_shutdown(signal, 0, Arc::clone(&always))?;
    }
    Ok(())
}

/// A listener on the first address that `text` resolves to and that can be bound.
fn bind(text: &str) -> Result<TcpListener, String> {
    // As in `--web.listen-address`, an empty host means all addresses of this host.
    let spelled = match text.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => text.to_owned(),
    };
    let found = spelled.to_socket_addrs().map_err(|error| {
        format!("cannot listen on {text:?}: {error}; write HOST:PORT such as 127.0.0.1:5001")
    })?;
    let mut found: Vec<SocketAddr> = found.collect();
    if let Some(open) = found.iter().find(|address| !is_loopback(address)) {
        return Err(format!(
            "cannot listen on {text:?}: {} is no loopback address, and others are refused, since this \
             receiver has neither deadlines nor protection against strangers; write one such as 127.0.0.1:5001",
            open.ip()
        ));
    }
    // IPv4 addresses come first, as in the daemon.
    found.sort_by_key(SocketAddr::is_ipv6);
    TcpListener::bind(found.as_slice()).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => "; name another, as in `alertwheel listen 127.0.0.1:5002`",
            _ => "",
        };
        format!("cannot listen on {text:?}: {error}{advice}")
    })
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn greeting(address: SocketAddr, arguments: &ListenArguments) -> String {
    let mut text = format!("Listening on http://{address}");
    if arguments.status != 200 {
        text.push_str(&format!(", answering {}", arguments.status));
    }
    if !arguments.delay.is_zero() {
        text.push_str(&format!(", after {}", format_duration(arguments.delay)));
    }
    text
}

/// Prints the greeting. In raw form it goes to standard error, so that standard output has only bodies.
fn greet(greeting: &str, form: Form) -> Result<(), Trouble> {
    match form {
        Form::Readable => writeln!(io::stdout(), "{greeting}\n")?,
        // A closed standard error is no reason to fail.
        Form::Raw => writeln!(io::stderr(), "{greeting}").unwrap_or(()),
    }
    Ok(())
}

/// Prints each webhook as soon as it arrives.
fn print(arrivals: &Receiver<Arrival>, form: Form) -> Result<(), Trouble> {
    let mut out = BufWriter::new(io::stdout().lock());
    for arrival in arrivals {
        match arrival {
            Arrival::Webhook(webhook) => {
                match form {
                    Form::Readable => readable::write_webhook(&mut out, &webhook)?,
                    Form::Raw => write_raw(&mut out, &webhook)?,
                }
                out.flush()?;
            }
            Arrival::Refused(why) => complain(&why),
            Arrival::ServerFailed(error) => {
                return Err(Trouble::Server(format!(
                    "no more requests can be taken: {error}"
                )));
            }
        }
    }
    Ok(())
}

/// Writes the unchanged body, and a line end to separate it from the next one.
fn write_raw(out: &mut impl Write, webhook: &Webhook) -> io::Result<()> {
    out.write_all(&webhook.body)?;
    if webhook.body.ends_with(b"\n") {
        return Ok(());
    }
    out.write_all(b"\n")
}

fn complain(why: &str) {
    // If standard error is closed, the exit code alone reports the failure.
    let _ = writeln!(io::stderr(), "alertwheel: error: {why}");
}
