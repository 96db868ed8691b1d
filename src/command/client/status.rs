//! `cluster show`, `config show` and `receivers`.
//!
//! Owns their texts, and the warning of a daemon of another version. Runs on main.

use std::io::{self, Write};
use std::net::SocketAddr;

use super::api::{Api, GET_RECEIVERS, GET_STATUS};
use super::grammar::Output;
use super::wire::{Cluster, Receiver, Status};
use super::{Ended, Refusal, Session};
use crate::version::VERSION;

/// The status of the daemon.
pub fn status(api: &Api) -> Result<Status, Refusal> {
    api.get(GET_STATUS, "", &[])
}

/// Shows the state of the cluster, and with all columns its members.
pub fn show_cluster(session: &Session) -> Ended {
    let mut cluster = status(&session.api()?)?.cluster;
    cluster.peers.sort_by_key(|peer| {
        let address: Option<SocketAddr> = peer.address.parse().ok();
        address.map(|address| (address.ip(), address.port()))
    });
    session.say_in_format(&cluster, |has_all| cluster_table(&cluster, has_all))
}

fn cluster_table(cluster: &Cluster, has_all: bool) -> String {
    let (status, name) = (&cluster.status, &cluster.name);
    let mut table = format!("Cluster Status:\t{status}\nNode Name:\t{name}\n");
    if has_all {
        table.push_str("\nAddress\tName\n");
        for peer in &cluster.peers {
            table.push_str(&format!("{}\t{}\t\n", peer.address, peer.name));
        }
    }
    table
}

/// Shows the configuration in force, and with all columns the build and when the daemon started.
pub fn show_config(session: &Session) -> Ended {
    let status = status(&session.api()?)?;
    let original = &status.config.original;
    match session.flags.output {
        Output::Json => session.say_json(&status),
        Output::Simple => session.say(&format!("{original}\n")),
        Output::Extended => {
            let build = &status.version_info;
            let started = status.uptime.format("2006-01-02T15:04:05.000Z07:00");
            session.say(&format!(
                "{original}\nbuildUser {}\ngoVersion {}\nrevision {}\nversion {}\nbranch {}\n\
                 buildDate {}\nuptime {started}\n",
                build.build_user,
                build.go_version,
                build.revision,
                build.version,
                build.branch,
                build.build_date
            ))
        }
    }
}

/// Lists the names of the receivers.
pub fn list_receivers(session: &Session) -> Ended {
    let receivers: Vec<Receiver> = session.api()?.get(GET_RECEIVERS, "", &[])?;
    session.say_in_format(&receivers, |_| {
        let names = receivers
            .iter()
            .map(|receiver| format!("{}\n", receiver.name));
        names.collect()
    })
}

/// Warns if the daemon is of another minor version than the amtool that this is. An unreachable daemon is
/// left to the call that follows.
pub fn warn_of_other_version(api: &Api) {
    let Ok(status) = status(api) else { return };
    let theirs = &status.version_info.version;
    let minor = |version: &str| -> Option<String> {
        let (major, rest) = version.split_once('.')?;
        let minor = rest.split(['.', '-', '+']).next()?;
        Some(format!("{major}.{minor}"))
    };
    if minor(theirs) != minor(VERSION) {
        let _ = writeln!(
            io::stderr(),
            "Warning: amtool version ({VERSION}) and alertmanager version ({theirs}) are different."
        );
    }
}
