//! The check that the id in a path is a UUID.
//!
//! Owns the forms that Alertmanager's API framework accepts: the usual form, the usual form after
//! `urn:uuid:` or between any two characters, and the digits alone. Pure; runs on the connections' threads.

/// The length of the usual form, in bytes.
const LENGTH: usize = 36;

/// The positions of the dashes in the usual form.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// Whether `text` is a UUID in any of the forms.
pub fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.len() {
        LENGTH => is_usual(bytes),
        32 => bytes.iter().all(u8::is_ascii_hexdigit),
        38 => is_usual(&bytes[1..=LENGTH]),
        45 => bytes[..9].eq_ignore_ascii_case(b"urn:uuid:") && is_usual(&bytes[9..]),
        _ => false,
    }
}

fn is_usual(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(place, byte)| {
        if DASHES.contains(&place) {
            *byte == b'-'
        } else {
            byte.is_ascii_hexdigit()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_that_alertmanager_takes_are_uuids() {
        let id = "0f7c4f3e-A000-4000-8000-000000000000";
        for good in [
            id.to_owned(),
            id.replace('-', ""),
            format!("{{{id}}}"),
            format!("x{id}y"),
            format!("URN:uuid:{id}"),
        ] {
            assert!(is_uuid(&good), "{good}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for bad in [
            "",
            "x",
            "0f7c4f3e-0000-4000-8000-00000000000",
            "0f7c4f3e-00004-000-8000-000000000000",
            "0f7c4f3eg00040008000000000000000",
            "urn:uuix:0f7c4f3e-0000-4000-8000-000000000000",
            "ü0f7c4f3e-0000-4000-8000-00000000000",
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }
}
