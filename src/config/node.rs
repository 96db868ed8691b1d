//! A configuration file as a tree: nulls, texts, lists and maps, each with its position in the file.
//!
//! Owns the rules of YAML that apply to every map: merge keys (`<<`) and duplicate keys. All texts are
//! source texts: `yes`, `017` and `2024-01-01` keep their spelling (§1.1). Pure; runs on the thread that
//! loads the configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{Findings, shown};

/// The position of a key or a value: its number, counted in the order of the document with aliases
/// expanded. `yaml::line_of` converts it into a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub usize);

/// A value and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The position in the file.
    pub place: Place,
    /// The value.
    pub kind: Kind,
    /// Whether a reader of values of any type takes this value for a text.
    pub tag: Tag,
}

/// How the YAML library classifies a scalar. A number in quotes is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A text.
    Text,
    /// A text that is marked with `!text`.
    Marked,
    /// A number, a boolean, null, a list or a map.
    Other,
}

/// The kind of a value. Numbers and booleans are scalars: the reader of a key knows the type it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`, `~`, or an empty value.
    Null,
    /// The source text, without quotes.
    Scalar(String),
    /// Items.
    List(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Whether the key is a text, not a number, a boolean or null.
    pub key_tag: Tag,
    /// The position of the key.
    pub place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Applies merge keys and refuses duplicate keys.
    ///
    /// As in Alertmanager's parser, the position of a merge key matters: its entries replace earlier entries
    /// and are replaced by later ones. Within a list of maps, the first map wins.
    pub fn settle(&mut self, findings: &mut Findings) {
        match &mut self.kind {
            Kind::Null | Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.settle(findings)),
            Kind::Map(entries) => {
                for entry in entries.iter_mut() {
                    entry.value.settle(findings);
                }
                *entries = settle_entries(std::mem::take(entries), findings);
            }
        }
    }

    /// Moves all positions behind those of the files before.
    pub fn shift(&mut self, by: usize) {
        self.place.0 += by;
        match &mut self.kind {
            Kind::Null | Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Kind::Map(entries) => {
                for entry in entries {
                    entry.place.0 += by;
                    entry.value.shift(by);
                }
            }
        }
    }

    /// The path of keys to `place`, such as `route.routes[0].group_wait`; empty at the top.
    pub fn path_of(&self, place: Place) -> Option<String> {
        if self.place == place {
            return Some(String::new());
        }
        match &self.kind {
            Kind::Null | Kind::Scalar(_) => None,
            Kind::List(items) => items.iter().enumerate().find_map(|(index, item)| {
                let rest = item.path_of(place)?;
                Some(join(&format!("[{index}]"), &rest))
            }),
            Kind::Map(entries) => entries.iter().find_map(|entry| {
                if entry.place == place {
                    return Some(shown(&entry.key));
                }
                let rest = entry.value.path_of(place)?;
                Some(join(&shown(&entry.key), &rest))
            }),
        }
    }

    /// Whether this is null, an empty list or an empty map.
    pub fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Null => true,
            Kind::Scalar(_) => false,
            Kind::List(items) => items.is_empty(),
            Kind::Map(entries) => entries.is_empty(),
        }
    }
}

fn join(head: &str, rest: &str) -> String {
    let separator = if rest.is_empty() || rest.starts_with('[') {
        ""
    } else {
        "."
    };
    format!("{head}{separator}{rest}")
}

/// The entries of a map under construction, with the position of each key.
#[derive(Default)]
struct Settled {
    entries: Vec<Entry>,
    positions: BTreeMap<String, usize>,
}

impl Settled {
    fn put(&mut self, entry: Entry) {
        match self.positions.get(&entry.key) {
            Some(position) => self.entries[*position] = entry,
            None => {
                self.positions.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }
}

fn settle_entries(entries: Vec<Entry>, findings: &mut Findings) -> Vec<Entry> {
    let mut settled = Settled::default();
    let mut given = BTreeSet::new();
    let mut refused = BTreeSet::new();
    for entry in entries {
        if entry.key == "<<" {
            merge(entry, &mut settled, findings);
        } else if given.insert(entry.key.clone()) {
            settled.put(entry);
        } else if refused.insert(entry.key.clone()) {
            let fault = format!("key \"{}\" already set in map", shown(&entry.key));
            findings.fault(entry.place, fault, "keep one of the two");
            settled.put(entry);
        }
    }
    settled.entries
}

fn merge(entry: Entry, settled: &mut Settled, findings: &mut Findings) {
    let sources = match entry.value.kind {
        Kind::List(items) => items,
        _ => vec![entry.value],
    };
    for source in sources.into_iter().rev() {
        match source.kind {
            Kind::Map(entries) => entries.into_iter().for_each(|entry| settled.put(entry)),
            _ => findings.fault(
                source.place,
                "map merge requires map or sequence of maps as the value",
                "write an alias of a map, such as <<: *defaults",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn settled(text: &str) -> (Node, Findings) {
        let mut findings = Findings::default();
        let mut root = yaml::parse(text).expect("the text is YAML").root;
        root.settle(&mut findings);
        (root, findings)
    }

    fn keys_and_values(node: &Node) -> String {
        let Kind::Map(entries) = &node.kind else {
            return format!("{:?}", node.kind);
        };
        let pairs: Vec<String> = entries
            .iter()
            .map(|entry| match &entry.value.kind {
                Kind::Scalar(text) => format!("{}={text}", entry.key),
                _ => entry.key.clone(),
            })
            .collect();
        pairs.join(" ")
    }

    #[test]
    fn a_merge_key_acts_where_it_stands() {
        let (before, _) = settled("<<: {a: 1, b: 1}\nb: 2\n");
        assert_eq!(keys_and_values(&before), "a=1 b=2");
        let (after, findings) = settled("b: 2\n<<: {a: 1, b: 1}\n");
        assert_eq!(keys_and_values(&after), "b=1 a=1");
        assert!(findings.is_sound());
    }

    #[test]
    fn the_first_of_several_merged_maps_wins() {
        let (root, _) = settled("<<: [{a: 1}, {a: 2, b: 2}]\n");
        assert_eq!(keys_and_values(&root), "a=1 b=2");
    }

    #[test]
    fn only_maps_can_be_merged() {
        let (_, findings) = settled("<<: x\n");
        assert!(!findings.is_sound());
    }

    #[test]
    fn a_key_given_three_times_is_one_fault_at_the_second() {
        let (root, findings) = settled("a: {b: 1, b: 2, b: 3}\n");
        let faults = findings.into_faults();
        assert_eq!(faults.len(), 1);
        assert_eq!(root.path_of(faults[0].0).as_deref(), Some("a.b"));
        assert!(faults[0].1.starts_with("key \"b\" already set in map"));
    }

    #[test]
    fn a_path_leads_through_maps_and_lists() {
        let (root, _) = settled("a:\n- b: [x, {c: y}]\n");
        // 0 is the top, 1 and 2 are `a` and its list, 3 its item, 4 and 5 `b` and its list.
        let paths: Vec<_> = (0..10)
            .map(|number| root.path_of(Place(number)).unwrap_or_else(|| "-".into()))
            .collect();
        assert_eq!(
            paths.join(" "),
            " a a a[0] a[0].b a[0].b a[0].b[0] a[0].b[1] a[0].b[1].c a[0].b[1].c"
        );
    }
}
