//! Tests of `--web.listen-address`: both daemons accept the same spellings, and each spelling makes both
//! reachable at the same addresses.

use std::net::{IpAddr, TcpStream};

use crate::daemon::{Daemon, Make};
use crate::peers::Peers;

const SOUND: &str = "
route: {receiver: default}
receivers: [{name: default}]
";

/// Where a daemon says that it listens, and by which addresses of the host it is reached.
#[derive(Debug, PartialEq, Eq)]
struct Reached {
    said: IpAddr,
    by: Vec<&'static str>,
}

fn reach(make: Make, peers: &Peers, address: &str) -> Reached {
    let flag = format!("--web.listen-address={address}");
    let daemon = Daemon::start(make, peers, SOUND, &[&flag]);
    let port = daemon.address().port();
    let mut by = vec!["127.0.0.1", "::1"];
    by.retain(|host| TcpStream::connect((*host, port)).is_ok());
    Reached {
        said: daemon.address().ip(),
        by,
    }
}

#[test]
fn both_are_reached_at_the_same_addresses_however_those_are_spelled() {
    let test = "both_are_reached_at_the_same_addresses_however_those_are_spelled";
    let Some(peers) = Peers::find(test) else {
        return;
    };
    for address in [
        ":0",
        "[]:0",
        "0.0.0.0:0",
        "[::]:0",
        "[::ffff:0.0.0.0]:0",
        "127.0.0.1:0",
        "[127.0.0.1]:0",
        "[::ffff:127.0.0.1]:0",
        "[::1]:0",
        "[::1%lo]:0",
        "[::1%1]:0",
        "localhost:0",
    ] {
        let [ours, theirs] =
            [Make::Alertwheel, Make::Alertmanager].map(|make| reach(make, &peers, address));
        assert_eq!(ours, theirs, "ours, then Alertmanager's: {address}");
        assert!(!ours.by.is_empty(), "{address}");
    }
}
