//! Tests with many connections: the cap, eviction of idle connections, and the stop.

use super::*;
use crate::limits::REQUESTS_HANDLED;

#[test]
fn when_full_one_idle_connection_makes_room_and_the_others_stay() {
    let door = Door::open(Limits {
        connections: 10,
        ..patient_limits()
    });
    // They have not asked for anything, and so are idle from the moment they are let in.
    let mut clients: Vec<_> = (0..10).map(|_| door.connect()).collect();
    door.assert_serves_others();
    let served = clients.iter_mut().filter_map(|client| {
        client.stream.write_all(get("/").as_bytes()).ok()?;
        client.try_reply("GET").ok()
    });
    assert_eq!(served.count(), 9);
    door.stop();
}

#[test]
fn when_full_of_requests_under_way_a_newcomer_is_told_to_come_back() {
    let mut door = Door::open(Limits {
        connections: 3,
        ..patient_limits()
    });
    let mut busy: Vec<_> = (0..3).map(|_| door.connect()).collect();
    for client in &mut busy {
        client.send(get("/wait").as_bytes());
    }
    while door.door.shared.reads.under_way() < 3 {
        pause();
    }
    let reply = door.connect().reply();
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("1"))
    );
    door.let_waiting_go();
    for client in &mut busy {
        assert_eq!(client.reply().text(), "waited");
    }
    door.assert_serves_others();
    drop(busy);
    door.assert_empties();
    door.stop();
}

#[test]
fn hundreds_of_idle_connections_are_held_and_served() {
    let door = Door::open(patient_limits());
    let mut idle: Vec<_> = (0..300).map(|_| door.connect()).collect();
    door.assert_serves_others();
    for client in &mut idle {
        client.post("/", &ALERT);
    }
    for client in &mut idle {
        assert_eq!(client.reply().text(), "150 bytes");
    }
    // The other one is gone, and its thread may take a moment to notice.
    while door.door.open_connections() > 300 {
        pause();
    }
    assert_eq!(door.door.open_connections(), 300);
    drop(idle);
    door.assert_empties();
    door.stop();
}

#[test]
fn an_idle_connection_is_closed_after_its_time() {
    let door = Door::open(Limits {
        idle_timeout: SHORT,
        ..patient_limits()
    });
    assert!(door.connect().is_ended());
    // On a slow host a client may be closed before it comes to ask.
    let served = (0..100).find_map(|_| {
        let mut client = door.connect();
        client.stream.write_all(get("/").as_bytes()).ok()?;
        client.try_reply("GET").ok()?;
        Some(client)
    });
    assert!(served.expect("one of a hundred asks in time").is_ended());
    door.assert_empties();
    door.stop();
}

#[test]
fn a_burst_after_silence_is_answered_to_the_last_client() {
    let door = Door::open(patient_limits());
    for _ in 0..5 {
        let mut burst: Vec<_> = (0..100).map(|_| door.connect()).collect();
        for client in &mut burst {
            client.post("/", &ALERT);
        }
        for client in &mut burst {
            assert_eq!(client.reply().text(), "150 bytes");
        }
    }
    door.assert_empties();
    door.stop();
}

#[test]
fn stopping_ends_idle_connections_at_once_and_lets_requests_finish() {
    let mut door = Door::open(patient_limits());
    let (mut idle, mut busy) = (door.connect(), door.connect());
    idle.send(get("/").as_bytes());
    assert_eq!(idle.reply().status, 200);
    busy.send(get("/wait").as_bytes());
    while door.door.shared.reads.under_way() < 1 {
        pause();
    }
    let address = door.door.addresses()[0];
    let curtain = door.curtain.take();
    let stopping = threads::spawn("stop", LOOP_STACK, move || door.door.stop(PATIENCE));
    let stopping = stopping.expect("a thread");
    assert!(idle.is_ended());
    // The port may be another test's for a moment, once it is free.
    while TcpStream::connect(address).is_ok() {
        pause();
    }
    drop(curtain);
    let reply = busy.reply();
    assert_eq!(
        (reply.text(), reply.header("connection")),
        ("waited", Some("close"))
    );
    drop(busy);
    stopping.join().expect("it stops");
}

#[test]
fn stopping_does_not_wait_longer_than_it_may() {
    let door = Door::open(patient_limits());
    let mut stalled = door.connect();
    stalled.send(b"GET / HTTP/1.1\r\nHo");
    let mut in_handler = door.connect();
    in_handler.send(get("/wait").as_bytes());
    while door.door.shared.reads.under_way() < 1 {
        pause();
    }
    let (tell, stopped) = bounded(1);
    let Door { door, curtain } = door;
    let stopping = threads::spawn("stop", LOOP_STACK, move || {
        door.stop(Duration::from_millis(50));
        tell.send(()).expect("the test waits");
    });
    // What the handler waits for does not come.
    assert_eq!(stopped.recv_timeout(PATIENCE), Ok(()), "it waits on");
    stopping.expect("a thread").join().expect("it stops");
    drop(curtain);
}

#[test]
fn reads_that_find_no_place_wait_for_one_and_posts_have_places_of_their_own() {
    let mut door = Door::open(patient_limits());
    let mut waiting: Vec<_> = (0..REQUESTS_HANDLED).map(|_| door.connect()).collect();
    for client in &mut waiting {
        client.send(get("/wait").as_bytes());
    }
    while door.door.shared.read_slots.available() > 0 {
        pause();
    }
    let mut late = door.connect();
    late.send(get("/").as_bytes());
    // GETs cannot hold up posts.
    let mut poster = door.connect();
    poster.post("/", &ALERT);
    assert_eq!(poster.reply().text(), "150 bytes");
    door.let_waiting_go();
    assert_eq!(late.reply().text(), "0 bytes");
    door.stop();
}

#[test]
fn one_door_serves_several_listeners() {
    let listeners = vec![
        bind("127.0.0.1:0").expect("a port"),
        bind("127.0.0.1:0").expect("a port"),
    ];
    let (_curtain, behind) = bounded(0);
    let handler = Arc::new(Stage { curtain: behind });
    let metrics = Arc::new(Metrics::new("test"));
    let door = HttpServer::open(
        listeners,
        handler,
        None,
        patient_limits(),
        metrics,
        Clock::start(),
    );
    let door = door.expect("it opens");
    for address in door.addresses() {
        let mut client = Client::connect(*address);
        client.send(get("/").as_bytes());
        assert_eq!(client.reply().status, 200);
    }
    door.stop(Duration::from_secs(1));
}

#[test]
fn the_host_s_limit_on_files_lowers_the_cap() {
    let limits = Limits::default();
    for (open_files, expected) in [
        (None, 1024),
        (Some(1_000_000), 1024),
        (Some(1024), 1024 - DESCRIPTOR_RESERVE),
        (Some(64), 16),
    ] {
        assert_eq!(capacity(&limits, open_files), expected, "{open_files:?}");
    }
}
