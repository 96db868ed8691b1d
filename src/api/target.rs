//! The target of a request, split into path and query.
//!
//! Owns splitting, percent-decoding and the cleaning of paths. Knows no route. Pure; runs on the
//! connections' threads.

use crate::model::percent_decoded;

/// Path and query of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path as sent.
    pub path: &'a str,
    /// The text after the first `?`; empty if there is none.
    pub query: &'a str,
}

impl<'a> Target<'a> {
    /// Splits a target. The scheme and authority of an absolute form are dropped.
    pub fn split(target: &'a str) -> Self {
        let target = match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => {
                rest.find('/').map_or("/", |at| &rest[at..])
            }
            _ => target,
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Target { path, query }
    }

    /// `path` with the query of this target appended.
    pub fn with_path(&self, path: &str) -> String {
        if self.query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", self.query)
        }
    }
}

/// The meaning of `+` in percent-encoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// A plus sign, as in paths.
    Literal,
    /// A space, as in queries.
    Space,
}

/// Decodes percent-encoding; `None` if an escape is malformed. Bytes that are not UTF-8 are replaced.
pub fn percent_decode(text: &str, plus: Plus) -> Option<String> {
    let decoded = match plus {
        Plus::Literal => percent_decoded(text),
        Plus::Space => percent_decoded(&text.replace('+', " ")),
    };
    Some(String::from_utf8_lossy(&decoded?).into_owned())
}

/// The path without empty, `.` and `..` segments; a trailing slash stays.
pub fn clean_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{slash}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_splits_at_the_first_question_mark() {
        let split = |text| {
            let target = Target::split(text);
            (target.path, target.query)
        };
        assert_eq!(split("/a/b?c=d?e"), ("/a/b", "c=d?e"));
        assert_eq!(split("/a"), ("/a", ""));
        assert_eq!(split("http://host:1/a?b"), ("/a", "b"));
        assert_eq!(split("http://host"), ("/", ""));
        assert_eq!(split("/a?u=http://x/"), ("/a", "u=http://x/"));
    }

    #[test]
    fn escapes_decode_and_broken_ones_are_noticed() {
        let decode = |text| percent_decode(text, Plus::Space);
        assert_eq!(decode("a%3D%22b%22+c").as_deref(), Some("a=\"b\" c"));
        assert_eq!(decode("%C3%A9").as_deref(), Some("é"));
        assert_eq!(decode("%FF").as_deref(), Some("\u{fffd}"));
        assert_eq!(decode("%zz"), None);
        assert_eq!(decode("%4"), None);
        assert_eq!(percent_decode("a+b", Plus::Literal).as_deref(), Some("a+b"));
    }

    #[test]
    fn paths_are_tidied_as_go_tidies_them() {
        assert_eq!(clean_path("/api/v2//alerts"), "/api/v2/alerts");
        assert_eq!(clean_path("/api/./v2/x/../alerts/"), "/api/v2/alerts/");
        assert_eq!(clean_path("/.."), "/");
        assert_eq!(clean_path("//"), "/");
        assert_eq!(clean_path(""), "/");
    }
}
