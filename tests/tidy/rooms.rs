//! Who may import whom, and which crate lives where.
//!
//! Owns two tables. Tests inside `src` may import what they like.

use std::fs;
use std::path::Path;

use crate::code::{Mention, mentions};
use crate::tree::{Fault, Source, catches, hold, is_in, passes, rust_files};

/// Each room, and the other rooms it may import. What knows the whole house is not listed.
const ROOMS: [(&str, &[&str]); 18] = [
    ("limits", &[]),
    ("model", &["limits"]),
    ("files", &[]),
    ("threads", &[]),
    ("version", &[]),
    ("clock", &["model"]),
    ("randomness", &["model"]),
    ("waker", &["clock", "model"]),
    ("template", &["limits", "model"]),
    ("source", &["limits", "model", "template"]),
    // Templates are compiled with the configuration that names them, and sources are made of them.
    (
        "config",
        &["files", "limits", "model", "source", "template"],
    ),
    ("engine", &["config", "limits", "model"]),
    (
        "telemetry",
        &["clock", "engine", "limits", "model", "threads"],
    ),
    (
        "timer",
        &["waker", "clock", "dispatch", "engine", "limits", "model"],
    ),
    (
        "journal",
        &[
            "waker",
            "clock",
            "dispatch",
            "engine",
            "limits",
            "model",
            "randomness",
            "telemetry",
            "threads",
        ],
    ),
    (
        "dispatch",
        &[
            "waker",
            "clock",
            "config",
            "engine",
            "journal",
            "limits",
            "model",
            "telemetry",
            "timer",
        ],
    ),
    (
        "api",
        &[
            "clock",
            "config",
            "dispatch",
            "engine",
            "files",
            "limits",
            "model",
            "source",
            "telemetry",
            "threads",
            "version",
        ],
    ),
    (
        "webhook",
        &[
            "waker",
            "clock",
            "config",
            "dispatch",
            "engine",
            "files",
            "limits",
            "model",
            "telemetry",
            "template",
            "threads",
        ],
    ),
];

/// Those who know the whole house.
const HOUSE: [&str; 6] = [
    "src/daemon.rs",
    "src/daemon/",
    "src/command/",
    // Reaches into rooms for tests alone.
    "src/fuzz.rs",
    "src/lib.rs",
    "src/main.rs",
];

/// Each crate of Cargo.toml, and where alone it may be named.
const CRATES: [(&str, &[&str]); 39] = [
    (
        "crossbeam_channel",
        &[
            "src/daemon.rs",
            "src/daemon/",
            "src/waker.rs",
            "src/dispatch/",
            "src/journal/",
            "src/timer/mod.rs",
            "src/api/server/",
            "src/command/",
            "src/telemetry/log/writer.rs",
        ],
    ),
    // The configuration and the flags have only its URLs.
    (
        "ureq",
        &["src/webhook/", "src/command/", "src/config/url.rs"],
    ),
    ("tiny_http", &["src/command/listen/server.rs"]),
    // `src/config` has modules of that name.
    (
        "http",
        &[
            "src/api/server/wording.rs",
            "src/api/mod.rs",
            "src/config/mod.rs",
            "src/config/web.rs",
        ],
    ),
    (
        "serde",
        &[
            "src/api/wire/",
            "src/webhook/payload.rs",
            "src/webhook/go_json.rs",
            "src/webhook/token_answer.rs",
            "src/template/read_json.rs",
            "src/config/yaml.rs",
            "src/config/yaml/",
            "src/command/client/",
            "src/command/listen/",
        ],
    ),
    (
        "serde_json",
        &[
            "src/api/wire/",
            "src/webhook/go_json.rs",
            "src/webhook/token_answer.rs",
            "src/template/read_json.rs",
            "src/command/client/",
            "src/command/demo.rs",
            "src/command/listen/",
            // The last good configuration as it is kept.
            "src/daemon/last_good.rs",
        ],
    ),
    ("serde_yaml", &["src/config/yaml.rs", "src/config/yaml/"]),
    ("regex", &["src/model/matcher/"]),
    ("regex_automata", &["src/model/matcher/"]),
    ("regex_syntax", &["src/model/matcher/re2/"]),
    (
        "arcstr",
        &["src/model/labels.rs", "src/model/shared_text.rs"],
    ),
    (
        "log",
        &[
            "src/api/",
            "src/command/",
            "src/daemon.rs",
            "src/daemon/",
            "src/dispatch/",
            "src/journal/",
            "src/telemetry/",
            "src/timer/mod.rs",
            "src/webhook/",
        ],
    ),
    ("clap", &["src/command/"]),
    ("strsim", &["src/config/fault.rs"]),
    (
        "percent_encoding",
        &[
            "src/command/client/api.rs",
            "src/webhook/address.rs",
            "src/webhook/token.rs",
        ],
    ),
    (
        "prometheus_client",
        &["src/telemetry/metrics.rs", "src/telemetry/metrics/"],
    ),
    ("md5", &["src/telemetry/metrics.rs"]),
    (
        "jiff",
        &[
            "src/model/time.rs",
            "src/model/calendar.rs",
            "src/engine/clock_step.rs",
            "src/config/interval.rs",
            "src/command/client/dates.rs",
            "src/template/",
            "src/api/server/wording.rs",
            "src/api/wire/date.rs",
            "src/webhook/verdict.rs",
        ],
    ),
    ("signal_hook", &["src/daemon.rs", "src/command/listen.rs"]),
    ("socket2", &["src/api/server/"]),
    ("httparse", &["src/api/server/"]),
    (
        "rustix",
        &[
            "src/api/server/",
            "src/command/",
            "src/daemon/watch.rs",
            "src/journal/",
            "src/telemetry/",
            "src/webhook/dial.rs",
            "src/webhook/race.rs",
            "src/webhook/socket.rs",
        ],
    ),
    ("crc32fast", &["src/journal/"]),
    ("flate2", &["src/api/server/inflate.rs"]),
    (
        "rustls",
        &[
            "src/webhook/",
            "src/api/server/",
            "src/api/hooks/certificate.rs",
        ],
    ),
    (
        "rustls_native_certs",
        &["src/webhook/trust.rs", "src/api/server/tls/clients.rs"],
    ),
    ("webpki_roots", &["src/webhook/trust.rs"]),
    (
        "base64",
        &[
            "src/webhook/",
            "src/api/hooks/",
            "src/api/server/gate/",
            "src/template/",
        ],
    ),
    ("bcrypt", &["src/api/server/gate/"]),
    (
        "ring",
        &[
            "src/api/server/",
            "src/api/hooks/",
            "src/template/alertwheel.rs",
            "src/webhook/trust.rs",
        ],
    ),
    ("listenfd", &["src/api/server/"]),
    ("gotmpl", &["src/template/"]),
    ("xxhash_rust", &["src/model/alertmanager_hash.rs"]),
    ("allocation_counter", &[]),
    ("clap_complete", &[]),
    ("clap_mangen", &[]),
    ("rcgen", &[]),
    ("x509_parser", &[]),
    ("proptest", &[]),
];

/// The import of one room by another that may not know it.
fn wrong_imports(file: &Source) -> Vec<Fault> {
    let Some(room) = room_of(&file.path) else {
        return Vec::new();
    };
    let allowed = ROOMS.iter().find(|(name, _)| *name == room);
    let allowed = allowed.map_or(&[][..], |(_, allowed)| allowed);
    let imports = ours(file);
    let wrong = imports.iter().filter(|(_, path)| {
        let to = path.first().map_or("", String::as_str);
        to != room && !allowed.contains(&to)
    });
    wrong
        .map(|(line, path)| Fault {
            line: *line,
            what: format!(
                "{room} must not know {}; send what it needs through dispatch's inbox or the \
                 engine's messages, or let daemon.rs hand it in",
                path.join("::")
            ),
        })
        .collect()
}

/// What dispatch takes from the timer beside the messages for it.
fn more_of_the_timer_than_commands(file: &Source) -> Vec<Fault> {
    if !file.path.starts_with("src/dispatch/") {
        return Vec::new();
    }
    let imports = ours(file);
    let wrong = imports.iter().filter(|(_, path)| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        path.first() == Some(&"timer") && !path.starts_with(&["timer", "Command"])
    });
    wrong
        .map(|(line, _)| Fault {
            line: *line,
            what: "of the timer, dispatch knows `timer::Command` alone".into(),
        })
        .collect()
}

/// A crate that is named outside of its places.
fn crates_out_of_place(file: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for Mention { line, path } in mentions(&file.live) {
        let entry = CRATES.iter().find(|(name, _)| path[0] == *name);
        // A module of ours may have the name of a crate; then it was imported by its path.
        let Some((name, places)) = entry else {
            continue;
        };
        if !is_in(&file.path, places) {
            faults.push(Fault {
                line,
                what: format!(
                    "{name} is for {} alone; keep to the types of `model`, or move this there",
                    places.join(", ")
                ),
            });
        }
    }
    faults
}

fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    if is_in(path, &HOUSE) {
        return None;
    }
    let end = inside.find(['/', '.'])?;
    Some(&inside[..end])
}

/// What a file names of this crate, as paths from its root.
fn ours(file: &Source) -> Vec<(usize, Vec<String>)> {
    let module = module_of(&file.path);
    let resolved = mentions(&file.live).into_iter().filter_map(|mention| {
        let path = from_root(&module, &mention.path)?;
        Some((mention.line, path))
    });
    resolved.collect()
}

fn module_of(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let folder = inside.strip_suffix("/mod").unwrap_or(inside);
    folder.split('/').map(str::to_owned).collect()
}

fn from_root(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => {
            let above = &module[..module.len().saturating_sub(ups)];
            Some([above, &path[ups..]].concat())
        }
        _ => None,
    }
}

#[test]
fn rooms_import_only_rooms_below_them() {
    hold(wrong_imports);
    catches(
        wrong_imports,
        "src/api/error.rs",
        "//!\nuse crate::webhook::Deliverer;",
    );
    catches(
        wrong_imports,
        "src/timer/mod.rs",
        "fn f() {\n super::api::f();",
    );
    catches(
        wrong_imports,
        "src/model/alert.rs",
        "use super::{labels::Labels,\nsuper::config};",
    );
    catches(wrong_imports, "src/engine/mod.rs", "use crate::daemon;");
    let test = "#[cfg(test)]\nmod tests {\n use crate::webhook::Deliverer;\n}";
    passes(wrong_imports, "src/api/error.rs", test);
    passes(
        wrong_imports,
        "src/daemon.rs",
        "use crate::webhook::Deliverer;",
    );
    passes(
        wrong_imports,
        "src/api/v2/alerts.rs",
        "use super::super::error;",
    );
}

#[test]
fn every_room_is_in_the_table() {
    for file in rust_files() {
        if let Some(room) = room_of(&file.path) {
            let is_known = ROOMS.iter().any(|(name, _)| *name == room);
            assert!(is_known, "{}: give {room} a line in ROOMS", file.path);
        }
    }
}

#[test]
fn dispatch_knows_only_commands_of_the_timer() {
    hold(more_of_the_timer_than_commands);
    let rule = more_of_the_timer_than_commands;
    catches(
        rule,
        "src/dispatch/mod.rs",
        "use crate::timer::Command;\nuse crate::timer::Wheel;",
    );
}

#[test]
fn crates_stay_in_their_places() {
    hold(crates_out_of_place);
    let rule = crates_out_of_place;
    catches(rule, "src/engine/query.rs", "//!\nuse serde::Serialize;");
    catches(
        rule,
        "src/api/router.rs",
        "fn f() {\n serde_json::to_string(&1);",
    );
    passes(rule, "src/config/yaml.rs", "use serde_yaml::Value;");
}

#[test]
fn every_crate_has_its_place_and_is_used_there() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the manifest");
    let named = crate::papers::dependencies(&manifest);
    let files = rust_files();
    for (_, name, _) in &named {
        let name = name.replace('-', "_");
        let listed = CRATES.iter().find(|(listed, _)| *listed == name);
        let (_, places) = listed.unwrap_or_else(|| panic!("give {name} a line in CRATES"));
        for place in *places {
            let is_used = files.iter().any(|file| {
                let mentions = mentions(&file.live);
                is_in(&file.path, &[place]) && mentions.iter().any(|it| it.path[0] == name)
            });
            assert!(
                is_used,
                "{place} does not use {name} any more; take it out of CRATES"
            );
        }
        let is_used = files.iter().any(|file| file.code.contains(&name));
        assert!(is_used, "nothing uses {name}; take it out of Cargo.toml");
    }
    assert_eq!(
        named.len(),
        CRATES.len(),
        "CRATES names a crate that Cargo.toml does not"
    );
}
