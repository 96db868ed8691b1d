//! What the decisions never name, and who alone reads clocks, makes threads and takes locks.
//!
//! Owns the list of pure files and three lists of exceptions. A pure file takes time, input and
//! randomness as values, and so behaves the same in a simulation, in a test and in the daemon.

use crate::code::{Mention, mentions, tokens};
use crate::tree::{Fault, Source, catches, hold, is_in, passes, rust_files};

/// Files that decide. Beside these, nothing is called pure by a test.
const PURE: [&str; 22] = [
    "src/api/hooks/verification.rs",
    "src/model/",
    "src/engine/",
    "src/config/",
    "src/source/",
    "src/journal/alertmanager/protobuf.rs",
    "src/journal/alertmanager/silence.rs",
    "src/journal/alertmanager/told.rs",
    "src/timer/wheel.rs",
    "src/timer/wheel/",
    "src/webhook/head.rs",
    "src/webhook/payload.rs",
    "src/webhook/templated_host.rs",
    "src/webhook/verdict.rs",
    "src/journal/record_counts.rs",
    "src/journal/codec.rs",
    "src/journal/fields.rs",
    "src/journal/frame.rs",
    "src/journal/header.rs",
    "src/journal/live_keys.rs",
    "src/journal/trouble.rs",
    "src/journal/compaction_policy.rs",
];

/// Files in pure folders that are not.
const NOT_PURE: [&str; 5] = [
    // Reads the configuration file, and nothing else.
    "src/config/load.rs",
    // The files of a folder, and whether files are there that are read later.
    "src/config/load/folder.rs",
    "src/config/load/secret_files.rs",
    // The template files that it names.
    "src/config/load/glob.rs",
    "src/config/load/templates.rs",
];

/// What the world is reached by. A path that begins so is not for pure files.
const WORLD: [&str; 17] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::*",
    "std::thread",
    "std::net",
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::os",
    "std::sync::mpsc",
    "crossbeam_channel",
    "log",
    "crate::clock",
    "crate::randomness",
    "crate::threads",
    "crate::telemetry",
];

/// Macros that print.
const PRINTING: [&str; 4] = ["print", "println", "eprint", "eprintln"];

/// Who may make threads.
const SPAWNERS: [&str; 10] = [
    "src/threads.rs",
    // Signals, and the stages.
    "src/daemon.rs",
    "src/daemon/stages.rs",
    // The watch on the configuration's files.
    "src/daemon/watch.rs",
    // One a connection, within its cap; the pool behind the guard; the acceptor.
    "src/api/server/",
    // Whoever writes the log, so that nobody waits for its reader.
    "src/telemetry/log/writer.rs",
    // A compaction, one at a time and only while there is something to compact.
    "src/journal/compactor.rs",
    // Lookups of names, within their bound and only while some are wanted: each may hang for as long as
    // the operating system likes, and no stage can wait for that.
    "src/webhook/resolver.rs",
    // The visitor who posts the sample alerts.
    "src/command/demo.rs",
    // Those that answer webhooks beside main, which prints them.
    "src/command/listen/server.rs",
];

/// Where threads sleep until others wake them: for what comes to their stage, and for an answer.
const PARKS: [&str; 2] = ["src/waker.rs", "src/dispatch/reply.rs"];

/// Who may wait for others at a lock, and why. (The locks of telemetry are inside its crates.)
const LOCKS: [(&str, &str); 23] = [
    // Where one answer is given, by one thread to one other, which waits for it asleep and not inside
    // the lock: there is nothing to wait for.
    ("src/dispatch/reply.rs", "OnceLock"),
    // A regex is compiled once, by whoever needs it first. Those of silences are only needed by the
    // dispatcher, and those of a request by its connection, so that nobody waits.
    ("src/model/matcher/pattern.rs", "OnceLock"),
    // A bell learns whose it is once, and nobody waits for that: whoever rings earlier is not heard yet.
    ("src/waker.rs", "OnceLock"),
    // The sources of the fuzzer, made once for all its inputs; never part of the daemon.
    ("src/fuzz.rs", "LazyLock"),
    // What is wrong with the daemon, said by the journal and read by whoever asks whether it is
    // ready; held to copy a pointer.
    ("src/telemetry/health.rs", "Mutex"),
    // The memory of hosts is shared by all workers and by the lookup threads; it is held only to look into
    // it. Workers wait outside of it for a lookup that several of them want.
    ("src/webhook/resolver.rs", "Mutex"),
    ("src/webhook/resolver.rs", "Condvar"),
    // Idle connections serve whichever worker needs one; it is held to take one out or to put one back.
    ("src/webhook/idle.rs", "Mutex"),
    // Settings of TLS and roots are made once, when the first https receiver appears; before that
    // they cost nothing.
    ("src/webhook/tls.rs", "OnceLock"),
    ("src/webhook/trust.rs", "OnceLock"),
    // Clients, their agents and their tokens are shared by all workers, and looked up at each
    // attempt; none is held over the network.
    ("src/webhook/client.rs", "Mutex"),
    ("src/webhook/reloading_agent.rs", "Mutex"),
    ("src/webhook/token.rs", "Mutex"),
    // What was read of the web configuration, and the passwords that were right, are for all
    // connections; they are held only to look.
    ("src/api/server/gate/fresh.rs", "Mutex"),
    ("src/api/server/gate/passwords.rs", "Mutex"),
    // The order of those who wait for a check; it is held to join or to hand a permit on.
    ("src/api/server/gate/semaphore.rs", "Mutex"),
    // Which senders a line was written about; looked at only where there is one to write.
    ("src/api/sender_warnings.rs", "Mutex"),
    // Main replaces the sources at a reload, and connections look them up and note what became of a request;
    // held for a lookup, or to copy what is shown.
    ("src/api/hooks/sources.rs", "Mutex"),
    // Certificates of Amazon SNS are for all connections. The second lock is held while one is fetched, and who
    // finds it taken does not wait.
    ("src/api/hooks/sns.rs", "Mutex"),
    // Numbers that two threads may set: a page is made by one at a time, the names that have series are
    // looked up as an alert is left out, and a sum goes with its count.
    ("src/telemetry/metrics.rs", "Mutex"),
    ("src/telemetry/metrics/inner.rs", "Mutex"),
    ("src/telemetry/metrics/summary.rs", "Mutex"),
    // The built-in templates are compiled when the first configuration has none of its own.
    ("src/template/mod.rs", "LazyLock"),
];

/// Names of locks and of what blocks like one.
const LOCK_NAMES: [&str; 8] = [
    "Mutex",
    "RwLock",
    "Condvar",
    "Barrier",
    "OnceLock",
    "LazyLock",
    "ReentrantLock",
    "thread_local",
];

fn world_in_pure_files(file: &Source) -> Vec<Fault> {
    if !is_pure(&file.path) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for mention in mentions(&file.live) {
        let path = mention.path.join("::").replacen("core::", "std::", 1);
        if WORLD.iter().any(|begin| begins_with(&path, begin)) || ends_in_clock(&mention) {
            faults.push(Fault {
                line: mention.line,
                what: format!("{path} in a pure file; take a value, or give back an effect"),
            });
        }
    }
    for pair in tokens(&file.live).windows(2) {
        if PRINTING.contains(&pair[0].1) && pair[1].1 == "!" {
            faults.push(Fault {
                line: pair[0].0,
                what: "a pure file prints; give back a value or a note instead".into(),
            });
        }
    }
    faults
}

/// Maps whose order differs from run to run: they would make equal inputs unequal effects.
fn random_maps_in_pure_files(file: &Source) -> Vec<Fault> {
    if !is_pure(&file.path) {
        return Vec::new();
    }
    let tokens = tokens(&file.live);
    let mut faults = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let after = &tokens[at + 1..];
        let is_random = match *token {
            "HashMap" | "HashSet" => match after {
                [(_, "<"), ..] => !is_keyed(after),
                [(_, "::"), (_, made), ..] => {
                    !matches!(*made, "with_hasher" | "with_capacity_and_hasher")
                }
                _ => false,
            },
            "RandomState" | "DefaultHasher" => true,
            _ => false,
        };
        if is_random {
            faults.push(Fault {
                line: *line,
                what: format!(
                    "{token} is seeded at random; use a BTreeMap, or name HashKey as its hasher"
                ),
            });
        }
    }
    faults
}

/// Clocks read elsewhere than in `clock.rs`; tests inside `src` too take time from there.
fn clocks_read(file: &Source) -> Vec<Fault> {
    if !file.path.starts_with("src/") || file.path == "src/clock.rs" {
        return Vec::new();
    }
    let found = mentions(&file.code);
    let wrong = found.iter().filter(|mention| ends_in_clock(mention));
    wrong
        .map(|mention| Fault {
            line: mention.line,
            what: "clock.rs alone reads clocks; take a Mono, a Wall or a Now, or hold a Clock"
                .into(),
        })
        .collect()
}

fn threads_made(file: &Source) -> Vec<Fault> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for Mention { line, path } in mentions(&file.code) {
        let path = path.join("::");
        let raw = ["thread::spawn", "thread::Builder", "thread::scope"];
        if file.path != "src/threads.rs" && raw.iter().any(|made| path.ends_with(made)) {
            let what =
                "threads.rs alone makes threads, named and with a stack; call threads::spawn";
            faults.push(Fault {
                line,
                what: what.into(),
            });
        }
    }
    for Mention { line, path } in mentions(&file.live) {
        let path = path.join("::");
        if path.starts_with("crate::threads") && !is_in(&file.path, &SPAWNERS) {
            let what = "daemon.rs alone decides which threads there are; start this one there";
            faults.push(Fault {
                line,
                what: what.into(),
            });
        }
    }
    faults
}

/// Pauses and queues without an end, in tests inside `src` too.
fn pauses_and_endless_queues(file: &Source) -> Vec<Fault> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for Mention { line, path } in mentions(&file.code) {
        let last = path.last().map_or("", String::as_str);
        let what = match last {
            "park" | "park_timeout" if PARKS.contains(&file.path.as_str()) => continue,
            "sleep" | "park" | "park_timeout" => {
                "wait for a waker, a channel or a socket instead of sleeping"
            }
            "unbounded" => "every queue has a bound; use `bounded` and say what happens when full",
            "channel" if path.iter().any(|part| part == "mpsc") => {
                "every queue has a bound; use crossbeam's `bounded`"
            }
            _ => continue,
        };
        faults.push(Fault {
            line,
            what: what.into(),
        });
    }
    faults
}

fn locks_taken(file: &Source) -> Vec<Fault> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (line, token) in tokens(&file.live) {
        let is_allowed = LOCKS
            .iter()
            .any(|(place, lock)| is_in(&file.path, &[place]) && token == *lock);
        if LOCK_NAMES.contains(&token) && !is_allowed {
            faults.push(Fault {
                line,
                what: format!(
                    "{token}: state belongs to one thread, which others ask through a channel; \
                     if it really must be shared, give it a line in LOCKS"
                ),
            });
        }
    }
    faults
}

/// Sends of dispatch that could make it wait.
fn sends_that_block_dispatch(file: &Source) -> Vec<Fault> {
    if !file.path.starts_with("src/dispatch/") {
        return Vec::new();
    }
    let tokens = tokens(&file.live);
    let mut faults = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        // `self.send` is its own method, and `select.send` only announces an interest.
        let is_own = at > 0 && matches!(tokens[at - 1].1, "self" | "select");
        if window[0].1 == "." && window[2].1 == "(" && !is_own {
            let blocks = matches!(window[1].1, "send" | "send_timeout" | "send_deadline");
            if blocks {
                let what =
                    "dispatch never waits for room; use try_send, and keep what does not fit";
                faults.push(Fault {
                    line: window[1].0,
                    what: what.into(),
                });
            }
        }
    }
    faults
}

fn is_pure(path: &str) -> bool {
    is_in(path, &PURE) && !is_in(path, &NOT_PURE)
}

fn begins_with(path: &str, begin: &str) -> bool {
    let rest = path.strip_prefix(begin);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn ends_in_clock(mention: &Mention) -> bool {
    const CLOCKS: [&str; 4] = ["Instant", "SystemTime", "Timestamp", "ZonedDateTime"];
    match mention.path.as_slice() {
        [.., owner, call] => CLOCKS.contains(&owner.as_str()) && call == "now",
        _ => false,
    }
}

/// Whether a keyed hasher stands between these angle brackets.
fn is_keyed(tokens: &[(usize, &str)]) -> bool {
    let mut depth = 0;
    for (_, token) in tokens {
        match *token {
            "<" => depth += 1,
            ">" => depth -= 1,
            "HashKey" => return true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    false
}

#[test]
fn pure_files_reach_for_nothing_outside() {
    hold(world_in_pure_files);
    let rule = world_in_pure_files;
    catches(rule, "src/engine/mod.rs", "//!\nuse std::time::Instant;");
    catches(
        rule,
        "src/engine/mod.rs",
        "use std::{sync::Arc,\nio::Read};",
    );
    catches(
        rule,
        "src/model/time.rs",
        "fn f() {\n jiff::Timestamp::now()",
    );
    catches(rule, "src/timer/wheel.rs", "use crossbeam_channel::Sender;");
    catches(rule, "src/webhook/verdict.rs", "fn f() {\n log::warn!(x);");
    catches(rule, "src/config/check.rs", "fn f() {\n println!(x);");
    passes(rule, "src/config/load.rs", "use std::fs::File;");
    passes(
        rule,
        "src/engine/mod.rs",
        "// std::io\nuse std::time::Duration;",
    );
}

#[test]
fn pure_files_have_no_map_with_a_random_order() {
    hold(random_maps_in_pure_files);
    let rule = random_maps_in_pure_files;
    catches(
        rule,
        "src/engine/alert_store.rs",
        "use std::collections::HashMap;\ntype M = HashMap<u8, u8>;",
    );
    catches(
        rule,
        "src/engine/alert_store.rs",
        "let m =\n HashMap::new();",
    );
    let keyed = "type M = HashMap<u8, Vec<u8>, HashKey>;";
    passes(rule, "src/engine/alert_store.rs", keyed);
}

#[test]
fn only_clock_rs_reads_clocks() {
    hold(clocks_read);
    catches(
        clocks_read,
        "src/timer/mod.rs",
        "fn f() {\n std::time::Instant::now();",
    );
    catches(
        clocks_read,
        "src/daemon.rs",
        "#[cfg(test)]\nmod tests { fn f() { SystemTime::now(); }",
    );
    passes(
        clocks_read,
        "src/timer/mod.rs",
        "fn f(clock: Clock) { clock.now(); }",
    );
}

#[test]
fn threads_are_made_in_one_place_and_decided_in_three() {
    hold(threads_made);
    catches(
        threads_made,
        "src/daemon.rs",
        "use std::thread;\nfn f() { thread::spawn(g); }"
            .replace("fn f() {", "fn f() {\n")
            .as_str(),
    );
    catches(
        threads_made,
        "src/webhook/post.rs",
        "//!\nuse crate::threads::spawn;",
    );
    passes(threads_made, "src/daemon.rs", "use crate::threads;");
}

#[test]
fn nothing_sleeps_and_every_queue_has_a_bound() {
    hold(pauses_and_endless_queues);
    let rule = pauses_and_endless_queues;
    catches(
        rule,
        "src/webhook/post.rs",
        "fn f() {\n std::thread::sleep(x);",
    );
    catches(rule, "src/timer/mod.rs", "fn f() {\n std::thread::park();");
    catches(
        rule,
        "src/dispatch/mod.rs",
        "fn f() {\n std::thread::park();",
    );
    passes(rule, PARKS[1], "fn f() {\n std::thread::park();");
    catches(rule, PARKS[1], "fn f() {\n std::thread::sleep(x);");
    catches(
        rule,
        "src/daemon.rs",
        "use crossbeam_channel::bounded;\nuse crossbeam_channel::unbounded;",
    );
}

#[test]
fn locks_are_few_and_each_has_a_reason() {
    hold(locks_taken);
    catches(
        locks_taken,
        "src/dispatch/mod.rs",
        "//!\nuse std::sync::{Arc, Mutex};",
    );
    catches(
        locks_taken,
        "src/webhook/resolver.rs",
        "use std::sync::Mutex;\nuse std::sync::RwLock;",
    );
}

#[test]
fn dispatch_never_waits_for_room() {
    hold(sends_that_block_dispatch);
    let rule = sends_that_block_dispatch;
    catches(
        rule,
        "src/dispatch/effects.rs",
        "self.send(job);\nself.jobs.send(job);",
    );
    passes(rule, "src/dispatch/effects.rs", "self.jobs.try_send(job);");
}

#[test]
fn every_exception_is_still_needed() {
    let files = rust_files();
    let exists = |place: &str| files.iter().any(|file| is_in(&file.path, &[place]));
    for place in PURE.iter().chain(&NOT_PURE).chain(&SPAWNERS) {
        assert!(exists(place), "{place} is gone; take it out of its list");
    }
    for (place, lock) in LOCKS {
        let is_taken = files.iter().any(|file| {
            is_in(&file.path, &[place]) && tokens(&file.live).iter().any(|(_, word)| *word == lock)
        });
        assert!(
            is_taken,
            "no {lock} in {place} any more; take it out of LOCKS"
        );
    }
}
