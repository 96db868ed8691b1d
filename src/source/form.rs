//! Forms: names and values in a query or a body.
//!
//! Owns the two encodings, urlencoded and multipart, and the bound of fields. Bytes that are no UTF-8 are
//! replaced. Pure; runs on the connections' threads.

use crate::limits;
use crate::model::percent_decoded;

/// The pairs of an urlencoded text, in their order; `None` if an escape is broken.
pub fn urlencoded(text: &str) -> Option<Vec<(String, String)>> {
    let decoded = |text: &str| {
        let bytes = percent_decoded(&text.replace('+', " "))?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    });
    pairs.collect()
}

/// The fields of a multipart body with this `boundary`, in their order. Parts without a name are left out.
pub fn multipart(body: &[u8], boundary: &str) -> Result<Vec<(String, String)>, String> {
    let delimiter = format!("--{boundary}");
    let Some(mut rest) = after(body, delimiter.as_bytes()) else {
        return Err(format!("the multipart body has no boundary --{boundary}"));
    };
    let delimiter = format!("\r\n{delimiter}");
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        let Some(end) = find(rest, delimiter.as_bytes()) else {
            return Err("the multipart body ends within a part".to_owned());
        };
        if fields.len() == limits::SOURCE_FIELDS {
            let limit = limits::SOURCE_FIELDS;
            return Err(format!("the form has more than {limit} fields"));
        }
        fields.extend(field(&rest[..end]));
        rest = &rest[end + delimiter.len()..];
    }
    Ok(fields)
}

/// The boundary in a Content-Type, if it is that of a multipart form.
pub fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';');
    let kind = parts.next()?.trim();
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parts.find_map(|part| parameter(part, "boundary"))
}

/// The field in a part, from the line after its boundary.
fn field(part: &[u8]) -> Option<(String, String)> {
    let value = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..value]);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let name = disposition
        .split(';')
        .find_map(|part| parameter(part, "name"))?;
    let value = String::from_utf8_lossy(&part[value + 4..]);
    Some((name.to_owned(), value.into_owned()))
}

/// The value of `name=value`, without its quotes.
fn parameter<'p>(part: &'p str, name: &str) -> Option<&'p str> {
    let (own, value) = part.split_once('=')?;
    let value = value.trim();
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    own.trim()
        .eq_ignore_ascii_case(name)
        .then_some(bare.unwrap_or(value))
        .filter(|value| !value.is_empty())
}

fn after<'b>(bytes: &'b [u8], piece: &[u8]) -> Option<&'b [u8]> {
    find(bytes, piece).map(|at| &bytes[at + piece.len()..])
}

fn find(bytes: &[u8], piece: &[u8]) -> Option<usize> {
    bytes
        .windows(piece.len())
        .position(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into()));
        owned.collect()
    }

    #[test]
    fn pairs_are_decoded_and_keep_their_order() {
        assert_eq!(
            urlencoded("b=1%2B1+x&a=%C3%A9&&flag&c=a=b"),
            Some(pairs(&[
                ("b", "1+1 x"),
                ("a", "é"),
                ("flag", ""),
                ("c", "a=b")
            ]))
        );
        assert_eq!(urlencoded(""), Some(Vec::new()));
        assert_eq!(urlencoded("a=%zz"), None);
        assert_eq!(urlencoded("a=%ff"), Some(pairs(&[("a", "\u{fffd}")])));
    }

    #[test]
    fn parts_with_a_name_are_fields() {
        let body = "preamble\r\n--X\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"a\":\r\n1}\r\n--X\r\n\
                    content-disposition: form-data; filename=f; name=note\r\nContent-Type: text/plain\r\n\r\n\r\n--X\r\n\
                    Content-Type: text/plain\r\n\r\nnameless\r\n--X--\r\n";
        assert_eq!(boundary("multipart/form-data; boundary=X"), Some("X"));
        assert_eq!(
            boundary("Multipart/Form-Data; charset=x; boundary=\"X\""),
            Some("X")
        );
        assert_eq!(boundary("multipart/mixed; boundary=X"), None);
        assert_eq!(
            multipart(body.as_bytes(), "X"),
            Ok(pairs(&[("data", "{\"a\":\r\n1}"), ("note", "")]))
        );
    }

    #[test]
    fn a_body_that_is_cut_off_is_refused() {
        let body = b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf";
        let fault = "the multipart body ends within a part".to_owned();
        assert_eq!(multipart(body, "X"), Err(fault));
        assert!(multipart(b"nothing", "X").is_err());
    }

    #[test]
    fn a_form_has_a_bounded_number_of_fields() {
        let part = "\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--X";
        let body = format!("--X{}--", part.repeat(limits::SOURCE_FIELDS + 1));
        let fault = multipart(body.as_bytes(), "X").expect_err("one field too many");
        assert!(fault.contains("more than 1000 fields"), "{fault}");
    }
}
