//! The timer thread against a real clock: order and bounds, not punctuality.

use std::collections::BTreeSet;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::*;
use crate::threads::{LOOP_STACK, spawn};
use crate::waker::{self, Waker};

/// Far more than any step takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    clock: Clock,
    commands: WakingSender<Vec<Command>>,
    events: Receiver<Event>,
    thread: JoinHandle<()>,
}

fn start(room_for_events: usize) -> Bench {
    let clock = Clock::start();
    let (commands, commands_out) = waker::mailbox(64);
    let (events_in, events) = waker::channel(room_for_events, &Waker::default());
    let thread = spawn("timer", LOOP_STACK, move || {
        run(commands_out, events_in, clock);
    });
    Bench {
        clock,
        commands,
        events,
        thread: thread.expect("the host allows one more thread"),
    }
}

impl Bench {
    fn tell(&self, batch: Vec<Command>) {
        let sent = self.commands.send_timeout(batch, PATIENCE);
        sent.expect("the timer takes commands");
    }

    fn next_rings(&self) -> Vec<(AlarmId, Mono)> {
        match self.events.recv_timeout(PATIENCE) {
            Ok(Event::Rings(rings)) => rings,
            other => panic!("rings were due, not {other:?}"),
        }
    }

    fn soon(&self, milliseconds: u64) -> Mono {
        self.clock.mono() + Duration::from_millis(milliseconds)
    }
}

#[test]
fn alarms_ring_in_order_and_never_early() {
    let bench = start(8);
    let (sooner, later) = (bench.soon(20), bench.soon(60));
    bench.tell(vec![
        Command::Arm(AlarmId(1), later),
        Command::Arm(AlarmId(0), sooner),
    ]);
    let mut rings = Vec::new();
    while rings.len() < 2 {
        rings.extend(bench.next_rings());
        let (_, at) = rings.last().expect("a batch of rings is never empty");
        assert!(bench.clock.mono() >= *at);
    }
    assert_eq!(rings, [(AlarmId(0), sooner), (AlarmId(1), later)]);
}

#[test]
fn an_alarm_that_was_moved_or_disarmed_does_not_ring_at_its_old_time() {
    let bench = start(8);
    let moved_to = bench.soon(20);
    bench.tell(vec![
        Command::Arm(AlarmId(0), Mono::START),
        Command::Arm(AlarmId(1), Mono::START),
        Command::Arm(AlarmId(0), moved_to),
        Command::Disarm(AlarmId(1)),
    ]);
    assert_eq!(bench.next_rings(), [(AlarmId(0), moved_to)]);
}

#[test]
fn commands_overtake_alarms_that_are_due_but_have_not_rung() {
    let alarms = || (0..2 * RINGS_PER_EVENT as u32).map(AlarmId);
    let (commands_in, commands) = waker::mailbox(2);
    let (events, rings) = waker::channel(8, &Waker::default());
    let arm_all = alarms().map(|alarm| Command::Arm(alarm, Mono::START));
    let batches = [arm_all.collect(), alarms().map(Command::Disarm).collect()];
    for batch in batches {
        commands_in.try_send(batch).expect("there is room for two");
    }
    drop(commands_in);
    run(commands, events, Clock::start());
    assert_eq!(rings.len(), 1, "only what was due between the batches");
}

#[test]
fn a_crowd_due_at_once_comes_in_batches_and_waits_for_a_slow_listener() {
    let bench = start(1);
    let crowd = 5 * RINGS_PER_EVENT as u32 + 1;
    let arm = |id| Command::Arm(AlarmId(id), Mono::START);
    bench.tell((0..crowd).map(arm).collect());
    let mut seen = BTreeSet::new();
    while seen.len() < crowd as usize {
        let rings = bench.next_rings();
        assert!(rings.len() <= RINGS_PER_EVENT);
        for (alarm, at) in rings {
            assert_eq!(at, Mono::START);
            assert!(seen.insert(alarm), "{alarm:?} rang twice");
        }
    }
}

#[test]
fn the_timer_ends_when_commands_hang_up_even_with_alarms_armed() {
    let bench = start(1);
    bench.tell(vec![Command::Arm(AlarmId(0), bench.soon(3_600_000))]);
    drop(bench.commands);
    bench.thread.join().expect("the timer ends without a panic");
    assert!(bench.events.try_recv().is_err());
}

#[test]
fn the_timer_ends_when_nobody_listens_even_while_it_waits_for_room() {
    let bench = start(1);
    let crowd = 3 * RINGS_PER_EVENT as u32;
    let arm = |id| Command::Arm(AlarmId(id), Mono::START);
    bench.tell((0..crowd).map(arm).collect());
    drop(bench.events);
    bench.thread.join().expect("the timer ends without a panic");
}
