//! Tests with hundreds of wrong configurations: `check-config` and a start agree on each, and one run reports
//! all faults.
//!
//! Owns the comparison; `refusals/mistakes.rs` has the mistakes.

mod mistakes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::process::{Setup, take_turn};
use crate::random::Choices;
use mistakes::{Mistake, base, mistakes, sound_files, write_neighbours, wrong_files};

/// How many wrong files there are.
const WRONG: usize = 300;

/// Starts that are under way at once.
const HANDS: usize = 2;

/// A configuration file.
struct Case {
    name: String,
    bytes: Vec<u8>,
    /// The mistakes in it, by their index, if it is made of [`mistakes`].
    made_of: Vec<usize>,
    is_wrong: bool,
}

/// What `check-config` says of each file: its faults without the file's name, or nothing if it passes.
type Verdicts = BTreeMap<String, Option<BTreeSet<String>>>;

#[test]
fn check_config_refuses_what_a_start_refuses_and_tells_all_faults_at_once() {
    let _turn = take_turn();
    let setup = Setup::bare();
    write_neighbours(setup.folder());
    let cases = cases();
    for case in &cases {
        fs::write(setup.folder().join(&case.name), &case.bytes).expect("a writable folder");
    }
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let check = setup.sibling().argument("check-config").arguments(&names);
    let ended = check.run();
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    let verdicts = verdicts(&ended.output);
    for case in &cases {
        let is_refused = verdicts[&case.name].is_some();
        assert_eq!(
            is_refused, case.is_wrong,
            "{}:\n{}",
            case.name, ended.output
        );
    }
    for case in cases.iter().filter(|case| case.made_of.len() > 1) {
        assert_told_at_once(case, &verdicts);
    }
    assert_starts_agree(&cases, setup.folder());
}

/// A file with several mistakes has the faults that each of them has alone.
fn assert_told_at_once(case: &Case, verdicts: &Verdicts) {
    let told = verdicts[&case.name].clone().unwrap_or_default();
    let alone = case.made_of.iter().flat_map(|index| {
        let faults = verdicts[&file_name(*index)].clone();
        faults.expect("each mistake is refused by itself")
    });
    let text = String::from_utf8_lossy(&case.bytes);
    assert_eq!(told, alone.collect(), "{}:\n{text}", case.name);
}

fn assert_starts_agree(cases: &[Case], folder: &Path) {
    let next = AtomicUsize::new(0);
    let start_some = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let file = folder.join(&case.name);
            let argument = format!("--config.file={}", file.display());
            let started = Setup::bare().argument(&argument).try_start();
            let text = String::from_utf8_lossy(&case.bytes);
            match started {
                Ok(_) => assert!(!case.is_wrong, "{} starts:\n{text}", case.name),
                Err(ended) => {
                    assert!(case.is_wrong, "{} does not: {}", case.name, ended.log);
                    assert_eq!(ended.code, Some(1), "{}: {}", case.name, ended.log);
                    let why = "loading configuration failed";
                    assert!(ended.log.contains(why), "{}: {}", case.name, ended.log);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(start_some);
        }
    });
}

/// All that each mistake does alone comes first, so that a case finds it by the mistake's index.
fn cases() -> Vec<Case> {
    let mistakes = mistakes();
    let mut contents: Vec<(Vec<u8>, Vec<usize>, bool)> = Vec::new();
    for index in 0..mistakes.len() {
        contents.push((with(&mistakes, &[index]), vec![index], true));
    }
    contents.extend(
        wrong_files()
            .into_iter()
            .map(|file| (file, Vec::new(), true)),
    );
    let mut choices = Choices::seeded(13);
    while contents.len() < WRONG {
        let chosen = choose(&mistakes, &mut choices);
        contents.push((with(&mistakes, &chosen), chosen, true));
    }
    contents.extend(
        sound_files()
            .into_iter()
            .map(|file| (file, Vec::new(), false)),
    );
    let numbered = contents.into_iter().enumerate();
    let case = |(number, (bytes, made_of, is_wrong))| Case {
        name: file_name(number),
        bytes,
        made_of,
        is_wrong,
    };
    numbered.map(case).collect()
}

fn file_name(number: usize) -> String {
    format!("{number:03}.yml")
}

/// Two to six mistakes that have nothing to do with one another.
fn choose(mistakes: &[Mistake], choices: &mut Choices) -> Vec<usize> {
    let wanted = 2 + choices.below(5);
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < wanted {
        let index = choices.below(mistakes.len());
        let line = mistakes[index].right;
        let is_free = chosen.iter().all(|other| mistakes[*other].right != line);
        if is_free && !mistakes[index].hides_others {
            chosen.push(index);
        }
    }
    chosen
}

fn with(mistakes: &[Mistake], chosen: &[usize]) -> Vec<u8> {
    let mut text = base().to_owned();
    for mistake in chosen.iter().map(|index| &mistakes[*index]) {
        assert_eq!(text.matches(mistake.right).count(), 1, "{}", mistake.right);
        text = text.replace(mistake.right, mistake.wrong);
    }
    text.into_bytes()
}

fn verdicts(output: &str) -> Verdicts {
    let parts = output.split("Checking '").skip(1);
    let verdict = |part: &str| {
        let (name, rest) = part.split_once('\'').expect("a name in quotes");
        let mut lines = rest.lines();
        let first = lines.next().unwrap_or_default();
        let faults = lines.filter_map(|line| line.strip_prefix(name));
        let faults = faults.map(str::to_owned).collect();
        (name.to_owned(), first.contains("FAILED").then_some(faults))
    };
    parts.map(verdict).collect()
}
