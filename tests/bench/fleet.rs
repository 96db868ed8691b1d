//! The alerts that both daemons are sent: a made-up fleet of hosts, about 460 bytes an alert.
//!
//! Owns the requests. A request is laid out once and only its digits change from one to the next,
//! so that the sender costs next to nothing beside the daemon that it measures.

use std::ops::Range;

/// Alerts of a request, as Prometheus batches them.
pub const BATCH: usize = 64;

/// One alert; runs of `#` take its number, `$` that of its group, `%` one of twenty kinds.
const PATTERN: &str = concat!(
    r#"{"labels":{"alertname":"HostDiskWillFill%%","cluster":"cluster-%%","instance":"host-#######:9100","#,
    r#""job":"JOB","service":"service-$$$$$$$","severity":"warning"},"#,
    r#""annotations":{"description":"The disk of host-####### has filled evenly for an hour","#,
    r#""summary":"The disk of host-####### is full soon"},"startsAt":"STARTS","endsAt":"ENDS","#,
    r#""generatorURL":"http://prometheus.example:9090/graph?g0.expr=predict_linear&g0.tab=1"}"#,
);

/// A fleet, by what its alerts have in common.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// The label `job`.
    pub job: String,
    /// Groups by `cluster` and `service` that its alerts fall into.
    pub groups: usize,
    /// When all of them began, as text.
    pub starts_at: String,
    /// When they end unless they are sent again, as text.
    pub ends_at: String,
}

/// Requests of one size, one after the other.
pub struct Requests {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    size: usize,
    groups: usize,
}

/// Digits of a request that depend on the alert.
struct Slot {
    at: Range<usize>,
    /// Position of the alert in its request.
    alert: usize,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Number,
    Group,
    OfTwenty,
}

impl Fleet {
    /// Requests with `size` alerts each.
    pub fn requests(&self, size: usize) -> Requests {
        let alert = PATTERN
            .replace("JOB", &self.job)
            .replace("STARTS", &self.starts_at)
            .replace("ENDS", &self.ends_at);
        let body = format!("[{}]", vec![alert; size].join(","));
        let bytes = post("/api/v2/alerts", body.as_bytes());
        Requests {
            slots: slots(&bytes),
            bytes,
            size,
            groups: self.groups,
        }
    }
}

impl Requests {
    /// The request with the alerts from number `first` on.
    pub fn from(&mut self, first: usize) -> &[u8] {
        for slot in &self.slots {
            let number = first + slot.alert;
            // The kind follows from the group, so that a group is one of a cluster.
            let group = number % self.groups;
            let value = match slot.kind {
                Kind::Number => number,
                Kind::Group => group,
                Kind::OfTwenty => group % 20,
            };
            write_digits(&mut self.bytes[slot.at.clone()], value);
        }
        &self.bytes
    }

    /// Alerts of each request.
    pub fn size(&self) -> usize {
        self.size
    }
}

/// A POST of JSON as bytes.
pub fn post(target: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Where the marks stand, in a request whose alerts each begin with the key `labels`.
fn slots(bytes: &[u8]) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut alerts_seen = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(br#"{"labels""#) {
            alerts_seen += 1;
        }
        let kind = match bytes[at] {
            b'#' => Kind::Number,
            b'$' => Kind::Group,
            b'%' => Kind::OfTwenty,
            _ => {
                at += 1;
                continue;
            }
        };
        let length = bytes[at..]
            .iter()
            .take_while(|it| **it == bytes[at])
            .count();
        slots.push(Slot {
            at: at..at + length,
            alert: alerts_seen - 1,
            kind,
        });
        at += length;
    }
    slots
}

fn write_digits(digits: &mut [u8], mut value: usize) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).expect("one digit");
        value /= 10;
    }
}
