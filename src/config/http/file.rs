//! A file that holds the settings of one HTTP client, as `--http.config.file` of amtool names it.
//!
//! Owns the way from the file to an [`HttpConfig`]. Relative paths in it start at its directory. Runs on main.

use std::path::Path;

use super::check::check_http;
use super::{HTTP_CONFIG, HttpConfig};
use crate::config::fault::{Faults, Findings};
use crate::config::load::{LoadError, broken_syntax, read_text};
use crate::config::locate::Locator;
use crate::config::record::Record;
use crate::config::table::Reading;
use crate::config::yaml;
use crate::model::ParserMode;

/// Reads and checks the client settings at `path`.
pub fn load_http(path: &Path) -> Result<HttpConfig, LoadError> {
    let file = path.display().to_string();
    match read_text(path) {
        Ok(text) => parse_http(&file, &text, path.parent()).map_err(LoadError::Faulty),
        Err(reason) => Err(LoadError::Unreadable { file, reason }),
    }
}

fn parse_http(name: &str, text: &str, folder: Option<&Path>) -> Result<HttpConfig, Faults> {
    let document = yaml::parse(text).map_err(|error| broken_syntax(name, error))?;
    let mut root = document.root;
    let mut findings = Findings::default();
    root.settle(&mut findings);
    let reading = Reading {
        mode: ParserMode::default(),
        folder,
    };
    let record = Record::read(&root, &HTTP_CONFIG, reading, &mut findings);
    let http = record.map(|record| check_http(&record, &mut findings));
    match http {
        Some(http) if findings.is_sound() => Ok(http),
        _ => Err(Locator::of_one(name, text, root).faults(findings)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Authorization, Secret};

    fn parsed(text: &str) -> Result<HttpConfig, String> {
        let parsed = parse_http("http.yml", text, Some(Path::new("/etc/am")));
        parsed.map_err(|faults| faults.to_string())
    }

    #[test]
    fn files_in_it_are_beside_it() {
        let http =
            parsed("basic_auth: {username: me, password_file: secret}").expect("it is sound");
        let password = Some(Secret::File(PathBuf::from("/etc/am/secret")));
        let username = Some(Secret::Inline("me".to_owned()));
        assert_eq!(
            http.authorization,
            Authorization::Basic { username, password }
        );
    }

    #[test]
    fn a_fault_has_its_line() {
        let fault = parsed("follow_redirects: true\nbasic_aut: {}").expect_err("no such key");
        assert!(fault.starts_with("http.yml:2: basic_aut: "), "{fault}");
    }
}
