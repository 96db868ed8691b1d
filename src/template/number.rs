//! PURE. Floating-point numbers as Go writes them.
//!
//! Owns three forms: `%v`, that of JSON, and `%.Ng`. Called on send threads and on whichever
//! thread loads the configuration.

/// As `%v`: the fewest digits that read back as the same number, with an exponent for what is
/// large or small.
pub fn shortest(number: f64) -> String {
    if let Some(word) = special(number) {
        return word.to_owned();
    }
    let (mantissa, exponent) = scientific(format!("{number:e}"));
    if (-4..6).contains(&exponent) {
        format!("{number}")
    } else {
        with_exponent(&mantissa, exponent, 2)
    }
}

/// As JSON has it; `None` for what JSON has no words for.
pub fn json(number: f64) -> Option<String> {
    if special(number).is_some() {
        return None;
    }
    let (mantissa, exponent) = scientific(format!("{number:e}"));
    Some(if number == 0.0 || (-6..21).contains(&exponent) {
        format!("{number}")
    } else {
        with_exponent(&mantissa, exponent, 1)
    })
}

/// As `%.Ng`: `digits` of them at most.
pub fn rounded(number: f64, digits: usize) -> String {
    if let Some(word) = special(number) {
        return word.to_owned();
    }
    let (mantissa, exponent) = scientific(format!("{number:.*e}", digits.saturating_sub(1)));
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= limit {
        with_exponent(without_zeros(&mantissa), exponent, 2)
    } else {
        let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
        without_zeros(&format!("{number:.decimals$}")).to_owned()
    }
}

/// Mantissa and exponent of what Rust's `{:e}` wrote.
fn scientific(text: String) -> (String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

/// Go writes the sign of an exponent always, and at least `width` digits.
fn with_exponent(mantissa: &str, exponent: i32, width: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    let size = exponent.unsigned_abs();
    format!("{mantissa}e{sign}{size:0width$}")
}

fn without_zeros(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number == f64::INFINITY {
        Some("+Inf")
    } else if number == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_go_prints_them() {
        for (number, expected) in [
            (1.5, "1.5"),
            (100_000.5, "100000.5"),
            (999_999.0, "999999"),
            (1e6, "1e+06"),
            (1_234_567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-0.0, "-0"),
            (1e21, "1e+21"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(shortest(number), expected);
        }
    }

    #[test]
    fn json_writes_exponents_only_where_it_must() {
        for (number, expected) in [
            (1.0, Some("1")),
            (1e20, Some("100000000000000000000")),
            (1e21, Some("1e+21")),
            (1e-7, Some("1e-7")),
            (0.0, Some("0")),
            (f64::INFINITY, None),
        ] {
            assert_eq!(json(number).as_deref(), expected);
        }
    }

    #[test]
    fn rounding_keeps_so_many_digits_and_drops_zeros() {
        for (number, expected) in [
            (12.345678, "12.35"),
            (59.99999, "60"),
            (999.9999, "1000"),
            (120.0, "120"),
            (123_456.0, "1.235e+05"),
            (1e-6, "1e-06"),
        ] {
            assert_eq!(rounded(number, 4), expected);
        }
    }
}
