//! Loads a file or a text into a [`Config`], or reports all of its faults.
//!
//! Owns the order of the steps and, with its submodules, the only file access of `config`. Decides nothing
//! about the contents. Runs on main, at start and at reload.

pub mod glob;
mod templates;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::fault::{Fault, Faults, Findings, TriedFault, TryHttp};
use super::file::{FILE, Origin, Terms, check};
use super::misplaced_keys::put_in_place;
use super::node::{Node, Place};
use super::receiver::Unsupported;
use super::record::Record;
use super::table::Reading;
use super::unexpanded_variables::warn_of_references;
use super::yaml::{self, SyntaxError};
use super::{Config, HttpConfig};
use crate::files;
use crate::limits::{CONFIG_FAULTS, CONFIG_FILE_BYTES, CONFIG_LOCATE_BYTES};
use crate::model::ParserMode;

/// A valid configuration and its warnings.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings about settings that are allowed but probably not intended, one line each, in the form of
    /// faults.
    pub warnings: Vec<String>,
}

/// Options of loading. Converting a [`ParserMode`] leaves the other options at their defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The syntax of label names and matchers.
    pub mode: ParserMode,
    /// What happens to integrations that are not supported.
    pub unsupported: Unsupported,
    /// The retention of the notification log, if it is known; a longer repeat interval causes a warning.
    pub retention: Option<Duration>,
}

impl From<ParserMode> for LoadOptions {
    fn from(mode: ParserMode) -> Self {
        LoadOptions {
            mode,
            ..LoadOptions::default()
        }
    }
}

/// Why loading a configuration failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The file could not be read.
    Unreadable {
        /// The file name as the caller gave it.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The file was read and has faults.
    Faulty(Faults),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unreadable { file, reason } => {
                write!(out, "{file}: cannot be read: {reason}")
            }
            LoadError::Faulty(faults) => faults.fmt(out),
        }
    }
}

impl std::error::Error for LoadError {}

impl LoadError {
    /// The only fault, or the number of faults, for callers that report each fault separately.
    pub fn in_a_line(&self) -> String {
        match self {
            LoadError::Faulty(faults) if faults.count() > 1 => {
                let file = faults.faults.first().map_or("", |fault| &fault.file);
                format!("{file}: {} faults", faults.count())
            }
            LoadError::Unreadable { .. } | LoadError::Faulty(_) => self.to_string(),
        }
    }
}

/// Reads and checks the file at `path`, and the template files that it names.
pub fn load(path: &Path, options: impl Into<LoadOptions>) -> Result<Loaded, LoadError> {
    load_tried(path, options, try_nothing)
}

/// Does the same as [`load`], and also tries the HTTP settings of receivers: all checks that are possible
/// before a start.
pub fn load_tried(
    path: &Path,
    options: impl Into<LoadOptions>,
    try_http: TryHttp,
) -> Result<Loaded, LoadError> {
    let file = path.display().to_string();
    match File::open(path) {
        Ok(input) => load_from(&file, input, path.parent(), options.into(), try_http),
        Err(error) => Err(LoadError::Unreadable {
            file,
            reason: error.to_string(),
        }),
    }
}

/// Does the same as [`load_tried`] for the contents of `input`, which faults call `name`. Relative paths
/// start at `folder`.
pub fn load_from(
    name: &str,
    input: impl Read,
    folder: Option<&Path>,
    options: LoadOptions,
    try_http: TryHttp,
) -> Result<Loaded, LoadError> {
    let text = match read_all(input) {
        Ok(text) => text,
        Err(reason) => {
            return Err(LoadError::Unreadable {
                file: name.to_owned(),
                reason,
            });
        }
    };
    let source = Source {
        origin: Origin::User,
        name,
        text: &text,
        folder,
        try_http,
    };
    source.parse(options).map_err(LoadError::Faulty)
}

/// Tries nothing, for callers that do not send to receivers.
fn try_nothing(_: &HttpConfig) -> Vec<TriedFault> {
    Vec::new()
}

/// Checks `text`, which faults call `name`. Without a folder, relative paths stay unchanged and template
/// files are not read.
pub fn parse(name: &str, text: &str, options: impl Into<LoadOptions>) -> Result<Loaded, Faults> {
    let source = Source {
        origin: Origin::User,
        name,
        text,
        folder: None,
        try_http: try_nothing,
    };
    source.parse(options.into())
}

/// Checks `text`, the configuration that a running daemon shows with masks for its secrets.
pub fn parse_status(text: &str, options: impl Into<LoadOptions>) -> Result<Loaded, Faults> {
    let source = Source {
        origin: Origin::Status,
        name: "the daemon's configuration",
        text,
        folder: None,
        try_http: try_nothing,
    };
    source.parse(options.into())
}

/// The configuration of a daemon that was started without a file: it prints every alert to the terminal,
/// grouped by alertname.
pub fn built_in() -> Config {
    embedded("built-in.yml", include_str!("../../etc/built-in.yml"))
}

/// The configuration of the demo: the same with intervals short enough to watch.
pub fn demo() -> Config {
    embedded("demo.yml", include_str!("../../etc/demo.yml"))
}

fn embedded(name: &str, text: &str) -> Config {
    let source = Source {
        origin: Origin::BuiltIn,
        name,
        text,
        folder: None,
        try_http: try_nothing,
    };
    source
        .parse(LoadOptions::default())
        .expect("the embedded configurations are sound, as a test shows")
        .config
}

pub(super) fn read_text(path: &Path) -> Result<String, String> {
    read_all(File::open(path).map_err(|error| error.to_string())?)
}

fn read_all(input: impl Read) -> Result<String, String> {
    let bytes = files::read_from(input, CONFIG_FILE_BYTES as u64);
    decode(bytes.map_err(|error| error.to_string())?)
}

/// Decodes UTF-8, or UTF-16 with a byte order mark, as editors on Windows write it.
fn decode(bytes: Vec<u8>) -> Result<String, String> {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return decode_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return decode_utf16(rest, u16::from_be_bytes),
        bytes if bytes.contains(&0) => {
            return Err("holds bytes that are zero; save it as UTF-8".to_owned());
        }
        _ => {}
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8")
    })
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err("begins as UTF-16 and is not; save it as UTF-8".to_owned()),
    }
}

/// A text and its origin.
struct Source<'t> {
    origin: Origin,
    name: &'t str,
    text: &'t str,
    folder: Option<&'t Path>,
    try_http: TryHttp,
}

impl Source<'_> {
    fn parse(self, options: LoadOptions) -> Result<Loaded, Faults> {
        let document = yaml::parse(self.text).map_err(|error| broken_syntax(self.name, error))?;
        let mut root = document.root;
        let mut findings = Findings::default();
        root.settle(&mut findings);
        put_in_place(&mut root, &mut findings);
        warn_of_references(&root, &mut findings);
        if document.is_followed {
            let warning = "only the first YAML document of the file is read";
            findings.warn(root.place, warning);
        }
        let config = self.read(&root, options, &mut findings);
        let locator = Locator {
            name: self.name,
            text: self.text,
            root,
        };
        match config.filter(|_| findings.is_sound()) {
            Some(config) => Ok(Loaded {
                config,
                warnings: locator.warnings(findings),
            }),
            None => Err(locator.faults(findings)),
        }
    }

    fn read(&self, root: &Node, options: LoadOptions, findings: &mut Findings) -> Option<Config> {
        let reading = Reading {
            mode: options.mode,
            folder: self.folder,
        };
        let file = Record::read(root, &FILE, reading, findings)?;
        let globs = file.texts("templates");
        let read = match self.folder {
            Some(_) => templates::read(globs, findings),
            None => templates::Read::unread(globs),
        };
        let (compiled, are_sound) = templates::compile(&read.files, findings);
        let terms = Terms {
            origin: self.origin,
            mode: options.mode,
            unsupported: options.unsupported,
            retention: options.retention,
            template_files: read.files.into_iter().map(|at| at.value).collect(),
            templates: compiled,
            has_all_templates: read.is_whole && are_sound,
            try_http: self.try_http,
            source: self.text,
        };
        check(file, terms, findings)
    }
}

pub(super) fn broken_syntax(name: &str, error: SyntaxError) -> Faults {
    Faults {
        faults: vec![Fault {
            file: name.to_owned(),
            line: error.line,
            path: String::new(),
            message: error.message,
        }],
        omitted: 0,
    }
}

/// Finds the lines and key paths of findings.
pub(super) struct Locator<'t> {
    pub(super) name: &'t str,
    pub(super) text: &'t str,
    pub(super) root: Node,
}

impl Locator<'_> {
    pub(super) fn faults(&self, findings: Findings) -> Faults {
        let omitted = findings.omitted();
        let found = findings.into_faults();
        let told = found.len().min(self.affordable());
        Faults {
            omitted: omitted + found.len() - told,
            faults: found
                .into_iter()
                .take(told)
                .map(|(place, message)| self.locate(place, message))
                .collect(),
        }
    }

    fn warnings(&self, findings: Findings) -> Vec<String> {
        findings
            .into_warnings()
            .into_iter()
            .take(self.affordable())
            .map(|(place, message)| self.locate(place, message).to_string())
            .collect()
    }

    /// The maximum number of lookups; each costs a walk over the text.
    fn affordable(&self) -> usize {
        (CONFIG_LOCATE_BYTES / self.text.len().max(1)).clamp(1, CONFIG_FAULTS)
    }

    fn locate(&self, place: Place, message: String) -> Fault {
        Fault {
            file: self.name.to_owned(),
            line: yaml::line_of(self.text, place),
            path: self.root.path_of(place).unwrap_or_default(),
            message,
        }
    }
}

#[cfg(test)]
mod tests;
