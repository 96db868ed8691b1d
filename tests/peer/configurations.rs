//! Tests that both daemons accept the same configurations, that our texts for faults contain Alertmanager's,
//! and that valid configurations are shown byte for byte as Alertmanager shows them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use alertwheel::config::{self, LoadOptions};

use crate::cases::{self, Case};
use crate::peers::Peers;
use crate::process::{Folder, Process};

/// Cases that we judge differently, and why. The line of a case or its beginning names it.
const JUDGED_DIFFERENTLY: &[(&str, &str)] = &[
    (
        "slack_configs: [{",
        "integrations but webhooks are not built",
    ),
    (
        "email_configs: [{",
        "integrations but webhooks are not built",
    ),
    (
        "pagerduty_configs: [{",
        "integrations but webhooks are not built",
    ),
    (
        "discord_configs: [{",
        "integrations but webhooks are not built",
    ),
    (
        "telegram_configs: [{",
        "integrations but webhooks are not built",
    ),
    (
        "url: <secret>",
        "a daemon on a masked configuration would tell nobody",
    ),
    ("url: http://x/, max_alerts: 1.5", "there is no half alert"),
    (
        "url: http://x/, payload: .nan",
        "no notification could be written as JSON",
    ),
    ("proxy_url: x", "no notification could be sent through it"),
    (
        "basic_auth: {username_ref: x}",
        "amtool takes it, and Alertmanager does not start on it",
    ),
    (
        "tls_config: {min_version: TLS13, max_version: TLS12}",
        "amtool takes it, and Alertmanager does not start on it",
    ),
    (
        "tls_config: {ca_ref: x}",
        "amtool takes it, and Alertmanager does not start on it",
    ),
    (
        "oauth2: {client_id: a, token_url: b, grant_type: 'urn:ietf:params:oauth:grant-type:jwt",
        "tokens that the client signs are not built",
    ),
    (
        "url: 'http://x/{{ .GroupLabels.team'",
        "templates are compiled elsewhere",
    ),
    (
        "url: 'http://x/{{ toUpper",
        "templates are compiled elsewhere",
    ),
    (
        "url: http://x/, payload: '{{ .Status'",
        "Alertmanager compiles it when it has something to tell, and fails each time",
    ),
    (
        "etc/alertwheel.yml",
        "it has resolve_muted and method, which are ours, and labels of routes, which came with version 0.34",
    ),
];

/// Cases of which we say something else than Alertmanager, and why.
const TOLD_DIFFERENTLY: &[(&str, &str)] = &[(
    "proxy_url: '::'",
    "a URL may hold secrets, so that we do not repeat it",
)];

/// Cases that we show differently, and why.
const SHOWN_DIFFERENTLY: &[(&str, &str)] = &[(
    "url: http://x/, payload: {1: a",
    "what a payload has under keys that are no texts is sent by neither, and dropped by us at once",
)];

/// Cases of which amtool does not load again what is shown, and why.
const NOT_LOADED_AGAIN: &[(&str, &str)] = &[
    (
        "time_intervals: [{name: t}, ~]",
        "both show an interval without a name, which amtool takes only from null",
    ),
    (
        "etc/alertwheel.yml",
        "amtool knows labels of routes from version 0.34 on",
    ),
];

fn is_listed(case: &Case, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(line, _)| case.line.starts_with(line))
}

#[test]
fn the_same_configurations_are_sound_for_the_same_reasons() {
    let Some(peers) = Peers::find("the_same_configurations_are_sound_for_the_same_reasons") else {
        return;
    };
    let folder = Folder::create("configurations");
    let cases = cases::all();
    let mut differences = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let file = folder.write(&format!("{number}.yml"), &case.text);
        let theirs = ask_amtool(&peers, &file);
        let ours = config::load(&file, LoadOptions::default()).map_err(|error| error.to_string());
        differences.extend(compare(case, &theirs, &ours.map(|_| ())));
    }
    assert!(cases.len() > 300, "only {} cases were read", cases.len());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// What amtool says of a file: nothing, or its message.
fn ask_amtool(peers: &Peers, file: &Path) -> Result<(), String> {
    let output = Command::new(peers.amtool())
        .arg("check-config")
        .arg(file)
        .output()
        .expect("amtool runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match said.split_once("FAILED: ") {
        None if output.status.success() => Ok(()),
        None => panic!("amtool broke down: {output:?}"),
        Some((_, message)) => Err(message.trim().to_owned()),
    }
}

fn compare(case: &Case, theirs: &Result<(), String>, ours: &Result<(), String>) -> Option<String> {
    let differs = match (theirs, ours) {
        (Ok(()), Ok(())) => false,
        (Err(theirs), Err(ours)) => {
            let is_told = words_of(theirs).iter().all(|words| ours.contains(words));
            !is_told && !is_listed(case, TOLD_DIFFERENTLY)
        }
        _ => !is_listed(case, JUDGED_DIFFERENTLY),
    };
    let said = |said: &Result<(), String>| match said {
        Ok(()) => "sound".to_owned(),
        Err(message) => message.clone(),
    };
    differs.then(|| format!("{case}\ntheirs: {}\nours: {}", said(theirs), said(ours)))
}

/// The parts of a message that ours must hold. Lines and the names of Go's types, which the YAML
/// library adds, are not among them.
fn words_of(message: &str) -> Vec<String> {
    let Some(list) = message.strip_prefix("yaml: unmarshal errors:") else {
        return vec![message.to_owned()];
    };
    let lines = list.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(_, words)| without_types(words)).collect()
}

fn without_types(words: &str) -> String {
    let words = words.split(" in type ").next().unwrap_or(words);
    if words.starts_with("cannot unmarshal ") {
        return "cannot unmarshal ".into();
    }
    match words.strip_prefix("field ") {
        Some(rest) if rest.ends_with(" already set") => {
            let key = rest.trim_end_matches(" already set");
            format!("key \"{key}\" already set")
        }
        _ => words.to_owned(),
    }
}

#[test]
fn sound_configurations_are_shown_alike_and_load_again() {
    let Some(peers) = Peers::find("sound_configurations_are_shown_alike_and_load_again") else {
        return;
    };
    let alertmanager = Alertmanager::start(&peers);
    let folder = Folder::create("shown");
    let mut differences = Vec::new();
    let mut equal = 0;
    for case in cases::all() {
        // Both have the file in the same place, since what is shown holds paths.
        alertmanager.write(&case.text);
        let Ok(ours) = config::load(&alertmanager.file, LoadOptions::default()) else {
            continue;
        };
        let ours = ours.config.original;
        let shown = folder.write("shown.yml", &ours);
        if let Err(message) = ask_amtool(&peers, &shown)
            && !is_listed(&case, NOT_LOADED_AGAIN)
        {
            differences.push(format!("{case}\namtool refuses what we show: {message}"));
        }
        match alertmanager.reload() {
            Some(theirs) if theirs == ours => equal += 1,
            Some(theirs) if !is_listed(&case, SHOWN_DIFFERENTLY) => {
                differences.push(format!("{case}\ntheirs:\n{theirs}\nours:\n{ours}"));
            }
            // What it does not load, such as certificates that are not there, it does not show.
            _ => {}
        }
    }
    assert!(alertmanager.process.stop().success());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(equal > 120, "only {equal} were compared");
}

/// The real Alertmanager, which reads its file anew whenever it is asked to.
struct Alertmanager {
    file: PathBuf,
    address: SocketAddr,
    process: Process,
}

impl Alertmanager {
    fn start(peers: &Peers) -> Alertmanager {
        let folder = Folder::create("alertmanager");
        let text = "{route: {receiver: a}, receivers: [{name: a}]}\n";
        let file = folder.write("configuration.yml", text);
        let arguments = [
            format!("--config.file={}", file.display()),
            format!("--storage.path={}", folder.path().join("data").display()),
            "--web.listen-address=127.0.0.1:0".to_owned(),
            "--cluster.listen-address=".to_owned(),
        ];
        let program = peers.alertmanager();
        let mut process = Process::start("alertmanager", &program, &arguments, folder);
        Alertmanager {
            file,
            address: process.address(),
            process,
        }
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).expect("its folder can be written");
    }

    /// What it shows once it has loaded its file; nothing if it refuses that.
    fn reload(&self) -> Option<String> {
        if !self.ask("POST /-/reload").starts_with("HTTP/1.1 200") {
            return None;
        }
        let status = self.ask("GET /api/v2/status");
        let (_, body) = status.split_once("\r\n\r\n")?;
        let status: serde_json::Value = serde_json::from_str(body).expect("its status is JSON");
        let original = status["config"]["original"].as_str();
        original.map(str::to_owned)
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        // HTTP/1.0 asks for a whole answer with the connection's end behind it.
        write!(
            stream,
            "{request} HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        )
        .expect("it takes requests");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("it answers in text");
        answer.replacen("HTTP/1.0", "HTTP/1.1", 1)
    }
}
