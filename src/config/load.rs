//! Loads a file or a text into a [`Config`], or reports all of its faults.
//!
//! Owns the order of the steps and, with its submodules, the only file access of `config`. Decides nothing
//! about the contents. Runs on main, at start and at reload.

pub mod folder;
pub mod glob;
mod secret_files;
mod templates;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::fault::{Fault, Faults, Findings, TriedFault, TryHttp};
use super::file::{FILE, Origin, Terms, check};
use super::lint::warn_of_placeholders;
use super::locate::{Locator, Part};
use super::misplaced_keys::put_in_place;
use super::node::Node;
use super::receiver::Unsupported;
use super::record::Record;
use super::table::Reading;
use super::variables::{Lookup, Used, expand};
use super::yaml::{self, SyntaxError};
use super::{Config, HttpConfig, Inputs};
use crate::files;
use crate::limits::{CONFIG_EXPANDED_BYTES, CONFIG_FAULTS, CONFIG_FILE_BYTES};
use crate::model::ParserMode;
use crate::template::TemplateFile;

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

/// Reads and checks the file at `path`, or the files of the folder there, and the template files that they
/// name.
pub fn load(path: &Path, options: impl Into<LoadOptions>) -> Result<Loaded, LoadError> {
    load_tried(path, options, try_nothing)
}

/// Does the same as [`load`], and also tries the HTTP settings of receivers: all checks that are possible
/// before a start. The files of a folder are read as one configuration.
pub fn load_tried(
    path: &Path,
    options: impl Into<LoadOptions>,
    try_http: TryHttp,
) -> Result<Loaded, LoadError> {
    let options = options.into();
    if path.is_dir() {
        let source = Source {
            files: folder::read(path)?,
            folder: Some(path),
            variables: &environment,
            try_http,
            ..Source::of_text("", String::new())
        };
        return source.parse(options).map_err(LoadError::Faulty);
    }
    let file = path.display().to_string();
    match File::open(path) {
        Ok(input) => load_from(&file, input, path.parent(), options, try_http),
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
        folder,
        variables: &environment,
        try_http,
        ..Source::of_text(name, text)
    };
    source.parse(options).map_err(LoadError::Faulty)
}

/// Makes a configuration again from what it was made from, and reads neither its files, nor its templates,
/// nor the environment.
pub fn load_again(
    inputs: &Inputs,
    templates: &[TemplateFile],
    options: LoadOptions,
    try_http: TryHttp,
) -> Result<Loaded, LoadError> {
    let source = Source {
        files: inputs.files.clone(),
        folder: inputs.folder.as_deref(),
        variables: &|name| inputs.variables.get(name).cloned(),
        templates: Some(templates),
        try_http,
        ..Source::of_text("", String::new())
    };
    source.parse(options).map_err(LoadError::Faulty)
}

/// The environment of this process. A value that is not UTF-8 counts as not set.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Tries nothing, for callers that do not send to receivers.
fn try_nothing(_: &HttpConfig) -> Vec<TriedFault> {
    Vec::new()
}

/// Checks `text`, which faults call `name`. Without a folder, relative paths stay unchanged and template
/// files are not read; no environment variable is set.
pub fn parse(name: &str, text: &str, options: impl Into<LoadOptions>) -> Result<Loaded, Faults> {
    Source::of_text(name, text.to_owned()).parse(options.into())
}

/// Checks `text`, the configuration that a running daemon shows with masks for its secrets.
pub fn parse_status(text: &str, options: impl Into<LoadOptions>) -> Result<Loaded, Faults> {
    let source = Source {
        origin: Origin::Status,
        ..Source::of_text("the daemon's configuration", text.to_owned())
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
        ..Source::of_text(name, text.to_owned())
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

/// Texts and their origin.
struct Source<'t> {
    origin: Origin,
    files: Vec<(String, String)>,
    folder: Option<&'t Path>,
    variables: Lookup<'t>,
    /// The template files, if they are not to be read.
    templates: Option<&'t [TemplateFile]>,
    try_http: TryHttp,
}

impl<'t> Source<'t> {
    fn of_text(name: &str, text: String) -> Self {
        Source {
            origin: Origin::User,
            files: vec![(name.to_owned(), text)],
            folder: None,
            variables: &|_| None,
            templates: None,
            try_http: try_nothing,
        }
    }

    fn parse(mut self, options: LoadOptions) -> Result<Loaded, Faults> {
        let mut inputs = Inputs {
            files: std::mem::take(&mut self.files),
            folder: self.folder.map(Path::to_owned),
            ..Inputs::default()
        };
        let mut findings = Findings::default();
        let parts = read_parts(
            &inputs.files,
            (self.variables, &mut inputs.variables),
            &mut findings,
        )?;
        let locator = Locator::of(parts);
        let config = match locator.only() {
            Some(root) => self.read(root, &inputs, options, &mut findings),
            None => {
                let root = locator.joined(&mut findings);
                self.read(&root, &inputs, options, &mut findings)
            }
        };
        match config.filter(|_| findings.is_sound()) {
            Some(config) => Ok(Loaded {
                config,
                warnings: locator.warnings(findings),
            }),
            None => Err(locator.faults(findings)),
        }
    }

    fn read(
        &self,
        root: &Node,
        inputs: &Inputs,
        options: LoadOptions,
        findings: &mut Findings,
    ) -> Option<Config> {
        let reading = Reading {
            mode: options.mode,
            folder: self.folder,
        };
        let file = Record::read(root, &FILE, reading, findings)?;
        let globs = file.texts("templates");
        let read = match (self.templates, self.folder) {
            (Some(kept), _) => templates::Read::kept(kept, file.place_of("templates")),
            (None, Some(_)) => templates::read(globs, findings),
            (None, None) => templates::Read::unread(globs),
        };
        if self.folder.is_some() {
            secret_files::warn_of_missing(&file, findings);
        }
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
            inputs,
        };
        check(file, terms, findings)
    }
}

/// Parses the files one by one. The faults of files that are no YAML are reported alone, since nothing
/// certain can be said about the others without them.
fn read_parts<'t>(
    files: &'t [(String, String)],
    (lookup, used): (Lookup<'_>, &mut Used),
    findings: &mut Findings,
) -> Result<Vec<Part<'t>>, Faults> {
    let mut parts = Vec::new();
    let mut broken = Vec::new();
    let (mut first, mut expanded_bytes) = (0, 0);
    for (name, text) in files {
        let document = match yaml::parse(text) {
            Ok(document) => document,
            Err(error) => {
                broken.extend(broken_syntax(name, error).faults);
                continue;
            }
        };
        expanded_bytes += document.expanded_bytes;
        if expanded_bytes > CONFIG_EXPANDED_BYTES {
            let limit = CONFIG_EXPANDED_BYTES >> 20;
            let message = format!(
                "the files up to this one are larger than {limit} MiB once every alias is written out"
            );
            let error = SyntaxError {
                line: None,
                message,
            };
            return Err(broken_syntax(name, error));
        }
        let mut root = document.root;
        root.shift(first);
        root.settle(findings);
        put_in_place(&mut root, findings);
        used.extend(expand(&mut root, lookup, findings));
        warn_of_placeholders(&root, findings);
        if document.is_followed {
            let warning = "only the first YAML document of the file is read";
            findings.warn(root.place, warning);
        }
        parts.push(Part {
            name,
            text,
            root,
            first,
        });
        first += document.places;
    }
    if broken.is_empty() {
        return Ok(parts);
    }
    let omitted = broken.len().saturating_sub(CONFIG_FAULTS);
    broken.truncate(CONFIG_FAULTS);
    Err(Faults {
        faults: broken,
        omitted,
    })
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

#[cfg(test)]
mod tests;
