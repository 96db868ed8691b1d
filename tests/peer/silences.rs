//! Tests of silences through amtool: created, listed, changed, imported and expired alike on both daemons.

use std::process::Command;

use alertwheel::clock::Clock;
use alertwheel::model::Wall;
use regex::{Captures, Regex};

use crate::pair::{Pair, Said};
use crate::peers::Peers;
use crate::process::Folder;
use crate::times;

const CONFIGURATION: &str = "
route: {receiver: default, group_by: [alertname], group_wait: 1h}
receivers:
- name: default
  webhook_configs: [{url: 'http://127.0.0.1:9/'}]
";

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// Silences without an id in the file, and one with an id that no daemon knows.
const IMPORTED: &str = r#"[
{"id":"","matchers":[{"name":"a","value":"b","isRegex":false,"isEqual":true}],
 "startsAt":"2099-01-01T00:00:00Z","endsAt":"2099-01-02T00:00:00Z","createdBy":"me","comment":"first"},
{"id":"8188d168-a332-4677-a3d9-c1b0a4a8e3a1","matchers":[{"name":"c","value":"d|e","isRegex":true}],
 "startsAt":"2099-01-01T00:00:00Z","endsAt":"2099-01-03T00:00:00Z","createdBy":"me","comment":"second",
 "annotations":{"ticket":"7"}}
]"#;

/// Both daemons and the ids they gave, which are `<0>`, `<1>` and so on in what this file writes
/// and reads.
struct Silences {
    pair: Pair,
    peers: Peers,
    home: Folder,
    began: Wall,
    ids: [Vec<String>; 2],
}

impl Silences {
    /// Both daemons without a silence; `None` if there is nothing to compare with.
    fn start(test: &str, flags: &[&str]) -> Option<Silences> {
        let peers = Peers::find(test)?;
        Some(Silences {
            began: Clock::start().wall(),
            pair: Pair::start(&peers, CONFIGURATION, flags),
            home: Folder::create("amtool"),
            ids: [Vec::new(), Vec::new()],
            peers,
        })
    }

    /// What amtool prints, which must be the same for both.
    fn succeed(&mut self, arguments: &[&str]) -> String {
        let said = self.ask(arguments);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        said.out
    }

    /// What amtool complains of, which must be the same for both.
    fn fail(&mut self, arguments: &[&str]) -> String {
        let said = self.ask(arguments);
        assert_eq!(said.code, Some(1), "{said:?}");
        said.err
    }

    fn ask(&mut self, arguments: &[&str]) -> Said {
        let addresses = [self.pair.ours.address(), self.pair.theirs.address()];
        let [ours, theirs] = [0, 1].map(|side| {
            let url = format!("--alertmanager.url=http://{}", addresses[side]);
            let said = self.run(&url, arguments, side);
            let address = addresses[side].to_string();
            Said {
                out: self.comparable(&said.out, &address, side),
                err: self.comparable(&said.err, &address, side),
                ..said
            }
        });
        assert_eq!(ours, theirs, "ours, then Alertmanager's: {arguments:?}");
        ours
    }

    /// In a home of its own, so that no settings of whoever runs the test have a say.
    fn run(&self, url: &str, arguments: &[&str], side: usize) -> Said {
        let mut amtool = Command::new(self.peers.amtool());
        amtool.env("HOME", self.home.path()).env("TZ", "UTC");
        amtool.arg(url);
        for argument in arguments {
            let ids = self.ids[side].iter().enumerate();
            let named = ids.fold((*argument).to_owned(), |text, (number, id)| {
                text.replace(&format!("<{number}>"), id)
            });
            amtool.arg(named);
        }
        let output = amtool.output().expect("amtool starts");
        let text = |bytes| String::from_utf8(bytes).expect("amtool prints UTF-8");
        Said {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    fn comparable(&mut self, text: &str, address: &str, side: usize) -> String {
        let uuid = Regex::new(UUID).expect("the pattern is right");
        let ids = &mut self.ids[side];
        let numbered = uuid.replace_all(text, |found: &Captures| {
            let known = ids.iter().position(|id| *id == found[0]);
            let number = known.unwrap_or_else(|| {
                ids.push(found[0].to_owned());
                ids.len() - 1
            });
            format!("<{number}>")
        });
        // The stored time of day is a byte shorter in the first quarter of a second, roughly.
        let size = Regex::new(r"size: \d+ bytes").expect("the pattern is right");
        let sized = size.replace_all(&numbered, "size: SIZE");
        times::relative(&sized.replace(address, "ADDRESS"), self.began)
    }
}

/// The ids of all of [`with_silences`] in the order of the API, which amtool leaves alone when it
/// prints nothing else: what is active, then what will be.
const ALL: &str = "<0>\n<1>\n<3>\n<4>\n<2>\n";

const BY_ME: [&str; 2] = ["--author=me", "--comment=because"];

/// Five silences that end one after the other: two active, one that comes, one that goes on longer
/// and one with awkward text.
fn with_silences(test: &str) -> Option<Silences> {
    let mut silences = Silences::start(test, &[])?;
    let added: [&[&str]; 5] = [
        &["alertname=DiskFull", "host=~\"a.*\"", "--duration=10m"],
        &["DiskFull", "severity!=page", "--duration=15m"],
        &[
            "alertname=Later",
            "--start=2099-01-01T00:00:00Z",
            "--end=2099-01-02T00:00:00Z",
        ],
        &[
            "team!~\"x|y\"",
            "--end=2099-01-03T00:00:00Z",
            "--annotation=ticket=7",
        ],
        &[
            "\"dotted.name\"=\"a \\\"b\\\" grüße\"",
            "--end=2099-01-04T00:00:00.5Z",
        ],
    ];
    for (number, arguments) in added.into_iter().enumerate() {
        let out = silences.succeed(&[&["silence", "add"], &BY_ME[..], arguments].concat());
        assert_eq!(out, format!("<{number}>\n"));
    }
    Some(silences)
}

#[test]
fn silences_that_were_added_are_listed_alike() {
    let Some(mut silences) = with_silences("silences_that_were_added_are_listed_alike") else {
        return;
    };
    let simple = silences.succeed(&["silence", "query"]);
    assert_eq!(simple.lines().count(), 6, "{simple}");
    let extended = silences.succeed(&["silence", "query", "--output=extended"]);
    assert!(extended.contains("<start + 10m>"), "{extended}");
    let json = silences.succeed(&["silence", "query", "--output=json"]);
    assert!(json.contains("\"ticket\":\"7\""), "{json}");
    let quiet = silences.succeed(&["silence", "query", "--quiet"]);
    assert_eq!(quiet, ALL);
}

#[test]
fn flags_of_the_query_choose_the_same_silences() {
    let Some(mut silences) = with_silences("flags_of_the_query_choose_the_same_silences") else {
        return;
    };
    let flags: [(&[&str], &str); 10] = [
        (&["DiskFull"], "<0>\n<1>\n"),
        (&["alertname=DiskFull", "host=~\"a.*\""], "<0>\n"),
        (&["host=a"], ""),
        (&["severity!=page"], "<1>\n"),
        (&["--within=12m"], "<0>\n"),
        (&["--id=<3>"], "<3>\n"),
        (&["--created-by=me"], ALL),
        (&["--created-by=you"], ""),
        (&["--expired"], ""),
        (&["\"dotted.name\"=~\".*\""], ""),
    ];
    for (flags, expected) in flags {
        let listed = silences.succeed(&[&["silence", "query", "--quiet"], flags].concat());
        assert_eq!(listed, expected, "{flags:?}");
    }
}

#[test]
fn silences_that_were_ended_are_listed_as_expired() {
    let test = "silences_that_were_ended_are_listed_as_expired";
    let Some(mut silences) = with_silences(test) else {
        return;
    };
    assert_eq!(silences.succeed(&["silence", "expire", "<0>"]), "");
    assert_eq!(silences.succeed(&["silence", "expire", "<2>", "<0>"]), "");
    let left = silences.succeed(&["silence", "query", "--quiet"]);
    assert_eq!(left, "<1>\n<3>\n<4>\n");
    let expired = silences.succeed(&["silence", "query", "--expired", "--quiet"]);
    assert_eq!(expired, "<2>\n<0>\n");
    let within = silences.succeed(&["silence", "query", "--expired", "--within=1h"]);
    assert_eq!(within.lines().count(), 3, "{within}");
}

#[test]
fn a_changed_silence_keeps_its_id_or_gets_a_new_one_alike() {
    let test = "a_changed_silence_keeps_its_id_or_gets_a_new_one_alike";
    let Some(mut silences) = with_silences(test) else {
        return;
    };
    // Always with the table: amtool's quiet form prints where in its memory the id is.
    let longer = silences.succeed(&["silence", "update", "--duration=20m", "<0>"]);
    assert!(
        longer.contains("<0>") && longer.contains("<start + 20m>"),
        "{longer}"
    );
    let told = silences.succeed(&["silence", "update", "--comment=other", "<1>", "<2>"]);
    assert_eq!(told.matches("other").count(), 2, "{told}");
    let start = "--start=2099-01-01T12:00:00Z";
    let moved = silences.succeed(&["silence", "update", start, "<3>"]);
    assert!(moved.contains("<5>"), "{moved}");
    silences.succeed(&["silence", "query", "--output=extended"]);
    silences.succeed(&["silence", "query", "--expired", "--output=extended"]);
    silences.succeed(&["silence", "expire", "<0>"]);
    let again = silences.succeed(&["silence", "update", "--duration=25m", "<0>"]);
    assert!(again.contains("<6>"), "{again}");
}

#[test]
fn silences_are_imported_alike() {
    let Some(mut silences) = Silences::start("silences_are_imported_alike", &[]) else {
        return;
    };
    let file = silences.home.write("silences.json", IMPORTED);
    let file = file.display().to_string();
    let import = ["silence", "import", "--worker=1", &file];
    assert_eq!(silences.succeed(&import), "<0>\n<1>\n");
    silences.succeed(&["silence", "query", "--output=json"]);
    let again = ["silence", "import", "--worker=1", "--force", &file];
    assert_eq!(silences.succeed(&again), "<2>\n<3>\n");
    let broken = silences.home.write("broken.json", "[{");
    let broken = broken.display().to_string();
    let said = silences.fail(&["silence", "import", &broken]);
    assert!(said.contains("unmarshal"), "{said}");
}

#[test]
fn what_is_wrong_with_a_silence_is_told_alike() {
    let Some(mut silences) = with_silences("what_is_wrong_with_a_silence_is_told_alike") else {
        return;
    };
    let add = ["silence", "add"];
    let wrong: [&[&str]; 9] = [
        &[],
        &["a=\"\""],
        &["a=~\".*\""],
        &[
            "a=b",
            "--start=2025-01-02T00:00:00Z",
            "--end=2025-01-01T00:00:00Z",
        ],
        &[
            "a=b",
            "--start=2025-01-01T00:00:00Z",
            "--end=2025-01-02T00:00:00Z",
        ],
        &[
            "a=b",
            "--start=2099-01-01T00:00:00Z",
            "--end=2099-01-01T00:00:00Z",
        ],
        &["a=b", "--duration=0s"],
        &["a=b", "c=~("],
        &["a=b", "--duration=x"],
    ];
    for arguments in wrong {
        silences.fail(&[&add, &BY_ME[..], arguments].concat());
    }
    silences.fail(&["silence", "add", "--author=me", "a=b"]);
    silences.fail(&["silence", "expire"]);
    silences.fail(&["silence", "expire", "x"]);
    silences.fail(&[
        "silence",
        "expire",
        "8188d168-a332-4677-a3d9-c1b0a4a8e3a1",
        "<0>",
    ]);
    silences.fail(&["silence", "update", "8188d168-a332-4677-a3d9-c1b0a4a8e3a1"]);
    let left = silences.succeed(&["silence", "query", "--quiet"]);
    assert_eq!(left.lines().count(), 5, "{left}");
}

#[test]
fn a_limit_on_silences_is_told_alike() {
    let flags = [
        "--silences.max-silences=1",
        "--silences.max-silence-size-bytes=200",
    ];
    let Some(mut silences) = Silences::start("a_limit_on_silences_is_told_alike", &flags) else {
        return;
    };
    let add = |matcher| {
        let end = "--end=2099-01-01T00:00:00Z";
        [&["silence", "add", end, matcher], &BY_ME[..]].concat()
    };
    let large = format!("a={}", "x".repeat(200));
    let said = silences.fail(&add(&large));
    assert!(said.contains("silence exceeded maximum size"), "{said}");
    silences.succeed(&add("a=b"));
    let said = silences.fail(&add("a=c"));
    assert!(
        said.contains("exceeded maximum number of silences: 1"),
        "{said}"
    );
}

#[test]
fn silenced_alerts_are_hidden_and_shown_alike() {
    let test = "silenced_alerts_are_hidden_and_shown_alike";
    let Some(mut silences) = with_silences(test) else {
        return;
    };
    let alerts: [&[&str]; 4] = [
        &[
            "DiskFull",
            "host=a1",
            "team=x",
            "--start=2025-01-01T00:00:00Z",
        ],
        &[
            "DiskFull",
            "host=b",
            "severity=page",
            "team=x",
            "--start=2025-01-02T00:00:00Z",
        ],
        &["Later", "team=y", "--start=2025-01-03T00:00:00Z"],
        &["Other", "team=z", "--start=2025-01-04T00:00:00Z"],
    ];
    for alert in alerts {
        silences.succeed(&[&["alert", "add"], alert].concat());
    }
    let queries: [(&[&str], usize); 6] = [
        (&[], 2),
        (&["--silenced"], 2),
        (&["--silenced", "--active"], 4),
        (&["--inhibited"], 0),
        (&["--silenced", "DiskFull"], 1),
        (&["--unprocessed"], 0),
    ];
    for (flags, count) in queries {
        let listed = silences.succeed(&[&["alert", "query"], flags].concat());
        assert_eq!(listed.lines().count(), 1 + count, "{flags:?}: {listed}");
    }
    silences.succeed(&[
        "alert",
        "query",
        "--silenced",
        "--active",
        "--output=extended",
    ]);
    // Of more than one silence of an alert the ids, which are random, say which comes first.
    silences.succeed(&["alert", "query", "--silenced", "--output=json", "Other"]);
    silences.succeed(&["silence", "expire", "<0>", "<1>"]);
    let active = silences.succeed(&["alert", "query"]);
    assert_eq!(active.lines().count(), 4, "{active}");
}
