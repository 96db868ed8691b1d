//! Reads the configurations that amtool and our binary check: `configs/cases.txt`.

use std::fmt;

/// A configuration.
#[derive(Clone, Debug)]
pub struct Case {
    /// The section of the file it stands in.
    pub section: &'static str,
    /// The line that makes it.
    pub line: &'static str,
    /// All of it.
    pub text: String,
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{}] {}", self.section, self.line)
    }
}

/// All cases, and last the example that users read.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut place = Place::default();
    let lines = include_str!("configs/cases.txt").lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match place {
            Place::Case { .. } if line.starts_with('[') && line.len() > 2 => {
                place = Place::Frame {
                    section: line.trim_matches(['[', ']']),
                };
            }
            Place::Frame { section } => {
                place = Place::Dashes {
                    section,
                    frame: line,
                };
            }
            Place::Dashes { section, frame } => {
                assert_eq!(line, "--", "a frame is one line");
                place = Place::Case { section, frame };
            }
            Place::Case { section, frame } => cases.push(Case {
                section,
                line,
                text: format!("{}\n", frame.replace('@', line)),
            }),
        }
    }
    cases.push(Case {
        section: "example",
        line: "etc/alertwheel.yml",
        text: include_str!("../../etc/alertwheel.yml").to_owned(),
    });
    cases
}

/// What the next line is.
#[derive(Clone, Copy)]
enum Place {
    Frame {
        section: &'static str,
    },
    Dashes {
        section: &'static str,
        frame: &'static str,
    },
    /// A case, or the name of the next section.
    Case {
        section: &'static str,
        frame: &'static str,
    },
}

impl Default for Place {
    fn default() -> Self {
        Place::Case {
            section: "",
            frame: "",
        }
    }
}
