//! Renders many expressions with amtool, a hundred per call.
//!
//! Owns the text of a call, with one expression per line between marks, and the parsing of its output. amtool
//! stops at the first fault and names its line; the other expressions are then rendered by another call.

use std::path::{Path, PathBuf};
use std::process::Command;

use alertwheel::threads::{self, WORKER_STACK};

use super::Outcome;

/// Expressions of a call, of those that should render. One that fails costs a call of its own.
const AT_ONCE: usize = 100;

/// Calls that run at once.
const CALLERS: usize = 2;

/// The outcomes of `expressions` in their order. Those that should not render are asked for alone.
pub fn outcomes(
    amtool: &Path,
    data: &Path,
    expressions: &[String],
    should_render: &[bool],
) -> Vec<Outcome> {
    let numbered = expressions.iter().cloned().enumerate();
    let (sound, faulty): (Vec<_>, Vec<_>) =
        numbered.partition(|(number, _)| should_render[*number]);
    let mut calls: Vec<Vec<(usize, String)>> = sound.chunks(AT_ONCE).map(<[_]>::to_vec).collect();
    calls.extend(faulty.chunks(1).map(<[_]>::to_vec));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let own: Vec<_> = calls
                .iter()
                .skip(caller)
                .step_by(CALLERS)
                .cloned()
                .collect();
            let (amtool, data) = (amtool.to_owned(), data.to_owned());
            let (answers, all) = crossbeam_channel::bounded(1);
            let call = move || {
                let outcomes = own
                    .into_iter()
                    .flat_map(|call| render(&amtool, &data, call));
                let _ = answers.send(outcomes.collect::<Vec<_>>());
            };
            threads::spawn("amtool", WORKER_STACK, call).expect("a thread to spare");
            all
        })
        .collect();
    let mut all: Vec<(usize, Outcome)> = callers
        .into_iter()
        .flat_map(|answers| answers.recv().expect("a caller that ended well"))
        .collect();
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

/// The outcomes of one call, and of those that each fault among them makes necessary.
fn render(amtool: &PathBuf, data: &Path, mut call: Vec<(usize, String)>) -> Vec<(usize, Outcome)> {
    let mut done = Vec::new();
    while !call.is_empty() {
        let text: String = call
            .iter()
            .map(|(number, expression)| format!("{}{{{{ {expression} }}}}\n", mark(*number)))
            .collect();
        let answer = Command::new(amtool)
            .env("TZ", "UTC")
            .args([
                "template",
                "render",
                "--template.glob=nothing-has-this-name",
            ])
            .arg(format!("--template.data={}", data.display()))
            .arg(format!("--template.text={text}"))
            .output()
            .expect("amtool starts");
        if answer.status.success() {
            let out = String::from_utf8_lossy(&answer.stdout);
            done.extend(
                call.iter()
                    .map(|(number, _)| (*number, Ok(between(&out, *number)))),
            );
            return done;
        }
        let error = String::from_utf8_lossy(&answer.stderr).into_owned();
        let line = line_of(&error).unwrap_or_else(|| panic!("a fault with its line: {error}"));
        let (number, _) = call.remove(line - 1);
        done.push((number, Err(error)));
    }
    done
}

fn mark(number: usize) -> String {
    format!("\u{e000}{number}\u{e001}")
}

/// What stands between the mark with this number and the end of its line.
fn between(out: &str, number: usize) -> String {
    let (_, behind) = out
        .split_once(&mark(number))
        .expect("each mark is rendered");
    let whole = behind.split('\u{e000}').next().unwrap_or_default();
    whole.strip_suffix('\n').unwrap_or(whole).to_owned()
}

/// The line that `template: :3:15: ...` tells.
fn line_of(error: &str) -> Option<usize> {
    let (_, behind) = error.split_once("template: :")?;
    let digits = behind.find(|c: char| !c.is_ascii_digit())?;
    behind[..digits].parse().ok()
}
