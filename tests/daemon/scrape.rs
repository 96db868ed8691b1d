//! Parses the page of `/metrics` as strictly as Prometheus parses its text format.

use std::collections::BTreeMap;

/// All samples of one page by name with labels, as they stand there.
#[derive(Clone, Debug, PartialEq)]
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    /// Reads a page; panics at the first line that is none of the format, at a sample without a
    /// type, at one that is there twice, and if the page does not end as it must.
    pub fn read(page: &str) -> Self {
        assert!(page.ends_with('\n'), "the end of the page");
        let mut family = "";
        let mut samples = BTreeMap::new();
        for line in page.lines() {
            if let Some(described) = line.strip_prefix("# ") {
                family = family_of(described);
                continue;
            }
            let (name, value) = line.rsplit_once(' ').expect("a sample");
            assert!(name.starts_with(family), "{name} stands under {family}");
            let value = value.parse().expect("a number");
            let twice = samples.insert(name.to_owned(), value);
            assert_eq!(twice, None, "{name} is there twice");
        }
        Scrape(samples)
    }

    /// The value of a sample, which must be there.
    pub fn value(&self, name: &str) -> f64 {
        let value = self.0.get(name);
        *value.unwrap_or_else(|| panic!("no {name} among {:#?}", self.0.keys()))
    }

    /// How many connections and requests were turned away for `reason`.
    pub fn refused(&self, reason: &str) -> f64 {
        self.value(&format!(
            "alertwheel_http_refused_total{{reason=\"{reason}\"}}"
        ))
    }

    /// How much a sample grew since `before`, in which it may be missing.
    pub fn growth(&self, name: &str, before: &Scrape) -> f64 {
        self.value(name) - before.0.get(name).unwrap_or(&0.0)
    }
}

/// The family that a line such as `HELP name text` is about.
fn family_of(described: &str) -> &str {
    let mut words = described.split(' ');
    let what = words.next().expect("a keyword");
    assert!(matches!(what, "HELP" | "TYPE"), "{described}");
    words.next().expect("the name of a family")
}
