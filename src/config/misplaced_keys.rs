//! Keys of a section that appear beside the section, because they are not indented.
//!
//! Owns the recognition of this one mistake, which would otherwise cause one fault per key, and one about a
//! section without contents. Pure; runs on the thread that loads the configuration.

use super::fault::Findings;
use super::file::FILE;
use super::global::GLOBAL;
use super::node::{Entry, Kind, Node};
use super::route::ROUTE;

/// Moves the keys after an empty section into that section, so that their other faults can be found, and
/// adds one fault for all of them.
pub fn put_in_place(root: &mut Node, findings: &mut Findings) {
    let Kind::Map(entries) = &mut root.kind else {
        return;
    };
    for (section, table) in [("global", &GLOBAL), ("route", &ROUTE)] {
        let empty = |entry: &Entry| entry.key == section && entry.value.kind == Kind::Null;
        let Some(index) = entries.iter().position(empty) else {
            continue;
        };
        let below = &entries[index + 1..];
        let count = below
            .iter()
            .take_while(|entry| !FILE.has(&entry.key))
            .count();
        let belongs = |entry: &&Entry| table.has(&entry.key);
        let Some(first) = below[..count].first().filter(belongs) else {
            continue;
        };
        let others = match count {
            1 => String::new(),
            _ => format!(" and {} more", count - 1),
        };
        let wrong = format!(
            "{section} is empty, and {}{others} below it stand beside it",
            first.key
        );
        findings.fault(
            first.place,
            wrong,
            "indent the keys of a section by two spaces",
        );
        let moved: Vec<Entry> = entries.drain(index + 1..=index + count).collect();
        entries[index].value.kind = Kind::Map(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    /// The keys at the top afterwards, and the faults.
    fn put(text: &str) -> (String, Vec<String>) {
        let mut findings = Findings::default();
        let mut root = yaml::parse(text).expect("the text is YAML").root;
        put_in_place(&mut root, &mut findings);
        let Kind::Map(entries) = &root.kind else {
            panic!("the top is a map");
        };
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let faults = findings.into_faults().into_iter().map(|(_, fault)| fault);
        (keys.join(" "), faults.collect())
    }

    #[test]
    fn keys_beside_their_empty_section_are_one_fault() {
        let (keys, faults) =
            put("global:\nresolve_timeout: 5m\nsmtp_form: x\nroute:\nreceiver: a\nreceivers: []\n");
        assert_eq!(keys, "global route receivers");
        assert_eq!(
            faults,
            [
                "global is empty, and resolve_timeout and 1 more below it stand beside it; indent the \
                 keys of a section by two spaces",
                "route is empty, and receiver below it stand beside it; indent the keys of a section by \
                 two spaces",
            ]
        );
    }

    #[test]
    fn keys_that_belong_to_no_empty_section_stay_where_they_are() {
        for (text, keys) in [
            (
                "global: {}\nresolve_timeout: 5m\n",
                "global resolve_timeout",
            ),
            ("global:\nreceivers: []\n", "global receivers"),
            ("global:\ncolour: red\n", "global colour"),
            (
                "route:\nmute_time_intervals: []\n",
                "route mute_time_intervals",
            ),
        ] {
            assert_eq!(put(text), (keys.to_owned(), Vec::new()), "{text}");
        }
    }
}
