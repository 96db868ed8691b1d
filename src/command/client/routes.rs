//! `routes show` and `routes test`.
//!
//! Owns the drawing of the routing tree, and the walk of a label set down it. The routes come from a file, or
//! from the status of a daemon. Runs on main.

use std::path::Path;
use std::process::ExitCode;

use super::grammar::{RoutesCommand, RoutesTest};
use super::{Ended, Failure, Grammar, Session, status};
use crate::config::{self, LoadOptions, Route, Unsupported};
use crate::model::{Labels, format_matchers};

/// Runs a command for the routes of `file`, or else of the daemon.
pub fn run(session: &Session, command: RoutesCommand, file: Option<&Path>) -> Ended {
    let root = load(session, file)?;
    match command {
        RoutesCommand::Show => {
            let tree = whole(&root);
            session.say(&format!("Routing tree:\n{}\n", drawn(&tree)))
        }
        RoutesCommand::Test(arguments) => test(session, &root, &arguments),
    }
}

fn load(session: &Session, file: Option<&Path>) -> Result<Route, Failure> {
    // Routes are the same whether or not the integrations of their receivers are supported.
    let options = LoadOptions {
        mode: session.mode,
        unsupported: Unsupported::Skip,
        ..LoadOptions::default()
    };
    let Some(file) = file else {
        let status = status::status(&session.api()?)?;
        let loaded = config::parse_status(&status.config.original, options);
        return Ok(loaded.map_err(|faults| faults.to_string())?.config.route);
    };
    if session.flags.url.is_some() && session.grammar != Grammar::Alertwheel {
        session.warn("--config.file flag overrides the --alertmanager.url.");
    }
    let loaded = config::load(file, options).map_err(|error| error.to_string())?;
    Ok(loaded.config.route)
}

fn test(session: &Session, root: &Route, arguments: &RoutesTest) -> Ended {
    let words = |failure| match failure {
        Failure::Said(words) if words.starts_with("labels ") => {
            Failure::Said("Labels must be specified as key=value pairs".to_owned())
        }
        Failure::Said(words) => Failure::Said(format!("Failed to parse labels: {words}")),
        Failure::Refused(refusal) => Failure::Refused(refusal),
    };
    let texts = session.texts(&arguments.labels, "labels").map_err(words)?;
    let labels = Labels::from_pairs(texts.iter());
    let mut receivers = Vec::new();
    let tree = matching(root, &labels, &mut receivers);
    let receivers = receivers.join(",");
    let mut text = String::new();
    if arguments.tree {
        text = format!("Matching routes:\n{}\n\n", drawn(&tree));
    }
    text.push_str(&format!("{receivers}\n"));
    let expected = arguments.expected.as_deref();
    let is_unexpected =
        expected.is_some_and(|expected| !expected.is_empty() && expected != receivers);
    if is_unexpected {
        text.push_str("WARNING: Expected receivers did not match resolved receivers.\n");
    }
    session.say(&text)?;
    Ok(if is_unexpected {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// A tree to draw.
struct Branch {
    text: String,
    below: Vec<Branch>,
}

fn whole(route: &Route) -> Branch {
    let mut text = name(route);
    if route.continues {
        text.push_str("  continue: true");
    }
    text.push_str(&format!("  receiver: {}", route.receiver.name));
    Branch {
        text,
        below: route.routes.iter().map(whole).collect(),
    }
}

/// The routes that an alert with these labels passes; the receivers of those where it ends are added to
/// `receivers`.
fn matching<'r>(route: &'r Route, labels: &Labels, receivers: &mut Vec<&'r str>) -> Branch {
    let mut below = Vec::new();
    for child in &route.routes {
        if child.matchers.iter().all(|matcher| matcher.matches(labels)) {
            below.push(matching(child, labels, receivers));
            if !child.continues {
                break;
            }
        }
    }
    let mut text = name(route);
    if below.is_empty() {
        receivers.push(&route.receiver.name);
        text.push_str(&format!("  receiver: {}", route.receiver.name));
    }
    Branch { text, below }
}

fn name(route: &Route) -> String {
    if route.matchers.is_empty() {
        "default-route".to_owned()
    } else {
        format_matchers(&route.matchers)
    }
}

fn drawn(root: &Branch) -> String {
    let mut text = String::from(".\n");
    draw(root, "", true, &mut text);
    text
}

fn draw(branch: &Branch, indent: &str, is_last: bool, out: &mut String) {
    let (edge, deeper) = if is_last {
        ("└── ", "    ")
    } else {
        ("├── ", "│   ")
    };
    out.push_str(&format!("{indent}{edge}{}\n", branch.text));
    let indent = format!("{indent}{deeper}");
    for (at, child) in branch.below.iter().enumerate() {
        draw(child, &indent, at + 1 == branch.below.len(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "
route:
  receiver: a
  routes:
  - receiver: b
    matchers: [x=\"1\"]
    continue: true
    routes:
    - receiver: c
      matchers: [y=\"1\"]
  - receiver: d
receivers: [{name: a}, {name: b}, {name: c}, {name: d}]
";

    fn root() -> Route {
        let loaded = config::parse("routes.yml", ROUTES, LoadOptions::default());
        loaded.expect("it is sound").config.route
    }

    #[test]
    fn the_tree_shows_each_route_below_its_parent() {
        let expected = "\
.
└── default-route  receiver: a
    ├── {x=\"1\"}  continue: true  receiver: b
    │   └── {y=\"1\"}  receiver: c
    └── default-route  receiver: d
";
        assert_eq!(drawn(&whole(&root())), expected);
    }

    #[test]
    fn an_alert_ends_where_no_child_matches_and_goes_on_after_continue() {
        let root = root();
        for (labels, expected) in [
            (vec![("x", "1"), ("y", "1")], vec!["c", "d"]),
            (vec![("x", "1")], vec!["b", "d"]),
            (vec![], vec!["d"]),
        ] {
            let mut receivers = Vec::new();
            matching(&root, &Labels::from_pairs(labels), &mut receivers);
            assert_eq!(receivers, expected);
        }
    }
}
