//! Reads secrets, from the configuration or from their files.
//!
//! Owns the reading of secret files: bounded in size, anew at each use, with blanks around the text ignored.
//! A fault names the file and never its contents. Runs on send threads, and on main when a configuration is
//! checked.

use std::io;
use std::path::Path;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{Header, Secret};
use crate::{files, limits};

/// The text of `secret`. Faults use the name `what` for it.
pub fn read(secret: &Secret, what: &str) -> Result<String, String> {
    match secret {
        Secret::Inline(text) => Ok(text.clone()),
        Secret::File(path) => {
            let text = files::read_text(path, limits::SECRET_FILE);
            let text = text.map_err(|error| unreadable(what, path, &error))?;
            Ok(text.trim().to_owned())
        }
    }
}

/// The text of an optional secret; empty if there is none.
pub fn read_if_any(secret: Option<&Secret>, what: &str) -> Result<String, String> {
    secret.map_or_else(|| Ok(String::new()), |secret| read(secret, what))
}

/// The text of the fault that a file cannot be read.
pub fn unreadable(what: &str, path: &Path, error: &io::Error) -> String {
    format!("read {what}: {}: {error}", path.display())
}

/// Whether a request may carry secrets that are meant only for the host of the configured URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The request goes to that host.
    Allowed,
    /// A redirect has led to another host.
    Withheld,
}

/// Headers that always count as credentials, as in Go.
const CREDENTIALS: [&str; 3] = ["cookie", "cookie2", "www-authenticate"];

/// The names and values of `headers`. Reads values in files. Leaves out secrets if credentials are withheld.
pub fn header_lines(
    headers: &[Header],
    credentials: Credentials,
) -> Result<Vec<(String, String)>, String> {
    let are_allowed = credentials == Credentials::Allowed;
    let mut lines = Vec::new();
    for header in headers {
        let is_credential = CREDENTIALS.contains(&header.name.to_ascii_lowercase().as_str());
        if is_credential && !are_allowed {
            continue;
        }
        let line = |value| (header.name.clone(), value);
        lines.extend(header.values.iter().cloned().map(line));
        for secret in header.secrets.iter().filter(|_| are_allowed) {
            let value = read(secret, &format!("header {}", header.name))?;
            lines.push(line(value));
        }
    }
    Ok(lines)
}

/// Adds the configured `headers` to the headers of a request.
pub fn add_headers(
    headers: &[Header],
    credentials: Credentials,
    request: &mut HeaderMap,
) -> Result<(), String> {
    for (name, value) in header_lines(headers, credentials)? {
        let value = header_value(&value, &format!("header {name}"))?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("header {name:?} has no sound name"))?;
        request.append(name, value);
    }
    Ok(())
}

/// `text` as the value of a header. Faults use the name `what` for it.
pub fn header_value(text: &str, what: &str) -> Result<HeaderValue, String> {
    // As in Go, blanks around a value are not part of it.
    let bare = text.trim_matches([' ', '\t']);
    let mut value =
        HeaderValue::from_str(bare).or_else(|_| HeaderValue::from_bytes(bare.as_bytes()));
    if let Ok(value) = &mut value {
        value.set_sensitive(true);
    }
    value.map_err(|_| format!("the value of {what} has characters that no header may have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_as_they_are_and_files_are_trimmed() {
        let inline = Secret::Inline(" word ".to_owned());
        assert_eq!(read(&inline, "password"), Ok(" word ".to_owned()));
        let path = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        std::fs::write(&path, " word\n\n").expect("a file");
        let file = Secret::File(path.clone());
        assert_eq!(read(&file, "password"), Ok("word".to_owned()));
        std::fs::write(&path, vec![b'x'; 70_000]).expect("a file");
        let fault = read(&file, "password").expect_err("too large");
        assert_eq!(
            fault,
            format!("read password: {}: larger than 64 KiB", path.display())
        );
        std::fs::remove_file(&path).expect("the file");
        let fault = read(&file, "password").expect_err("no file");
        assert!(fault.contains("No such file"), "{fault}");
        assert_eq!(read_if_any(None, "password"), Ok(String::new()));
    }

    #[test]
    fn a_value_that_would_break_the_request_is_refused_without_being_shown() {
        let fault = header_value("se\r\ncret", "header x").expect_err("two lines");
        assert!(!fault.contains("cret"), "{fault}");
        let value = header_value("  Bearer é \t", "header x").expect("a value");
        assert_eq!(value.as_bytes(), "Bearer é".as_bytes());
        assert!(!format!("{value:?}").contains("Bearer"));
    }
}
