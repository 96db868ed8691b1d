//! Percent-decoding, compatible with Go.
//!
//! Owns the rule for valid escapes: two hexadecimal digits after each `%`. The caller interprets the bytes.
//! Pure; runs on the calling thread.

/// `text` with its escapes decoded; `None` if one is invalid.
pub fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, plain) = piece.split_at_checked(2)?;
        let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hexadecimal {
            return None;
        }
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        decoded.extend(plain.as_bytes());
    }
    Some(decoded)
}
