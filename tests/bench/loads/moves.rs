//! A receiver moves to another address under its name.

use super::Load;
use crate::contender::Contender;
use crate::figure::Figure;
use crate::hosts::Hosts;
use crate::receiver::{Manner, Receiver};
use crate::stand::{EACH_AT_ONCE, Stand, one_route, wait_long, wait_up_to};
use crate::time::now;

pub const LOAD: Load = Load {
    name: "moves",
    about: "a receiver is told at 127.0.0.2, moves to 127.0.0.3, and its name with it",
    run,
    floor: None,
};

fn run(stand: &Stand, contender: &Contender) -> Vec<Figure> {
    let Some(hosts) = Hosts::new("127.0.0.2 receiver.example\n") else {
        return Vec::new();
    };
    let before = Receiver::start_at(([127, 0, 0, 2], 0).into(), Manner::Answers);
    let port = before.address().port();
    let url = format!("http://receiver.example:{port}/hook");
    let daemon = contender.start_with(&hosts, &one_route(&url, EACH_AT_ONCE));
    let mut connection = daemon.connect();
    let mut request = stand.fleet(1_000_000).requests(1);
    connection.tell(request.from(0));
    wait_long("the first page", || before.told() > 0);

    drop(before);
    let after = Receiver::start_at(([127, 0, 0, 3], port).into(), Manner::Answers);
    hosts.set("127.0.0.3 receiver.example\n");
    let posted_at = now();
    connection.tell(request.from(1));
    let is_told = wait_up_to(posted_at + stand.bound(), || after.told() > 0);
    let took = is_told.then(|| after.last_told_at().since(posted_at));
    vec![Figure::within("told after the move", stand.bound(), took)]
}
