//! `alertwheel migrate FILE`: says what of an Alertmanager's configuration works here, and writes the file
//! with what has to change.
//!
//! Owns the changes: integrations that are not built become comments, and texts that look like variables are
//! kept from being replaced. Everything else stays letter by letter. Never changes the file itself. Runs on
//! main.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::flags::Flags;
use super::serve;
use crate::config::{self, Config, Fault, LoadError, LoadOptions, Loaded, Route, Unsupported};
use crate::files;
use crate::limits::CONFIG_FILE_BYTES;
use crate::webhook;

/// Reads `file`, reports on standard error, and writes the changed file to `output` or to standard output.
/// Fails if something is left that somebody has to change by hand.
pub fn run(file: &Path, output: Option<&Path>, flags: &Flags) -> ExitCode {
    let migrated = serve::check_flags(flags).and_then(|options| {
        let read = files::read_text(file, CONFIG_FILE_BYTES as u64);
        let text = read.map_err(|error| format!("{}: {error}", file.display()))?;
        let migrated = migrate(file, &text, options);
        write_out(&migrated.text, file, output)?;
        Ok(migrated)
    });
    let (report, code) = match migrated {
        Ok(migrated) if migrated.is_done => (migrated.report, ExitCode::SUCCESS),
        Ok(migrated) => (migrated.report, ExitCode::FAILURE),
        Err(why) => (format!("alertwheel: error: {why}\n"), ExitCode::FAILURE),
    };
    // If standard error is closed, the exit code alone reports.
    let _ = io::stderr().write_all(report.as_bytes());
    code
}

/// The changed file, and what is said about it.
struct Migrated {
    text: String,
    report: String,
    is_done: bool,
}

fn migrate(file: &Path, original: &str, options: LoadOptions) -> Migrated {
    let options = LoadOptions {
        unsupported: Unsupported::Refuse,
        ..options
    };
    let name = file.display().to_string();
    let load = |text: &str| {
        let folder = file.parent();
        config::load_from(&name, text.as_bytes(), folder, options, webhook::check_http)
    };
    let mut report = String::new();
    let mut text = config::escape_references(original);
    if text.is_none() {
        say(
            &mut report,
            "by hand: a text has ${NAME}, which is a variable here; write $${NAME} where it shall stay",
        );
    } else if text.as_deref() != Some(original) {
        say(
            &mut report,
            "changed: $${NAME} for ${NAME}, which stays as it is in Alertmanager and is a variable here",
        );
    }
    let is_escaped = text.is_some();
    let mut text = text.take().unwrap_or_else(|| original.to_owned());
    let mut loaded = load(&text);
    let mut silenced = Vec::new();
    if let Err(LoadError::Faulty(faults)) = &loaded {
        let unbuilt: Vec<&Fault> = faults
            .faults
            .iter()
            .filter(|fault| is_unbuilt(fault))
            .collect();
        if let Some(commented) = comment_out(&text, &unbuilt) {
            for fault in &unbuilt {
                say(&mut report, format!("changed: made a comment: {fault}"));
            }
            silenced = unbuilt
                .iter()
                .filter_map(|fault| receiver_of(fault))
                .collect();
            text = commented;
            loaded = load(&text);
        }
    }
    let is_sound = tell(&mut report, &loaded, &silenced);
    Migrated {
        text,
        report,
        is_done: is_sound && is_escaped,
    }
}

fn say(report: &mut String, line: impl AsRef<str>) {
    report.push_str(line.as_ref());
    report.push('\n');
}

/// Reports on the changed file. `silenced` has the positions of receivers that lost integrations. Returns
/// whether a start would accept the file.
fn tell(report: &mut String, loaded: &Result<Loaded, LoadError>, silenced: &[usize]) -> bool {
    match loaded {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                say(report, format!("look at: {warning}"));
            }
            say(report, works(&loaded.config));
            for (index, receiver) in loaded.config.receivers.iter().enumerate() {
                // One that never had integrations discards its notifications on purpose.
                let is_silent = silenced.contains(&index) && receiver.webhooks.is_empty();
                if is_silent && is_used(&loaded.config.route, &receiver.name) {
                    let line = format!("look at: receiver \"{}\" tells nobody", receiver.name);
                    say(report, line);
                }
            }
            true
        }
        Err(LoadError::Faulty(faults)) => {
            for fault in &faults.faults {
                say(report, format!("by hand: {fault}"));
            }
            if faults.omitted > 0 {
                say(report, format!("by hand: and {} more", faults.omitted));
            }
            false
        }
        Err(error @ LoadError::Unreadable { .. }) => {
            say(report, format!("by hand: {error}"));
            false
        }
    }
}

fn works(config: &Config) -> String {
    let webhooks: usize = config
        .receivers
        .iter()
        .map(|receiver| receiver.webhooks.len())
        .sum();
    let mut line = String::from("works:");
    for (count, what) in [
        (count(&config.route), "routes"),
        (config.receivers.len(), "receivers"),
        (webhooks, "webhooks"),
        (config.inhibit_rules.len(), "inhibition rules"),
        (config.templates.len(), "template files"),
    ] {
        write!(line, " {count} {what},").expect("a text takes everything");
    }
    line.pop();
    line
}

fn count(route: &Route) -> usize {
    1 + route.routes.iter().map(count).sum::<usize>()
}

fn is_used(route: &Route, receiver: &str) -> bool {
    *route.receiver.name == *receiver || route.routes.iter().any(|child| is_used(child, receiver))
}

/// Whether a fault is an integration that is not built: one of `receivers[N].NAME_configs`.
fn is_unbuilt(fault: &Fault) -> bool {
    let is_of_integration = fault.path.ends_with("_configs") && receiver_of(fault).is_some();
    is_of_integration && fault.message.contains("which are not built")
}

/// The position of the receiver that a fault is about.
fn receiver_of(fault: &Fault) -> Option<usize> {
    let (index, _) = fault.path.strip_prefix("receivers[")?.split_once("].")?;
    index.parse().ok()
}

/// The text with the blocks of these faults as comments; `None` if there is nothing to change or a block
/// cannot be told from what stands around it.
fn comment_out(text: &str, faults: &[&Fault]) -> Option<String> {
    if faults.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for fault in faults {
        let (_, key) = fault.path.rsplit_once('.')?;
        // The value of a key may begin on a later line than the key.
        let at = fault.line?.checked_sub(1)?;
        let first = (0..=at.min(lines.len().checked_sub(1)?))
            .rev()
            .find(|index| {
                lines[*index]
                    .trim_start_matches([' ', '-'])
                    .starts_with(&format!("{key}:"))
            })?;
        comment_block(&mut lines, first)?;
    }
    let mut changed = lines.join("\n");
    if text.ends_with('\n') {
        changed.push('\n');
    }
    Some(changed)
}

/// Makes a comment of the key at this line and of its value.
fn comment_block(lines: &mut [String], first: usize) -> Option<()> {
    let indent = lines[first].find(|c| c != ' ' && c != '-')?;
    let is_in_item = lines[first][..indent].contains('-');
    let end = (first + 1..lines.len()).find(|index| {
        let line = lines[*index].trim_start();
        let own = lines[*index].len() - line.len();
        let is_item = line == "-" || line.starts_with("- ");
        let is_content = !line.is_empty() && !line.starts_with('#');
        is_content && (own < indent || (own == indent && !is_item))
    });
    let end = end.unwrap_or(lines.len());
    for line in &mut lines[first + 1..end] {
        if !line.trim().is_empty() {
            line.insert_str(0, "# ");
        }
    }
    let (before, key) = lines[first].split_at(indent);
    lines[first] = if is_in_item {
        // The item stays: `- # slack_configs:`.
        format!("{before}# {key}")
    } else {
        format!("# {before}{key}")
    };
    Some(())
}

fn write_out(text: &str, file: &Path, output: Option<&Path>) -> Result<(), String> {
    let Some(output) = output else {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        return written.map_err(|error| format!("writing the file failed: {error}"));
    };
    let told = |error: io::Error| format!("{}: {error}", PathBuf::from(output).display());
    // It may hold secrets, so it is as private as the file that it comes from, and nothing is overwritten.
    let mut options = OpenOptions::new();
    let mut out = options
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(output)
        .map_err(told)?;
    out.write_all(text.as_bytes()).map_err(told)?;
    let permissions = fs::metadata(file).map_err(told)?.permissions();
    out.set_permissions(permissions).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrated(text: &str) -> Migrated {
        migrate(Path::new("a.yml"), text, LoadOptions::default())
    }

    const ROUTE: &str = "route: {receiver: a}\n";

    #[test]
    fn a_file_that_works_stays_letter_by_letter() {
        let text = "route: {receiver: a} # all\nreceivers:\n- name: a\n  webhook_configs: [{url: 'http://a.example/'}]\n";
        let same = migrated(text);
        assert_eq!(same.text, text);
        assert!(same.is_done, "{}", same.report);
        assert_eq!(
            same.report,
            "works: 1 routes, 1 receivers, 1 webhooks, 0 inhibition rules, 0 template files\n"
        );
    }

    #[test]
    fn what_is_not_built_becomes_a_comment_and_is_told() {
        let text = format!(
            "{ROUTE}receivers:\n- name: a\n  nothing_configs:\n  - to: x\n\n    y: z\n  webhook_configs:\n  - url: http://a.example/\n\
             - name: b\n  nothing_configs: [{{to: x}}]\n"
        );
        let fault = |line: usize, number: usize| Fault {
            file: "a.yml".into(),
            line: Some(line),
            path: format!("receivers[{number}].nothing_configs"),
            message: "receiver uses nothing_configs, which are not built; use another".into(),
        };
        let faults = [fault(5, 0), fault(11, 1)];
        assert!(faults.iter().all(is_unbuilt));
        let changed = comment_out(&text, &faults.iter().collect::<Vec<_>>());
        assert_eq!(
            changed.as_deref(),
            Some(
                "route: {receiver: a}\nreceivers:\n- name: a\n#   nothing_configs:\n#   - to: x\n\n#     y: z\n  \
                 webhook_configs:\n  - url: http://a.example/\n- name: b\n#   nothing_configs: [{to: x}]\n"
            )
        );
    }

    #[test]
    fn a_first_key_of_an_item_leaves_the_item() {
        let mut lines = ["- x_configs:", "  - to: y", "  name: a"]
            .map(str::to_owned)
            .to_vec();
        comment_block(&mut lines, 0).expect("a block");
        assert_eq!(lines, ["- # x_configs:", "#   - to: y", "  name: a"]);
    }

    #[test]
    fn texts_that_look_like_variables_stay_what_they_are() {
        let text = format!(
            "{ROUTE}receivers:\n- name: a\n  webhook_configs: [{{url: 'http://a.example/${{X}}'}}]\n"
        );
        let changed = migrated(&text);
        assert_eq!(changed.text, text.replace("${X}", "$${X}"));
        assert!(
            changed.is_done && changed.report.starts_with("changed: $${NAME}"),
            "{}",
            changed.report
        );
    }

    #[test]
    fn what_is_left_is_told_and_fails() {
        let left = migrated("route: {receiver: nobody}\nreceivers: [{name: a}]\n");
        assert!(!left.is_done);
        assert!(
            left.report.starts_with("by hand: a.yml:1: route.receiver"),
            "{}",
            left.report
        );
        let quiet = migrated(&format!("{ROUTE}receivers: [{{name: a}}]\n"));
        assert!(
            quiet.is_done && !quiet.report.contains("look at"),
            "{}",
            quiet.report
        );
        let text = format!("{ROUTE}receivers: [{{name: a}}]\n");
        let loaded =
            config::parse("a.yml", &text, LoadOptions::default()).map_err(LoadError::Faulty);
        let mut report = String::new();
        assert!(tell(&mut report, &loaded, &[0]));
        assert!(
            report.contains("look at: receiver \"a\" tells nobody"),
            "{report}"
        );
    }
}
