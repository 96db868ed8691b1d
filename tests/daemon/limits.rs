//! Tests on hosts with scarce resources: few open files.

use std::net::TcpStream;

use crate::bystander::Bystander;
use crate::client::{Client, get};
use crate::process::{Setup, raise_open_files, take_turn};
use crate::receiver::Receiver;
use crate::samples::{firing, told_soon};
use crate::time::{PATIENCE, wait_until};

#[test]
fn two_hundred_connections_where_sixty_four_files_may_be_open() {
    let _turn = take_turn();
    raise_open_files();
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver))
        .open_files(64)
        .start();
    assert!(
        daemon.log().contains("64 open files"),
        "it is said: {}",
        daemon.log()
    );
    let bystander = Bystander::watch(daemon.address());

    let connections: Vec<TcpStream> = (0..200)
        .filter_map(|_| TcpStream::connect_timeout(&daemon.address(), PATIENCE).ok())
        .collect();
    assert_eq!(
        connections.len(),
        200,
        "the host takes them in, whatever the daemon does"
    );
    daemon.post(&[firing("Disk", "meanwhile")]);
    wait_until("webhooks are told meanwhile", || {
        receiver.next().summary().contains("meanwhile=firing")
    });
    bystander.wait_until_served_on();
    let served = bystander.ask_how_it_was();
    println!(
        "200 connections, 64 files: a bystander's worst of {} requests {:?}",
        served.requests, served.worst
    );
    assert!(daemon.vitals().descriptors <= 64);

    drop(connections);
    daemon.post(&[firing("Disk", "afterwards")]);
    wait_until("webhooks are told afterwards", || {
        receiver.next().summary().contains("afterwards=firing")
    });
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

#[test]
fn busy_connections_leave_files_for_webhooks() {
    let _turn = take_turn();
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver))
        .argument("--web.header-timeout=1s")
        .open_files(64)
        .start();
    // The alert comes first: afterwards nobody gets in for a while.
    daemon.post(&[firing("Disk", "meanwhile")]);
    let mut busy: Vec<Client> = (0..200).map(|_| daemon.connect()).collect();
    for client in &mut busy {
        // Those without room are closed already.
        let _ = client.send(b"GET /-/ready HTTP/1.1\r\nHo");
    }
    assert_eq!(
        receiver.next().summary(),
        "first notification: meanwhile=firing"
    );
    wait_until("there is room again", || {
        let reply = daemon.connect().ask(&get("/-/ready"));
        reply.is_ok_and(|reply| reply.status == 200)
    });
    drop(busy);
    daemon.post(&[firing("Load", "afterwards")]);
    assert_eq!(
        receiver.next().summary(),
        "first notification: afterwards=firing"
    );
    assert_eq!(daemon.stop().code, Some(0));
}
