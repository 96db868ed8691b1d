//! PURE. Templates, compatible with Alertmanager: Go's language, its functions, its data (§6.3).
//!
//! ```text
//! text ─ parse ─► tree ─ evaluate ─► text        (gotmpl parses)
//!                           │  └─ fields, functions: builtin, alertmanager
//! Notification ─ data ──────┘
//! ```
//!
//! Owns the language, and the rendering of urls, payloads and route labels. Never reads a clock or a file:
//! the caller passes the time and the texts of files. The time and the memory of rendering are bounded for
//! every template. Called on send threads and on the thread that loads the configuration.

mod alertmanager;
mod alertwheel;
mod builtin;
mod check;
mod data;
mod duration;
mod evaluate;
mod fields;
mod functions;
mod json;
mod number;
mod parse;
mod payload;
mod printf;
mod read_json;
mod received;
mod route_labels;
mod spelling;
mod text;
mod time;
mod value;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

pub use check::{TextKind, changed_type, check_text};
pub use data::{AlertData, Data, SAMPLE_NOW};
pub use evaluate::RenderFault;
pub use number::shortest as go_number;
pub use payload::{Payload, ReadYaml};
pub use read_json::JsonFault;
pub use received::{Received, Receiving, SourceText, read_time};
pub use route_labels::RenderedLabels;
pub use time::{format as format_go_time, parse as parse_go_time};
pub use value::{Dict, List, Value};

use self::evaluate::Definitions;
use self::functions::FunctionSet;
use self::route_labels::RouteLabels;
use crate::model::Wall;

/// The templates that every configuration can use without defining them.
const BUILT_IN: &str = include_str!("built_in.tmpl");

/// A template file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// The path from which it was read.
    pub path: PathBuf,
    /// Its contents.
    pub text: String,
}

/// The named templates of a configuration. Equal if they were compiled from the same files.
#[derive(Clone, Debug)]
pub struct Templates {
    files: Vec<TemplateFile>,
    definitions: Arc<Definitions>,
}

/// Why a template file was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl std::fmt::Display for TemplateFault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        write!(out, ": {}", self.reason)
    }
}

impl std::error::Error for TemplateFault {}

/// The context of functions: all inputs besides their arguments.
pub(crate) struct Context<'a> {
    now: Wall,
    route_labels: &'a dyn RouteLabels,
    /// The number of open parentheses, including those of the renderings that called this one.
    open_parentheses: Cell<usize>,
    /// The steps of all renderings in this context so far.
    steps: Cell<usize>,
    /// What a source was sent, if the template is one of a source.
    received: Option<&'a Received<'a>>,
}

impl Templates {
    /// The built-in templates and those of `files`; of two with the same name the later one wins.
    pub fn compile(files: &[TemplateFile]) -> Result<Self, TemplateFault> {
        let mut definitions = Definitions::new();
        add(&mut definitions, Path::new("built-in"), BUILT_IN)?;
        for file in files {
            add(&mut definitions, &file.path, &file.text)?;
        }
        Ok(Templates {
            files: files.to_vec(),
            definitions: Arc::new(definitions),
        })
    }

    /// Renders `text` with `data`, at the time `now`.
    pub fn render_text(&self, text: &str, data: &Data, now: Wall) -> Result<String, RenderFault> {
        let context = Context {
            now,
            route_labels: &data.route_labels,
            open_parentheses: Cell::new(0),
            steps: Cell::new(0),
            received: None,
        };
        self.render(text, Value::Data(Arc::new(data.clone())), &context)
    }

    fn render(&self, text: &str, dot: Value, context: &Context<'_>) -> Result<String, RenderFault> {
        // Fast path: most texts of payloads and labels contain no template.
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let parsed = parse::parse(text, FunctionSet::All).map_err(|fault| RenderFault {
            text: format!("template: :{}: {}", fault.line, fault.reason),
            depends_on_data: false,
        })?;
        let own: Definitions = parsed
            .definitions
            .into_iter()
            .filter(|(name, body)| !(body.is_empty_tree() && self.definitions.contains_key(name)))
            .collect();
        evaluate::run(&parsed.body, &own, &self.definitions, context, dot)
    }
}

impl Default for Templates {
    /// Only the built-in templates.
    fn default() -> Self {
        static ALONE: LazyLock<Templates> = LazyLock::new(|| {
            Templates::compile(&[]).expect("the built-in templates are sound, as a test shows")
        });
        ALONE.clone()
    }
}

impl PartialEq for Templates {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.definitions, &other.definitions) || self.files == other.files
    }
}

impl Eq for Templates {}

/// Adds the templates that `text` defines, and the text outside of definitions under the name of the file.
/// An empty template never replaces another one (as in Go).
fn add(definitions: &mut Definitions, path: &Path, text: &str) -> Result<(), TemplateFault> {
    let parsed = parse::parse(text, FunctionSet::All).map_err(|fault| TemplateFault {
        path: path.to_owned(),
        line: Some(fault.line).filter(|line| *line > 0),
        reason: fault.reason,
    })?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let whole = (name, parsed.body);
    for (name, body) in std::iter::once(whole).chain(parsed.definitions) {
        if body.is_empty_tree() && definitions.contains_key(&name) {
            continue;
        }
        definitions.insert(name, body);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
