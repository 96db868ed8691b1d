//! Parses a page of metrics in Prometheus' text format.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of a sample by name.
pub type Labels = BTreeMap<String, String>;

/// All families of a page by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape(pub BTreeMap<String, Family>);

/// A family with its samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// Such as `counter`.
    pub kind: String,
    /// By the name of the sample, which for histograms and summaries has a suffix, and labels.
    pub samples: BTreeMap<(String, Labels), f64>,
}

impl Scrape {
    /// Reads a page; panics at what is none of the format.
    pub fn read(page: &str) -> Scrape {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a type");
                current = name.to_owned();
                let family = Family {
                    kind: kind.to_owned(),
                    samples: BTreeMap::new(),
                };
                let twice = families.insert(current.clone(), family);
                assert_eq!(twice, None, "{name} is declared once");
            } else if !line.starts_with("# HELP ") {
                let (series, value) = line.rsplit_once(' ').expect("a sample");
                let (name, labels) = series_of(series);
                assert!(name.starts_with(&current), "{name} stands under {current}");
                let family = families.get_mut(&current).expect("a type before samples");
                let value = value.parse().expect("a number");
                let twice = family.samples.insert((name, labels), value);
                assert_eq!(twice, None, "{series} is there once");
            }
        }
        Scrape(families)
    }

    /// The sum of the samples of this name that have all of `labels`.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let families = self.0.values();
        let samples = families.flat_map(|family| &family.samples);
        let is_meant = |found: &Labels| {
            let mut wanted = labels.iter();
            wanted.all(|(name, value)| found.get(*name).is_some_and(|it| it == value))
        };
        samples
            .filter(|((sample, found), _)| sample == name && is_meant(found))
            .map(|(_, value)| value)
            .sum()
    }
}

impl Family {
    /// Which names of labels its samples have.
    pub fn label_names(&self) -> BTreeSet<Vec<&str>> {
        let samples = self.samples.keys();
        samples
            .map(|(_, labels)| labels.keys().map(String::as_str).collect())
            .collect()
    }
}

/// A name and its labels, of `name{a="b",c="d"}`.
fn series_of(series: &str) -> (String, Labels) {
    let Some((name, rest)) = series.split_once('{') else {
        return (series.to_owned(), Labels::new());
    };
    let mut rest = rest.strip_suffix('}').expect("a closing brace");
    let mut labels = Labels::new();
    while !rest.is_empty() {
        let (label, behind) = rest.split_once("=\"").expect("a label and its value");
        let end = end_of_value(behind);
        labels.insert(label.to_owned(), behind[..end].to_owned());
        rest = &behind[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    (name.to_owned(), labels)
}

/// Where the quote is that no backslash hides.
fn end_of_value(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.find(|next| {
        let ends = next == '"' && !is_escaped;
        is_escaped = next == '\\' && !is_escaped;
        ends
    });
    end.expect("a closing quote")
}
