//! A receiver's name has an address of IPv6 where connections wait for ever, and one of IPv4 where all
//! is well.

use std::net::SocketAddr;
use std::time::Duration;

use super::Load;
use crate::absent::Hole;
use crate::contender::Contender;
use crate::figure::Figure;
use crate::hosts::Hosts;
use crate::receiver::{Manner, Receiver};
use crate::stand::{EACH_AT_ONCE, Stand, one_route, wait_up_to};
use crate::time::now;

pub const LOAD: Load = Load {
    name: "ipv6-hole",
    about: "a name with ::1, which drops what would connect, and 127.0.0.1, which answers and closes",
    run,
    floor: None,
};

const NAMES: &str = "::1 receiver.example\n127.0.0.1 receiver.example\n";

/// Pages after the first one, each over a connection of its own.
const LATER: usize = 5;

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let Some(hosts) = Hosts::new(NAMES) else {
        return Vec::new();
    };
    let receiver = Receiver::start(Manner::Closes);
    let port = receiver.address().port();
    let _hole = Hole::at(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)));
    let url = format!("http://receiver.example:{port}/hook");
    let daemon = contender.start_with(&hosts, &one_route(&url, EACH_AT_ONCE));
    let mut connection = daemon.connect();
    let mut request = stand.fleet(1_000_000).requests(1);
    let deadline = now() + stand.bound();
    let mut page = |number: usize| {
        let posted_at = now();
        connection.tell(request.from(number));
        let is_told = wait_up_to(deadline, || receiver.told() > number);
        is_told.then(|| receiver.last_told_at().since(posted_at))
    };
    let first = page(0);
    let later: Option<Vec<Duration>> = (1..=LATER).map(page).collect();
    let slowest = later.and_then(|later| later.into_iter().max());
    vec![
        Figure::within("first page after", stand.bound(), first),
        Figure::within("later ones, the slowest", stand.bound(), slowest),
    ]
}
