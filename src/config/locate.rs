//! The files of a configuration, their trees joined into one, and the way back from a place to its line.
//!
//! Owns how files are joined: lists one after another, `global` and `route` key by key, and every name once.
//! The places of each file follow those of the file before. Reads nothing. Pure; runs on the thread that
//! loads the configuration.

use std::collections::BTreeMap;
use std::fmt;

use super::fault::{Fault, Faults, Findings, shown};
use super::node::{Entry, Kind, Node, Place};
use super::yaml;
use crate::limits::{CONFIG_FAULTS, CONFIG_LOCATE_BYTES};

/// A file of a configuration.
#[derive(Debug)]
pub struct Part<'t> {
    /// The name of the file in faults.
    pub name: &'t str,
    /// The text of the file.
    pub text: &'t str,
    /// Its tree, whose places begin at `first`.
    pub root: Node,
    /// The place of the tree's root.
    pub first: usize,
}

/// Finds the lines and key paths of findings.
#[derive(Debug)]
pub struct Locator<'t> {
    parts: Vec<Part<'t>>,
}

impl<'t> Locator<'t> {
    /// For the only file.
    pub fn of_one(name: &'t str, text: &'t str, root: Node) -> Self {
        Locator::of(vec![Part {
            name,
            text,
            root,
            first: 0,
        }])
    }

    /// For several files, of which there is at least one.
    pub fn of(parts: Vec<Part<'t>>) -> Self {
        debug_assert!(!parts.is_empty(), "a configuration has a file");
        Locator { parts }
    }

    /// The faults with their lines.
    pub fn faults(&self, findings: Findings) -> Faults {
        let omitted = findings.omitted();
        let found = findings.into_faults();
        let told = found.len().min(self.affordable());
        Faults {
            omitted: omitted + found.len() - told,
            faults: found
                .into_iter()
                .take(told)
                .map(|(place, message)| self.locate(place, message))
                .collect(),
        }
    }

    /// The warnings with their lines, each as a line.
    pub fn warnings(&self, findings: Findings) -> Vec<String> {
        findings
            .into_warnings()
            .into_iter()
            .take(self.affordable())
            .map(|(place, message)| self.locate(place, message).to_string())
            .collect()
    }

    /// The maximum number of lookups; each costs a walk over the text of a file.
    fn affordable(&self) -> usize {
        let longest = self.parts.iter().map(|part| part.text.len()).max();
        (CONFIG_LOCATE_BYTES / longest.unwrap_or(0).max(1)).clamp(1, CONFIG_FAULTS)
    }

    fn locate(&self, place: Place, message: String) -> Fault {
        let part = self.part_of(place);
        Fault {
            file: part.name.to_owned(),
            line: line_in(part, place),
            path: part.root.path_of(place).unwrap_or_default(),
            message,
        }
    }

    fn part_of(&self, place: Place) -> &Part<'t> {
        let behind = self.parts.partition_point(|part| part.first <= place.0);
        &self.parts[behind.saturating_sub(1)]
    }

    /// `file:line` of a place.
    fn shown(&self, place: Place) -> impl fmt::Display {
        fmt::from_fn(move |out| {
            let part = self.part_of(place);
            match line_in(part, place) {
                Some(line) => write!(out, "{}:{line}", part.name),
                None => out.write_str(part.name),
            }
        })
    }

    /// The tree of all files. Of what is there twice, the first stays.
    pub fn joined(&self, findings: &mut Findings) -> Node {
        let first = &self.parts[0].root;
        let mut joining = Joining {
            files: self,
            entries: Vec::new(),
            names: BTreeMap::new(),
        };
        let mut is_null = true;
        for part in &self.parts {
            match &part.root.kind {
                Kind::Null => {}
                Kind::Map(entries) => {
                    is_null = false;
                    for entry in entries {
                        joining.add(entry, part.first, findings);
                    }
                }
                Kind::Scalar(_) | Kind::List(_) => {
                    let wrong = "a file of a configuration is a map of keys";
                    findings.fault(part.root.place, wrong, "write keys such as receivers");
                }
            }
        }
        Node {
            place: first.place,
            kind: if is_null {
                Kind::Null
            } else {
                Kind::Map(joining.entries)
            },
            tag: first.tag,
        }
    }

    /// The tree of the only file; `None` if there are several.
    pub fn only(&self) -> Option<&Node> {
        match self.parts.as_slice() {
            [part] => Some(&part.root),
            _ => None,
        }
    }
}

fn line_in(part: &Part<'_>, place: Place) -> Option<usize> {
    yaml::line_of(part.text, Place(place.0.checked_sub(part.first)?))
}

struct Joining<'l, 't> {
    files: &'l Locator<'t>,
    entries: Vec<Entry>,
    /// The names in lists, by what they name, with the file and the place of each.
    names: BTreeMap<(&'l str, &'l str), (usize, Place)>,
}

impl<'l> Joining<'l, '_> {
    /// Adds a top-level key of the file that begins at `file`.
    fn add(&mut self, entry: &'l Entry, file: usize, findings: &mut Findings) {
        let mut entry_to_add = entry.clone();
        if let (Kind::List(given), Kind::List(items)) =
            (&entry.value.kind, &mut entry_to_add.value.kind)
        {
            let keeps: Vec<bool> = given
                .iter()
                .map(|item| self.is_new(&entry.key, item, file, findings))
                .collect();
            let mut keeps = keeps.into_iter();
            items.retain(|_| keeps.next().unwrap_or(true));
        }
        match self.entries.iter_mut().find(|known| known.key == entry.key) {
            None => self.entries.push(entry_to_add),
            Some(known) => {
                let may_merge = matches!(entry.key.as_str(), "global" | "route");
                join(self.files, known, entry_to_add, may_merge, findings);
            }
        }
    }

    /// Whether an item of a list has a name that no other file has given. Names that a file gives twice by
    /// itself are left to the checks of its section.
    fn is_new(
        &mut self,
        list: &'l str,
        item: &'l Node,
        file: usize,
        findings: &mut Findings,
    ) -> bool {
        let named = match list {
            // Rules may share a name.
            "inhibit_rules" => return true,
            // Both lists name intervals.
            "mute_time_intervals" => "time_intervals",
            list => list,
        };
        let Kind::Map(entries) = &item.kind else {
            return true;
        };
        let name = entries.iter().find(|entry| entry.key == "name");
        let Some((place, Kind::Scalar(name))) =
            name.map(|entry| (entry.value.place, &entry.value.kind))
        else {
            return true;
        };
        match self.names.get(&(named, name.as_str())) {
            None => {
                self.names.insert((named, name), (file, place));
                true
            }
            Some((known, _)) if *known == file => true,
            Some((_, known)) => {
                let wrong = fmt::from_fn(|out| {
                    let name = shown(name);
                    write!(out, "\"{name}\" is also in {}", self.files.shown(*known))
                });
                findings.fault(place, wrong, "keep one of the two, or give it another name");
                false
            }
        }
    }
}

/// Adds `entry` to one of the same key in an earlier file.
fn join(
    files: &Locator<'_>,
    known: &mut Entry,
    entry: Entry,
    may_merge: bool,
    findings: &mut Findings,
) {
    match (&mut known.value.kind, entry.value.kind) {
        (_, Kind::Null) => {}
        (Kind::Null, kind) => {
            known.value.kind = kind;
            known.value.place = entry.value.place;
            known.place = entry.place;
        }
        (Kind::List(items), Kind::List(more)) => items.extend(more),
        (Kind::Map(entries), Kind::Map(more)) if may_merge => {
            for entry in more {
                match entries.iter_mut().find(|known| known.key == entry.key) {
                    None => entries.push(entry),
                    Some(known) if known.key == "routes" => {
                        join(files, known, entry, false, findings);
                    }
                    Some(known) => is_there_twice(files, known, entry.place, findings),
                }
            }
        }
        _ => is_there_twice(files, known, entry.place, findings),
    }
}

fn is_there_twice(files: &Locator<'_>, known: &Entry, place: Place, findings: &mut Findings) {
    let wrong = fmt::from_fn(|out| {
        let key = shown(&known.key);
        write!(out, "{key} is also in {}", files.shown(known.place))
    });
    findings.fault(place, wrong, "keep one of the two");
}
