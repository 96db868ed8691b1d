//! What the release binary is made of beside our own code, and under which licences.
//!
//! Owns `etc/third-party.md`, the notices that go with the binary: they list what cargo links into it,
//! no more and no less. `UPDATE_THIRD_PARTY=1 cargo test --test tidy third_party` writes the list anew.
//! Which licences may be in it says `etc/deny.toml`, for cargo-deny and for the test here, which needs
//! no network and no tool that has to be installed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What releases are built for. Others link a crate more or less.
const TARGET: &str = "x86_64-unknown-linux-gnu";

const HEAD: &str = "\
# Third-party notices

What the release binary links for x86_64-unknown-linux-gnu beside alertwheel's own code and Rust's standard
library. The licence texts stand in the sources of each crate. Made by a test, which also sees that it is
not stale; after a change of dependencies:

    UPDATE_THIRD_PARTY=1 cargo test --test tidy third_party

| crate | version | licence | source |
|---|---|---|---|
";

/// A crate that is linked.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Linked {
    name: String,
    version: String,
    licence: String,
    repository: String,
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What cargo links into the binary, by name. Macros run while it is built, and are not in it.
fn linked() -> Vec<Linked> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(top()).args([
        "tree",
        "--locked",
        "--offline",
        "--edges=normal,no-proc-macro",
        "--prefix=none",
        "--no-dedupe",
        "--format={p}|{l}|{r}",
        "--target",
        TARGET,
    ]);
    let said = cargo.output().expect("cargo, which runs this test");
    let complaint = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "cargo tree: {complaint}");
    let tree = String::from_utf8(said.stdout).expect("names of crates are ASCII");
    let mut linked: Vec<Linked> = tree.lines().filter_map(read).collect();
    linked.sort();
    linked.dedup();
    linked
}

/// A line such as `md5 v0.8.1|MIT|https://…`; `None` for our own crate.
fn read(line: &str) -> Option<Linked> {
    let mut parts = line.split('|');
    let (package, licence, repository) = (parts.next()?, parts.next()?, parts.next()?);
    let (name, version) = package.split_once(" v")?;
    if name == env!("CARGO_PKG_NAME") {
        return None;
    }
    let repository = match repository {
        "" => format!("https://crates.io/crates/{name}"),
        named => named.to_owned(),
    };
    Some(Linked {
        name: name.to_owned(),
        version: version.split(' ').next()?.to_owned(),
        licence: licence.to_owned(),
        repository,
    })
}

fn page(linked: &[Linked]) -> String {
    let rows = linked.iter().map(|one| {
        format!(
            "| {} | {} | {} | {} |\n",
            one.name, one.version, one.licence, one.repository
        )
    });
    let rows: String = rows.collect();
    format!("{HEAD}{rows}")
}

/// The licences of the list `allow` in `etc/deny.toml`.
fn allowed() -> Vec<String> {
    let settings = fs::read_to_string(top().join("etc/deny.toml")).expect("etc/deny.toml");
    let (_, list) = settings
        .split_once("\nallow = [")
        .expect("a list of licences");
    let (list, _) = list.split_once(']').expect("the end of that list");
    let lines = list
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let texts: String = lines.collect();
    let texts = texts.split('"').skip(1).step_by(2);
    texts.map(str::to_owned).collect()
}

/// Whether one may use what is under this licence expression, given these licences.
fn may_use(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.trim();
    if let Some((first, rest)) = split(expression, " OR ") {
        return may_use(first, allowed) || may_use(rest, allowed);
    }
    if let Some((first, rest)) = split(expression, " AND ") {
        return may_use(first, allowed) && may_use(rest, allowed);
    }
    let inner = expression.strip_prefix('(');
    match inner.and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => may_use(inner, allowed),
        None => allowed.iter().any(|licence| licence == expression),
    }
}

/// The expression before and after the first such word that stands in no brackets.
fn split<'a>(expression: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let is_outside = |at: &usize| {
        let before = &expression[..*at];
        before.matches('(').count() == before.matches(')').count()
    };
    let mut found = expression.match_indices(word).map(|(at, _)| at);
    let at = found.find(is_outside)?;
    Some((&expression[..at], &expression[at + word.len()..]))
}

#[test]
fn the_notices_list_what_the_binary_links() {
    let path = top().join("etc/third-party.md");
    let page = page(&linked());
    if std::env::var_os("UPDATE_THIRD_PARTY").is_some() {
        fs::write(&path, &page).expect("a file of the project");
    }
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let is_stale = "etc/third-party.md is stale: run \
                    UPDATE_THIRD_PARTY=1 cargo test --test tidy third_party";
    assert!(listed == page, "{is_stale}");
}

#[test]
fn every_crate_of_the_binary_is_under_a_licence_that_is_allowed() {
    let (linked, allowed) = (linked(), allowed());
    assert!(linked.len() > 50 && allowed.len() > 3, "{allowed:?}");
    let refused = linked.iter().filter(|one| !may_use(&one.licence, &allowed));
    let refused: Vec<&Linked> = refused.collect();
    assert!(refused.is_empty(), "not in etc/deny.toml: {refused:#?}");
}

#[test]
fn a_licence_expression_is_read_as_spdx_has_it() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    for expression in [
        "MIT",
        "Apache-2.0 OR MIT",
        "GPL-3.0 AND MIT OR ISC",
        "ISC AND (GPL-3.0 OR MIT)",
        "(MIT)",
    ] {
        assert!(may_use(expression, &allowed), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 OR MIT AND Apache-2.0",
        "MIT WITH exception",
        "(GPL-3.0 OR Apache-2.0) AND MIT",
    ] {
        assert!(!may_use(expression, &allowed), "{expression}");
    }
}
