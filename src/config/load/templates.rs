//! The template files that a configuration names.
//!
//! Owns reading them, within bounds, and reporting their faults. Runs where the configuration is loaded.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use super::glob::{GlobError, glob};
use crate::config::fault::Findings;
use crate::config::field::At;
use crate::config::node::Place;
use crate::files;
use crate::limits::{TEMPLATE_BYTES, TEMPLATE_FILES};
use crate::template::{TemplateFile, Templates};

/// The template files of a configuration, each with the place of the glob that names it.
pub struct Read {
    /// The files that could be read.
    pub files: Vec<At<TemplateFile>>,
    /// Whether all files could be read.
    pub is_whole: bool,
}

impl Read {
    /// Files that were read earlier, with the place of the key that named them.
    pub fn kept(files: &[TemplateFile], place: Place) -> Self {
        let files = files.iter().cloned();
        Read {
            files: files.map(|value| At { place, value }).collect(),
            is_whole: true,
        }
    }

    /// The result without a folder to read from: no files.
    pub fn unread(globs: &[At<String>]) -> Self {
        Read {
            files: Vec::new(),
            is_whole: globs.is_empty(),
        }
    }
}

/// Reads all files that `globs` match, in their order. A glob without matches is allowed; a file that
/// cannot be read is a fault.
pub fn read(globs: &[At<String>], findings: &mut Findings) -> Read {
    let before = findings.count();
    let files = read_files(globs, findings);
    Read {
        files,
        is_whole: findings.count() == before,
    }
}

fn read_files(globs: &[At<String>], findings: &mut Findings) -> Vec<At<TemplateFile>> {
    let mut files = Vec::new();
    let mut room = TEMPLATE_BYTES;
    for pattern in globs {
        let paths = match glob(&pattern.value) {
            Ok(paths) => paths,
            Err(error) => {
                let (wrong, right) = words(error);
                findings.fault(pattern.place, wrong, right);
                continue;
            }
        };
        for path in paths {
            match read_file(path, &mut room) {
                Ok(value) if files.len() < TEMPLATE_FILES => {
                    let place = pattern.place;
                    files.push(At { place, value });
                }
                Ok(_) => {
                    let wrong = format!("more than {TEMPLATE_FILES} template files");
                    findings.fault(pattern.place, wrong, "name fewer");
                    return files;
                }
                Err(wrong) => {
                    let right = "make it readable or name another";
                    findings.fault(pattern.place, wrong, right);
                }
            }
        }
    }
    files
}

fn words(error: GlobError) -> (&'static str, &'static str) {
    match error {
        GlobError::Syntax => (
            "failed to parse templates: syntax error in pattern",
            "close the [ or escape it with \\",
        ),
        GlobError::TooMuch => (
            "the pattern makes us look at too many files",
            "write a narrower one",
        ),
    }
}

/// Reads one file. `room` is the number of bytes left for all files together.
fn read_file(path: PathBuf, room: &mut usize) -> Result<TemplateFile, String> {
    let fault = |reason: &str| format!("failed to read template {}: {reason}", path.display());
    let bytes = files::read(&path, *room as u64).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => fault(&format!(
            "all templates are larger than {} MiB",
            TEMPLATE_BYTES >> 20
        )),
        _ => fault(&error.to_string()),
    })?;
    *room -= bytes.len();
    match String::from_utf8(bytes) {
        Ok(text) => Ok(TemplateFile { path, text }),
        Err(_) => Err(fault("it is not UTF-8")),
    }
}

/// The templates of these files, and whether all files are valid. Each file is parsed separately, so that
/// the faults of all are reported.
pub fn compile(files: &[At<TemplateFile>], findings: &mut Findings) -> (Arc<Templates>, bool) {
    let mut sound = Vec::new();
    for file in files {
        match Templates::compile(std::slice::from_ref(&file.value)) {
            Ok(_) => sound.push(file.value.clone()),
            Err(fault) => {
                let wrong = format!("failed to parse templates: {fault}");
                findings.fault(file.place, wrong, "put the file right");
            }
        }
    }
    let are_sound = sound.len() == files.len();
    let templates = Templates::compile(&sound).expect("each of them is sound by itself");
    (Arc::new(templates), are_sound)
}
