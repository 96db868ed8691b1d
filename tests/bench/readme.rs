//! The figures of `etc/cost.md`: its tables are written anew between two marks, its pictures beside.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use crate::contender::{Contender, Who};
use crate::time::wall;

/// Where the pictures of loads and of growth are.
pub const COST: &str = "etc/cost.svg";
pub const GROWTH: &str = "etc/growth.svg";

/// A file of the repository, wherever this is run.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Puts `text` where `etc/cost.md` has the marks of `part`.
pub fn put(part: &str, text: &str) {
    let path = file("etc/cost.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (begin, end) = (
        format!("<!-- {part} -->\n"),
        format!("<!-- end of {part} -->"),
    );
    let before = page.find(&begin).expect("the mark before") + begin.len();
    let after = page.find(&end).expect("the mark behind");
    let new = format!("{}{text}{}", &page[..before], &page[after..]);
    crate::write(&path, &new);
}

/// Under which circumstances the figures came about.
pub fn circumstances(daemons: &[Contender], rounds: usize) -> String {
    let theirs = daemons
        .iter()
        .find(|daemon| daemon.who == Who::Alertmanager);
    let beside = theirs.map_or_else(String::new, |theirs| {
        format!(" beside {}", theirs.version())
    });
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let rounds = if rounds == 1 {
        "One round".to_owned()
    } else {
        format!("Medians of {rounds} rounds")
    };
    format!(
        "{rounds}{beside}, {}, {processors} processors shared with sender and receiver.\n\n",
        wall().strftime("%Y-%m-%d")
    )
}
