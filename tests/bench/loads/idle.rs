//! Nothing to do: what the daemon costs by being there.

use std::time::Duration;

use super::Load;
use crate::contender::Contender;
use crate::figure::{Figure, Unit, as_float};
use crate::stand::{Stand, one_route};
use crate::time::pause;

pub const LOAD: Load = Load {
    name: "idle",
    about: "started, and left alone",
    run,
    floor: None,
};

/// Where nobody listens; nobody is told anything either.
const NOWHERE: &str = "http://127.0.0.1:9/";

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let daemon = contender.start(&one_route(NOWHERE, "group_by: [cluster, service]"));
    pause(stand.span(Duration::from_secs(5)));
    let rested = daemon.vitals();
    // Spare threads of an HTTP server may end five seconds after its last connection.
    pause(stand.span(Duration::from_secs(2)));
    let before = daemon.vitals();
    pause(stand.span(Duration::from_secs(5)));
    let after = daemon.vitals();
    let switches = after
        .context_switches
        .saturating_sub(before.context_switches);
    let mebibytes = as_float(contender.program_bytes()) / f64::from(1 << 20);
    vec![
        Figure::memory("private after 5 s", rested.own_kib),
        // With the pages of files, which the kernel may take back and read again.
        Figure::memory("resident after 5 s", rested.resident_kib),
        Figure::millis("ready after", daemon.ready_after()),
        Figure::new("program", Unit::Mebibytes, mebibytes),
        Figure::new("threads", Unit::Times, as_float(after.threads)),
        Figure::new("context switches in 5 s", Unit::Times, as_float(switches)),
        Figure::new("state on disk", Unit::Bytes, as_float(daemon.state_bytes())),
        Figure::millis("stopped after", daemon.stop()),
    ]
}
