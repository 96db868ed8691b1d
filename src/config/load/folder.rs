//! The files of a configuration folder.
//!
//! Owns which files of a folder count, and their order. Runs where the configuration is loaded.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::LoadError;
use super::decode;
use crate::files;
use crate::limits::{CONFIG_FILE_BYTES, CONFIG_FILES};

/// The files of the folder at `path` that end in `.yml` or `.yaml`, in the order of their names. Hidden ones
/// do not count: editors and Kubernetes have them beside the real ones.
pub fn files_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let shown = name.to_string_lossy();
        if !shown.starts_with('.') && (shown.ends_with(".yml") || shown.ends_with(".yaml")) {
            found.push(path.join(&name));
        }
        if found.len() > CONFIG_FILES {
            let why = format!("it has more than {CONFIG_FILES} files");
            return Err(io::Error::new(ErrorKind::FileTooLarge, why));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads them: their names and texts.
pub fn read(path: &Path) -> Result<Vec<(String, String)>, LoadError> {
    let unreadable = |file: &Path, reason: String| LoadError::Unreadable {
        file: file.display().to_string(),
        reason,
    };
    let files = files_in(path).map_err(|error| unreadable(path, error.to_string()))?;
    if files.is_empty() {
        let why = "no file in this folder ends in .yml or .yaml";
        return Err(unreadable(path, why.to_owned()));
    }
    let mut room = CONFIG_FILE_BYTES;
    let mut texts = Vec::new();
    for file in files {
        let text = read_file(&file, room).map_err(|reason| unreadable(&file, reason))?;
        room = room.saturating_sub(text.len());
        texts.push((file.display().to_string(), text));
    }
    Ok(texts)
}

fn read_file(file: &Path, room: usize) -> Result<String, String> {
    let bytes = File::open(file).and_then(|input| files::read_from(input, room as u64));
    let bytes = bytes.map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            format!(
                "the files of the folder are larger than {} MiB",
                CONFIG_FILE_BYTES >> 20
            )
        }
        _ => error.to_string(),
    })?;
    decode(bytes)
}
