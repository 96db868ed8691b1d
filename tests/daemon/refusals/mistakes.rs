//! A valid configuration, common mistakes in it, and files that are wrong as a whole.
//!
//! Owns their texts. A mistake replaces a line, so that all other lines keep their numbers.

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

/// A line that is right, and one that is wrong in its place.
pub struct Mistake {
    pub right: &'static str,
    pub wrong: &'static str,
    /// As long as it is there, other faults cannot be known.
    pub hides_others: bool,
}

/// A sound file, in which each line that a mistake takes the place of stands once.
pub fn base() -> &'static str {
    "\
global:
  resolve_timeout: 5m
  slack_api_url: https://slack.example/
  http_config:
    follow_redirects: true
route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 239m
  labels:
    tier: one
  routes:
  - receiver: other
    matchers: [severity=\"page\"]
    mute_time_intervals: [nights]
    continue: true
receivers:
- name: team
  webhook_configs:
  - url: http://team.example/
    max_alerts: 10
    timeout: 10s
    payload: {text: sound}
    http_config:
      proxy_url: http://proxy.example:3128
      tls_config:
        ca_file: ca.pem
        cert_file: cert.pem
        key_file: key.pem
        server_name: team.example
        max_version: TLS13
- name: other
  webhook_configs:
  - url: http://other.example/
- {name: third}
inhibit_rules:
- source_matchers: [a=\"b\"]
  target_matchers: [c=\"d\"]
  equal: [alertname]
templates: ['sound*.tmpl']
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: '00:00', end_time: '06:00'}]
"
}

/// Files that [`base`] and the mistakes name.
pub fn write_neighbours(folder: &Path) {
    let key = || KeyPair::generate().expect("a key");
    let (own, other) = (key(), key());
    let params = CertificateParams::new(["team.example".to_owned()]).expect("a name");
    let cert = params.self_signed(&own).expect("a certificate").pem();
    let files: [(&str, Vec<u8>); 9] = [
        ("ca.pem", cert.clone().into()),
        ("cert.pem", cert.into()),
        ("key.pem", own.serialize_pem().into()),
        ("other-key.pem", other.serialize_pem().into()),
        ("junk.pem", b"no PEM\n".to_vec()),
        ("sound.tmpl", b"{{ define \"a\" }}x{{ end }}".to_vec()),
        (
            "broken.tmpl",
            b"{{ define \"a\" }}\n{{ if }}{{ end }}".to_vec(),
        ),
        ("open.tmpl", b"{{ define \"b\" }}x".to_vec()),
        ("latin1.tmpl", b"{{ define \"c\" }}\xe4{{ end }}".to_vec()),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("a writable folder");
    }
}

const MISTAKES: &[(&str, &[&str])] = &[
    (
        "  resolve_timeout: 5m\n",
        &["  resolve_timeout: 5\n", "  resolve_timout: 5m\n"],
    ),
    (
        "  slack_api_url: https://slack.example/\n",
        &[
            "  slack_api_url: ${ALERTWHEEL_UNSET}\n",
            "  slack_api_url: [a]\n",
        ],
    ),
    (
        "    follow_redirects: true\n",
        &[
            "    follow_redirects: perhaps\n",
            "    proxy_url: socks5://proxy.example:1080\n",
            "    tls_config: {ca_file: none.pem}\n",
            "    tls_config: {cert_file: none.pem, key_file: none.pem}\n",
            "    tls_config: {ca_file: none.pem, min_version: TLS13, max_version: TLS12}\n",
            "    basic_auth: {password: a, password_file: b}\n",
            "    oauth2: {client_id: a, client_secret: b, token_url: tokens}\n",
            "    authorization: {type: basic}\n",
        ],
    ),
    (
        "  receiver: team\n",
        &["  receiver: nobody\n", "  receiver: [team]\n"],
    ),
    (
        "  group_by: [alertname]\n",
        &[
            "  group_by: [a, a]\n",
            "  group_by: ['...', a]\n",
            "  group_by: alertname\n",
        ],
    ),
    (
        "  group_wait: 30s\n",
        &["  group_wait: 30\n", "  group_wiat: 30s\n"],
    ),
    (
        "  group_interval: 5m\n",
        &["  group_interval: 0s\n", "  group_interval: {}\n"],
    ),
    (
        "  repeat_interval: 239m\n",
        &["  repeat_interval: soon\n", "  repeat_interval: 0s\n"],
    ),
    (
        "    tier: one\n",
        &[
            "    tier: '{{ .Nothing }}'\n",
            "    tier: '{{ end }}'\n",
            "    '': one\n",
        ],
    ),
    ("  - receiver: other\n", &["  - receiver: ohter\n"]),
    (
        "    matchers: [severity=\"page\"]\n",
        &[
            "    matchers: [severity]\n",
            "    matchers: ['a=~\"(\"']\n",
            "    match_re: {a: '['}\n",
            "    matcher: [severity=\"page\"]\n",
        ],
    ),
    (
        "    mute_time_intervals: [nights]\n",
        &["    mute_time_intervals: [nights, days]\n"],
    ),
    ("    continue: true\n", &["    continue: perhaps\n"]),
    (
        "  - url: http://team.example/\n",
        &[
            "  - url: ftp://team.example/\n",
            "  - url: https://${ALERTWHEEL_UNSET}:9000/\n",
            "  - url: $WEBHOOK_URL\n",
            "  - url: ''\n",
            "  - url: <secret>\n",
            "  - url: 'http://team.example/{{ .Nothing }}'\n",
            "  - url: 'http://team.example/{{ nofunction }}'\n",
        ],
    ),
    (
        "    max_alerts: 10\n",
        &["    max_alerts: -1\n", "    max_alert: 10\n"],
    ),
    ("    timeout: 10s\n", &["    timeout: 1d\n"]),
    (
        "    payload: {text: sound}\n",
        &[
            "    payload: {text: '{{ nofunction }}'}\n",
            "    payload: {text: '{{ .Nothing }}', other: ['{{ if }}']}\n",
            "    payload: '{{ template \"missing\" . }}'\n",
            "    payload: {'{{ .Alerts.Foring }}': text}\n",
        ],
    ),
    (
        "      proxy_url: http://proxy.example:3128\n",
        &[
            "      proxy_url: socks5://proxy.example:1080\n",
            "      proxy_url: ftp://proxy.example\n",
            "      no_proxy: team.example\n",
        ],
    ),
    (
        "        ca_file: ca.pem\n",
        &["        ca_file: none.pem\n", "        ca_file: junk.pem\n"],
    ),
    (
        "        cert_file: cert.pem\n",
        &[
            "        cert_file: none.pem\n",
            "        cert_file: junk.pem\n",
            "        cert_file: key.pem\n",
        ],
    ),
    (
        "        key_file: key.pem\n",
        &[
            "        key_file: none.pem\n",
            "        key_file: junk.pem\n",
            "        key_file: cert.pem\n",
        ],
    ),
    (
        "        server_name: team.example\n",
        &["        server_name: a b\n"],
    ),
    (
        "        max_version: TLS13\n",
        &[
            "        max_version: TLS11\n",
            "        max_version: TLS9\n",
        ],
    ),
    (
        "  - url: http://other.example/\n",
        &["  - uri: http://other.example/\n"],
    ),
    (
        "- {name: third}\n",
        &[
            "- {name: team}\n",
            "- {name: third, slack_configs: [{channel: x}]}\n",
            "- {name: third, labels: {name: fourth}}\n",
            "- {name: third, webhook_configs: [~]}\n",
            "- {name: third, webhook_configs: [{url_file: a, url: 'http://x.example/'}]}\n",
        ],
    ),
    (
        "- source_matchers: [a=\"b\"]\n",
        &["- source_matchers: [a]\n", "- source_match_re: {a: '('}\n"],
    ),
    (
        "  target_matchers: [c=\"d\"]\n",
        &["  target_matchers: ['c=~\"[\"']\n", "  targets: []\n"],
    ),
    (
        "  equal: [alertname]\n",
        &["  equal: ['']\n", "  equal: alertname\n"],
    ),
    (
        "  - times: [{start_time: '00:00', end_time: '06:00'}]\n",
        &[
            "  - times: [{start_time: '00:00', end_time: '25:00'}]\n",
            "  - weekdays: [someday]\n",
        ],
    ),
];

/// While one of these is there, what depends on it cannot be told.
const HIDING: &[(&str, &[&str])] = &[
    // Keys that do not fit can only be compared once both can be read.
    (
        "        key_file: key.pem\n",
        &["        key_file: other-key.pem\n"],
    ),
    ("        cert_file: cert.pem\n", &["\n"]),
    // Who is not named may be anybody, and what is not read may hold any template.
    (
        "- {name: third}\n",
        &["- {nmae: third}\n", "- ~\n", "- [third]\n"],
    ),
    (
        "templates: ['sound*.tmpl']\n",
        &[
            "templates: ['broken.tmpl', 'open.tmpl']\n",
            "templates: ['latin1.tmpl']\n",
            "templates: ['[a']\n",
        ],
    ),
    ("- name: nights\n", &["- nmae: nights\n"]),
];

pub fn mistakes() -> Vec<Mistake> {
    let of = |table: &'static [(&'static str, &'static [&'static str])], hides_others| {
        table.iter().flat_map(move |(right, wrongs)| {
            wrongs.iter().map(move |wrong| Mistake {
                right,
                wrong,
                hides_others,
            })
        })
    };
    of(MISTAKES, false).chain(of(HIDING, true)).collect()
}

/// Files that are wrong from the ground up.
pub fn wrong_files() -> Vec<Vec<u8>> {
    let texts = [
        "",
        "[]\n",
        "no configuration\n",
        "route:\n\treceiver: team\nreceivers: [{name: team}]\n",
        "{{ config }}\n",
        "{% if x %}\nroute: {receiver: team}\n{% endif %}\nreceivers: [{name: team}]\n",
        "route: {receiver: {{ team }}}\nreceivers: [{name: team}]\n",
        "global:\nresolve_timeout: 5m\nsmtp_from: x\nroute: {receiver: team}\nreceivers: [{name: team}]\n",
        "route:\nreceiver: team\nreceivers: [{name: team}]\n",
        "receivers: [{name: team}]\n",
        "route: {receiver: team}\n",
        "route: {receiver: team, receiver: team}\nreceivers: [{name: team}]\n",
        "route: {receiver: team}\nreceivers: [{name: team}]\n---\n[\n",
        "a: &a [b, b]\nroute: *c\n",
        "route: !route {receiver: team}\nreceivers: [{name: team}]\n",
        "route: {receiver: \"te\\0am\"}\nreceivers: [{name: team}]\n",
    ];
    let mut files: Vec<Vec<u8>> = texts.into_iter().map(|text| text.into()).collect();
    files.push(format!("route: {}\n", "[".repeat(1000)).into());
    files.push(b"route: {receiver: te\xe4m}\n".to_vec());
    // UTF-16 that does not say so, that is cut, and that is sound but for what it says.
    files.push(utf16("route: {receiver: team}\n"));
    files.push([b"\xff\xfe".to_vec(), utf16(base()), b"x".to_vec()].concat());
    files.push([b"\xff\xfe".to_vec(), utf16("route: {receiver: team}\n")].concat());
    files
}

/// Files that are unusual and right.
pub fn sound_files() -> Vec<Vec<u8>> {
    let minimal = "route: {receiver: team}\nreceivers: [{name: team}]\n";
    let texts = [
        base().to_owned(),
        base().replace(
            "http://team.example/",
            "'http://team.example/{{ .Receiver }}'",
        ),
        base().replace("{text: sound}", "'{{ template \"a\" . }}'"),
        base().replace("http://team.example/", "http://team.example/$${TOKEN}"),
        base().replace("sound*.tmpl", "none*.tmpl"),
        format!("\u{feff}{minimal}"),
        format!("global:\n{minimal}"),
        // Nobody speaks to receivers in this way.
        format!("global: {{http_config: {{tls_config: {{ca_file: none.pem}}}}}}\n{minimal}"),
    ];
    let mut files: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    files.push([b"\xff\xfe".to_vec(), utf16(base())].concat());
    files
}

/// In little endian, without a byte order mark.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
