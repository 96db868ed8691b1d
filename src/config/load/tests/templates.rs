//! Template files, read beside the configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use super::*;

/// A folder that goes with its owner.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A new and empty folder; `name` tells it from those of other tests.
    pub fn create(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("alertwheel-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a folder can be made there");
        Folder { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into it and returns where that is.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path.join(name);
        fs::write(&file, text).expect("the folder can be written");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover among temporary files does no harm.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn load_with(folder: &Folder, globs: &str) -> Result<Config, String> {
    let text = format!("templates: {globs}\nroute: {{receiver: a}}\n{RECEIVERS}");
    let loaded = load(&folder.write("f.yml", &text), ParserMode::default());
    loaded
        .map(|loaded| loaded.config)
        .map_err(|error| error.to_string())
}

#[test]
fn files_are_read_in_the_order_of_the_globs_and_of_their_names() {
    let folder = Folder::create("templates-order");
    for name in ["b.tmpl", "a.tmpl", "z.text"] {
        folder.write(name, name);
    }
    let config = load_with(&folder, "['*.text', '*.tmpl', 'none/*']");
    let config = config.expect("all can be read");
    let texts: Vec<&str> = config
        .templates
        .iter()
        .map(|file| file.text.as_str())
        .collect();
    assert_eq!(texts, ["z.text", "a.tmpl", "b.tmpl"]);
    assert_eq!(config.templates[0].path, folder.path().join("z.text"));
    let shown = format!("- {}/*.text\n", folder.path().display());
    assert!(config.original.contains(&shown), "{}", config.original);
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let folder = Folder::create("templates-unreadable");
    fs::create_dir_all(folder.path().join("x.tmpl")).expect("the folder can be written");
    let told = load_with(&folder, "['*.tmpl']").expect_err("a folder is no file");
    assert!(
        told.contains(":1: templates[0]: failed to read template "),
        "{told}"
    );
    let told = load_with(&folder, "['[']").expect_err("the glob is not closed");
    assert!(told.contains("syntax error in pattern; "), "{told}");
}

#[test]
fn files_that_are_too_large_are_refused_unread() {
    let folder = Folder::create("templates-large");
    folder.write("x.tmpl", &"x".repeat(crate::limits::TEMPLATE_BYTES + 1));
    let told = load_with(&folder, "['*.tmpl']").expect_err("the file is too large");
    assert!(
        told.contains("all templates are larger than 8 MiB"),
        "{told}"
    );
}

#[test]
fn a_text_without_a_folder_reads_no_file() {
    let text = format!("templates: ['/*']\nroute: {{receiver: a}}\n{RECEIVERS}");
    assert_eq!(config(&text).templates, []);
}
