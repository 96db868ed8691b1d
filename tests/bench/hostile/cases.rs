//! The inputs: what each of them sends, all in the sizes at which it once stopped the daemon.
//!
//! A name with a plus is for the most of the same kind that the daemon takes.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::attack::Attack;
use super::colliding;
use super::site::Site;
use crate::fleet::post;
use crate::time::{millis, pause, wall};

/// An input.
#[derive(Clone, Copy)]
pub struct Case {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it is, for the table.
    pub about: &'static str,
    /// Makes what it needs beforehand.
    pub prepare: fn(&Site),
    /// What is done, each by a thread of its own.
    pub parts: &'static [fn(&Attack<'_>)],
}

/// All of them, and first what is there without any.
pub const ALL: [Case; 13] = [
    Case {
        name: "calm",
        about: "nothing hostile",
        prepare: read_all,
        parts: &[],
    },
    Case {
        name: "H1",
        about: "reads with 100 filters of 9 MB each once compiled, beside reads with the largest one taken",
        prepare: read_all,
        parts: &[
            read_by_huge_filters,
            read_by_huge_filters,
            read_by_a_large_filter,
        ],
    },
    Case {
        name: "H2",
        about: "silences of 100 regexes of 9 MB each once compiled",
        prepare: read_all,
        parts: &[post_huge_silences, post_huge_silences],
    },
    Case {
        name: "H2+",
        about: "as many silences of large regexes as are taken, each tried on each alert",
        prepare: read_all,
        parts: &[post_large_silences],
    },
    Case {
        name: "H3",
        about: "labels of 1 MB for silences that look for an a 900 letters before an y",
        prepare: read_all,
        parts: &[post_huge_labels],
    },
    Case {
        name: "H3+",
        about: "1,000 labels a second, each as large as such a regex is tried on",
        prepare: prepare_slow_silence,
        parts: &[post_large_labels],
    },
    Case {
        name: "H4",
        about: "2 clients that probe without end, 20 probes at once, and scrapes",
        prepare: read_all,
        parts: &[probe, probe, probe_at_once, scrape],
    },
    Case {
        name: "H5",
        about: "alerts of 1.1 million labels, and 100 of 1,000 a second, for 3 silences of 1,000 matchers",
        prepare: prepare_wide_silences,
        parts: &[post_huge_alerts, post_wide_alerts],
    },
    Case {
        name: "H6",
        about: "2,000 new alerts a second beside 20,000 expired silences with regexes",
        prepare: prepare_expired_silences,
        parts: &[post_new_alerts],
    },
    Case {
        name: "H7",
        about: "10,000 critical alerts that inhibit 10,000 warnings; reads, scrapes and flushes",
        prepare: read_all,
        parts: &[post_and_read_inhibited, scrape],
    },
    Case {
        name: "H8",
        about: "200,000 alerts whose fingerprints share 22 bits, then again 20,000 at a time",
        prepare: read_all,
        parts: &[post_colliding],
    },
    Case {
        name: "H10",
        about: "4 readers at 72 KB/s; posts of 64 KiB may not be refused",
        prepare: read_all,
        parts: &[
            read_slowly,
            read_slowly,
            read_slowly,
            read_slowly,
            post_large_batches,
        ],
    },
    Case {
        name: "H10+",
        about: "4 first reads of all, for which each alert is held against silences",
        prepare: nothing,
        parts: &[read_all_once, read_all_once, read_all_once, read_all_once],
    },
];

/// Compiles to nine megabytes if it is let.
const HUGE_REGEX: &str = r"(?i)\pL{190}";

fn nothing(_: &Site) {}

/// Has all alerts held against all silences, so that what is remembered of that counts as calm.
fn read_all(site: &Site) {
    site.connect().get("/api/v2/alerts");
}

fn read_all_once(attack: &Attack<'_>) {
    attack.look_up_all();
    attack.ask(&mut attack.site.connect(), &get("/api/v2/alerts"));
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

fn read_by_huge_filters(attack: &Attack<'_>) {
    let filter = "filter=a%3D~%22(%3Fi)%5C%5CpL%7B190%7D%22";
    let request = get(&format!("/api/v2/alerts?{}", [filter; 100].join("&")));
    attack.repeat(millis(5), |_| request.clone());
}

/// It matches no alert, which takes a look at each.
fn read_by_a_large_filter(attack: &Attack<'_>) {
    let request = get("/api/v2/alerts?filter=instance%3D~%22(%3Fi)%5C%5CpL%7B15%7D%22");
    attack.repeat(Duration::ZERO, |_| request.clone());
}

fn matcher(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value, "isRegex": true})
}

fn silence(matchers: &[Value], ends_at: &str) -> Value {
    json!({
        "matchers": matchers,
        "startsAt": wall().to_string(),
        "endsAt": ends_at,
        "createdBy": "eve",
        "comment": "hostile",
    })
}

fn silence_request(matchers: &[Value], attack: &Attack<'_>) -> Vec<u8> {
    post(
        "/api/v2/silences",
        &bytes(&silence(matchers, &attack.ends_at)),
    )
}

fn post_huge_silences(attack: &Attack<'_>) {
    let matchers = vec![matcher("a", HUGE_REGEX); 100];
    attack.repeat(millis(5), |_| silence_request(&matchers, attack));
}

fn post_large_silences(attack: &Attack<'_>) {
    attack.repeat(millis(10), |number| {
        let regex = format!(r".*(?i)\pL{{15}}{number}");
        silence_request(&[matcher("instance", &regex)], attack)
    });
}

/// Random text of a and b, the same at each run.
fn letters(seed: usize, count: usize) -> String {
    let mut state = u64::try_from(seed).expect("a number") + 1;
    let letter = |_| {
        // Knuth's generator, whose high bits are as good as random.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if state >> 63 == 0 { 'a' } else { 'b' }
    };
    (0..count).map(letter).collect()
}

fn large_label(number: usize, bytes: usize, ends_at: &str) -> Value {
    json!({
        "labels": {
            "alertname": "Large",
            "job": "hostile",
            "instance": number.to_string(),
            "a": letters(number, bytes) + "y",
        },
        "endsAt": ends_at,
    })
}

fn slow_regex(number: usize) -> String {
    format!(".*a.{{{}}}y", 900 + number)
}

/// Each second a silence and an alert, which are tried on all alerts and silences before.
fn post_huge_labels(attack: &Attack<'_>) {
    let mut connection = attack.site.connect();
    attack.repeat(Duration::from_secs(1), |number| {
        let body = bytes(&json!([large_label(number, 1_000_000, &attack.ends_at)]));
        attack.post_alerts(&mut connection, 0, &body);
        silence_request(&[matcher("a", &slow_regex(number))], attack)
    });
}

fn prepare_slow_silence(site: &Site) {
    read_all(site);
    let ends_at = (wall() + Duration::from_secs(3600)).to_string();
    site.tell(
        "/api/v2/silences",
        &silence(&[matcher("a", &slow_regex(0))], &ends_at),
    );
}

fn post_large_labels(attack: &Attack<'_>) {
    let mut connection = attack.site.connect();
    let count = attack.site.sizes.count(1_000);
    attack.each_second(|round| {
        let numbers = (round * count)..((round + 1) * count);
        let alerts: Value = numbers
            .map(|number| large_label(number, 4_000, &attack.ends_at))
            .collect();
        attack.post_alerts(&mut connection, count, &bytes(&alerts));
    });
}

fn probe(attack: &Attack<'_>) {
    attack.repeat(Duration::ZERO, |_| get("/-/ready"));
}

fn probe_at_once(attack: &Attack<'_>) {
    while !attack.is_over() {
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| attack.ask(&mut attack.site.connect(), &get("/-/ready")));
            }
        });
        pause(millis(200));
    }
}

fn scrape(attack: &Attack<'_>) {
    attack.repeat(millis(100), |_| get("/metrics"));
}

fn prepare_wide_silences(site: &Site) {
    read_all(site);
    let ends_at = (wall() + Duration::from_secs(3600)).to_string();
    for number in 0..3 {
        let other = |label: usize| json!({"name": format!("l{label}"), "value": number.to_string(), "isEqual": false, "isRegex": false});
        let mut matchers: Vec<Value> = (1..1_000).map(other).collect();
        // One has to ask for something.
        matchers.push(json!({"name": "job", "value": "hostile", "isRegex": false}));
        site.tell("/api/v2/silences", &silence(&matchers, &ends_at));
    }
}

/// An alert with so many labels beside four others.
fn wide_alert(number: usize, labels: usize, ends_at: &str) -> String {
    let mut text = format!(
        r#"{{"endsAt":"{ends_at}","labels":{{"alertname":"Wide","job":"hostile","instance":"{number}""#
    );
    for label in 0..labels {
        let _ = write!(text, r#","l{label}":"x""#);
    }
    text + "}}"
}

fn post_huge_alerts(attack: &Attack<'_>) {
    let body = format!("[{}]", wide_alert(0, 1_000_000, &attack.ends_at));
    let request = post("/api/v2/alerts", body.as_bytes());
    attack.repeat(millis(500), |_| request.clone());
}

fn post_wide_alerts(attack: &Attack<'_>) {
    let mut connection = attack.site.connect();
    attack.each_second(|round| {
        let numbers = (round * 100)..(round * 100 + 100);
        let alerts: Vec<String> = numbers
            .map(|number| wide_alert(number, 990, &attack.ends_at))
            .collect();
        let body = format!("[{}]", alerts.join(","));
        // Each takes as much as forty of the usual size, most of which is its labels.
        attack.post_alerts(&mut connection, 0, body.as_bytes());
    });
}

fn prepare_expired_silences(site: &Site) {
    read_all(site);
    let mut connection = site.connect();
    for number in 0..site.sizes.count(20_000) {
        let ends_at = (wall() + millis(1_500)).to_string();
        let silence = silence(
            &[matcher("instance", &format!("gone-{number}-.*"))],
            &ends_at,
        );
        connection.tell(&post("/api/v2/silences", &bytes(&silence)));
    }
    site.wait_for_silences_to_end();
}

/// Alerts of one name with these numbers.
fn plain_alerts(
    numbers: std::ops::Range<usize>,
    name: &str,
    severity: &str,
    ends_at: &str,
) -> String {
    let alert = |number| {
        format!(
            r#"{{"endsAt":"{ends_at}","labels":{{"alertname":"{name}","job":"hostile","severity":"{severity}","instance":"{number}"}}}}"#
        )
    };
    let alerts: Vec<String> = numbers.map(alert).collect();
    format!("[{}]", alerts.join(","))
}

fn post_new_alerts(attack: &Attack<'_>) {
    let mut connection = attack.site.connect();
    let count = attack.site.sizes.count(2_000);
    attack.each_second(|round| {
        let numbers = (round * count)..((round + 1) * count);
        let body = plain_alerts(numbers, "New", "warning", &attack.ends_at);
        attack.post_alerts(&mut connection, count, body.as_bytes());
    });
}

fn post_and_read_inhibited(attack: &Attack<'_>) {
    let mut connection = attack.site.connect();
    let count = attack.site.sizes.count(10_000);
    for severity in ["critical", "warning"] {
        let body = plain_alerts(0..count, "Storm", severity, &attack.ends_at);
        attack.post_alerts(&mut connection, count, body.as_bytes());
    }
    let request = get("/api/v2/alerts?filter=alertname%3DStorm");
    attack.repeat(millis(100), |_| request.clone());
}

fn post_colliding(attack: &Attack<'_>) {
    let labels = colliding::labels(attack.site.sizes.count(200_000));
    let batches: Vec<Vec<u8>> = labels
        .chunks(20_000)
        .map(|batch| colliding_alerts(batch, &attack.ends_at).into_bytes())
        .collect();
    let mut connection = attack.site.connect();
    for (batch, labels) in batches.iter().zip(labels.chunks(20_000)) {
        attack.post_alerts(&mut connection, labels.len(), batch);
    }
    let again = |number: usize| post("/api/v2/alerts", &batches[number % batches.len()]);
    attack.repeat(millis(100), again);
}

fn colliding_alerts(labels: &[[String; 2]], ends_at: &str) -> String {
    let alert = |[name, instance]: &[String; 2]| {
        format!(
            r#"{{"endsAt":"{ends_at}","labels":{{"alertname":"{name}","instance":"{instance}","job":"hostile"}}}}"#
        )
    };
    let alerts: Vec<String> = labels.iter().map(alert).collect();
    format!("[{}]", alerts.join(","))
}

/// Reads an answer of some 16 MiB as slowly as is allowed, and leaves.
fn read_slowly(attack: &Attack<'_>) {
    const PACE: Duration = millis(100);
    const PIECE: usize = 7_200;
    let mut stream = TcpStream::connect(attack.site.daemon.address()).expect("the daemon listens");
    let request = get("/api/v2/alerts?filter=cluster%3D~%22cluster-0%5B0-2%5D%22");
    stream.write_all(&request).expect("a connection");
    let mut piece = vec![0; PIECE];
    let head = stream.read(&mut piece).expect("an answer");
    let status = piece[..head]
        .get(9..12)
        .and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    attack.count_status(status.expect("a status"));
    while !attack.is_over() && stream.read(&mut piece).is_ok_and(|read| read > 0) {
        pause(PACE);
    }
}

/// Alerts that are known already, as Prometheus sends them again: 64 KiB of them.
fn post_large_batches(attack: &Attack<'_>) {
    let mut requests = attack
        .site
        .fleet()
        .requests(140.min(attack.site.sizes.alerts));
    let mut connection = attack.site.connect();
    while !attack.is_over() {
        attack.must_be_taken(&mut connection, requests.from(0));
        pause(millis(50));
    }
}
