//! The last good configuration, kept in the state folder for a start on a file that is wrong.
//!
//! Owns the file `last-good.json`: what a configuration was made from, template files and variables
//! included. It holds no copies of certificates, keys and other files that a configuration names. Never
//! decides when to fall back: `daemon.rs` does. Runs on main.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::{self, Config, Inputs, LoadOptions, Loaded};
use crate::files;
use crate::limits::LAST_GOOD_BYTES;
use crate::template::TemplateFile;
use crate::webhook;

/// The name of the file in `--storage.path`.
const FILE: &str = "last-good.json";

/// The version of the file's format.
const VERSION: u64 = 1;

/// Where the last good configuration is kept.
#[derive(Clone, Debug)]
pub struct LastGood {
    folder: PathBuf,
}

impl LastGood {
    /// The one in this state folder.
    pub fn in_folder(folder: &Path) -> Self {
        LastGood {
            folder: folder.to_owned(),
        }
    }

    /// Keeps this configuration, unless it is kept already: flash wears.
    pub fn keep(&self, config: &Config) {
        let text = to_text(&config.inputs, &config.templates);
        let path = self.folder.join(FILE);
        if files::read(&path, LAST_GOOD_BYTES).is_ok_and(|kept| kept == text.as_bytes()) {
            return;
        }
        if let Err(error) = self.write(&path, text.as_bytes()) {
            log::warn!(file:% = path.display(), err:% = error; "The configuration cannot be kept for --config.last-good");
        }
    }

    /// A power cut leaves the old file or the new one.
    fn write(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let partial = self.folder.join(format!("{FILE}.partial"));
        let mut options = OpenOptions::new();
        // It has the secrets of the configuration: only this user may read it.
        let options = options.create(true).truncate(true).write(true).mode(0o600);
        let mut file = options.open(&partial)?;
        file.write_all(text)?;
        file.sync_data()?;
        fs::rename(&partial, path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Makes the configuration that is kept; the error says why that fails.
    pub fn load(&self, options: LoadOptions) -> Result<Loaded, String> {
        let path = self.folder.join(FILE);
        let told = |why: String| format!("{}: {why}", path.display());
        let text = files::read_text(&path, LAST_GOOD_BYTES);
        let text = text.map_err(|error| told(error.to_string()))?;
        let wrong = || told("it is not of this version of alertwheel, or damaged".to_owned());
        let (inputs, templates) = from_text(&text).ok_or_else(wrong)?;
        config::load_again(&inputs, &templates, options, webhook::check_http)
            .map_err(|error| told(error.in_a_line()))
    }
}

fn to_text(inputs: &Inputs, templates: &[TemplateFile]) -> String {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let files: Vec<Value> = (inputs.files.iter())
        .map(|(name, text)| json!({"name": name, "text": text}))
        .collect();
    let templates: Vec<Value> = (templates.iter())
        .map(|file| json!({"name": path(&file.path), "text": file.text}))
        .collect();
    json!({
        "version": VERSION,
        "folder": inputs.folder.as_deref().map(path),
        "files": files,
        "variables": inputs.variables,
        "templates": templates,
    })
    .to_string()
}

/// `None` if the text is of another form.
fn from_text(text: &str) -> Option<(Inputs, Vec<TemplateFile>)> {
    let kept: Value = serde_json::from_str(text).ok()?;
    if kept["version"].as_u64()? != VERSION {
        return None;
    }
    let file = |file: &Value| {
        let text = |key: &str| Some(file[key].as_str()?.to_owned());
        Some((text("name")?, text("text")?))
    };
    let files_of = |key: &str| {
        kept[key]
            .as_array()?
            .iter()
            .map(file)
            .collect::<Option<Vec<_>>>()
    };
    let variables = kept["variables"].as_object()?.iter();
    let variables = variables.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let inputs = Inputs {
        files: files_of("files").filter(|files| !files.is_empty())?,
        folder: kept["folder"].as_str().map(PathBuf::from),
        variables: variables.collect::<Option<BTreeMap<_, _>>>()?,
    };
    let templates = files_of("templates")?
        .into_iter()
        .map(|(name, text)| TemplateFile {
            path: name.into(),
            text,
        });
    Some((inputs, templates.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let inputs = Inputs {
            files: vec![("a.yml".into(), "route: \"x\"\n".into())],
            folder: Some("etc".into()),
            variables: BTreeMap::from([("A".into(), "1".into())]),
        };
        let templates = vec![TemplateFile {
            path: "a.tmpl".into(),
            text: "{{ define \"a\" }}".into(),
        }];
        let text = to_text(&inputs, &templates);
        assert_eq!(from_text(&text), Some((inputs, templates)));
    }

    #[test]
    fn another_version_and_other_texts_are_refused() {
        let text = to_text(&Inputs::default(), &[]);
        assert_eq!(from_text(&text), None, "a configuration has a file");
        for text in [
            "",
            "{}",
            "[]",
            "{\"version\":2}",
            "{\"version\":1,\"files\":3}",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }
}
