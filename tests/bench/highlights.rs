//! The figures that etc/cost.md shows, in a table and in a picture.

use crate::results::{Results, Row};

/// Load, figure, and what the page calls it.
const SHOWN: [(&str, &str, &str); 27] = [
    ("ingest", "CPU per fresh alert", "CPU to take an alert in"),
    (
        "ingest",
        "CPU per alert sent again",
        "CPU to take it in again",
    ),
    ("ingest", "resident with all", "memory with 200,000 alerts"),
    (
        "groups",
        "CPU per group",
        "CPU to tell one of 20,000 groups",
    ),
    ("groups", "peak", "memory for that, at most"),
    ("groups", "told after being due", "time until all are told"),
    ("groups", "connections opened", "connections for that"),
    (
        "singles",
        "CPU per alert",
        "CPU to pass one alert on at once",
    ),
    (
        "singles",
        "from POST to webhook, median",
        "time for that, median",
    ),
    ("singles", "from POST to webhook, p99", "time for that, p99"),
    ("reads", "all alerts", "time to read 200,000 alerts"),
    ("reads", "all groups", "time to read them by group"),
    ("reads", "one alert by a filter", "time to find one of them"),
    (
        "silences",
        "CPU per group told",
        "CPU to tell a group, 10,000 silences",
    ),
    (
        "bystander",
        "from POST to webhook beside, p99",
        "p99 beside 10,000 groups that hang",
    ),
    (
        "hung",
        "from POST to page beside 64 that hang",
        "page beside 64 receivers that hang",
    ),
    (
        "slow",
        "and was answered after",
        "60 groups told, 3 s an answer",
    ),
    (
        "slow",
        "2,000 at 0.5 s: all told after",
        "2,000 groups told, 0.5 s an answer",
    ),
    (
        "slow",
        "2,000 at 0.5 s: most connections at once",
        "connections for that at once",
    ),
    (
        "throttle",
        "fixed windows: all told after",
        "100 groups told, 5 in 2 s taken",
    ),
    (
        "throttle",
        "fixed windows: refused webhooks",
        "webhooks refused meanwhile",
    ),
    (
        "mixed",
        "from POST to page, p99",
        "p99 of a page in a mixed fleet",
    ),
    (
        "ipv6-hole",
        "first page after",
        "first page where IPv6 is a hole",
    ),
    (
        "moves",
        "told after the move",
        "page after a receiver moved",
    ),
    ("idle", "private after 5 s", "private memory when idle"),
    ("idle", "ready after", "time from start to ready"),
    ("idle", "program", "size of the program"),
];

/// A row with its name for the page.
pub fn of(results: &Results) -> Vec<(&'static str, &Row)> {
    let found = SHOWN.iter().filter_map(|(load, name, label)| {
        let row = results.of(load).find(|row| row.name == *name)?;
        Some((*label, row))
    });
    found.collect()
}
