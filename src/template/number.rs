//! PURE. Writes floating-point numbers as Go does.
//!
//! Owns the formats of `strconv` and of JSON. Called on send threads and on the thread that loads the
//! configuration.

/// The format of `%v`: the fewest digits that read back as the same number, with an exponent if the number
/// is large or small.
pub fn shortest(number: f64) -> String {
    formatted(number, 'g', None)
}

/// The format of `%.Ng`: at most `digits` digits.
pub fn rounded(number: f64, digits: usize) -> String {
    formatted(number, 'g', Some(digits))
}

/// The format of JSON; `None` for NaN and infinities, which JSON cannot express.
pub fn json(number: f64) -> Option<String> {
    if special(number).is_some() {
        return None;
    }
    let (mantissa, exponent) = scientific(format!("{number:e}"));
    Some(if number == 0.0 || (-6..21).contains(&exponent) {
        format!("{number}")
    } else {
        with_exponent(&mantissa, 'e', exponent, 1)
    })
}

/// The format of Go's `strconv`, in one of the forms `b`, `e`, `E`, `f`, `g`, `G`, `x` and `X`. `digits` is
/// the number of digits after the point, for `g` and `G` that of all significant digits; without it, the
/// fewest that read back as the same number. `b` ignores it.
pub fn formatted(number: f64, form: char, digits: Option<usize>) -> String {
    if let Some(word) = special(number) {
        return word.to_owned();
    }
    match form {
        'b' => binary(number),
        'e' | 'E' => exponential(number, form, digits),
        'f' => decimal(number, digits),
        'x' | 'X' => hexadecimal(number, form, digits),
        _ => general(number, if form == 'G' { 'E' } else { 'e' }, digits),
    }
}

fn exponential(number: f64, letter: char, digits: Option<usize>) -> String {
    let (mut mantissa, exponent) = match digits {
        None => scientific(format!("{number:e}")),
        Some(digits) => scientific(format!("{number:.*e}", digits.min(EXACT_DIGITS))),
    };
    fill(&mut mantissa, digits);
    with_exponent(&mantissa, letter, exponent, 2)
}

fn decimal(number: f64, digits: Option<usize>) -> String {
    match digits {
        None => format!("{number}"),
        Some(digits) => {
            let mut text = format!("{number:.*}", digits.min(EXACT_DIGITS));
            fill(&mut text, Some(digits));
            text
        }
    }
}

/// The form `g`: with an exponent if that is less than -4, or exceeds the requested digits.
fn general(number: f64, letter: char, digits: Option<usize>) -> String {
    let (mantissa, exponent) = match digits {
        None => scientific(format!("{number:e}")),
        Some(digits) => {
            let behind = digits.clamp(1, EXACT_DIGITS) - 1;
            scientific(format!("{number:.behind$e}"))
        }
    };
    let limit = digits.map_or(SHORTEST_DIGITS, |digits| {
        i32::try_from(digits.max(1)).unwrap_or(i32::MAX)
    });
    if exponent < -4 || exponent >= limit {
        return with_exponent(without_zeros(&mantissa), letter, exponent, 2);
    }
    match digits {
        None => format!("{number}"),
        Some(_) => {
            let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
            without_zeros(&format!("{number:.*}", decimals.min(EXACT_DIGITS))).to_owned()
        }
    }
}

/// The number of digits after which every number has only zeros. Rust writes at most 65535.
const EXACT_DIGITS: usize = 1100;

/// The number of digits before the point from which the shortest form has an exponent.
const SHORTEST_DIGITS: i32 = 6;

/// Appends zeros up to `digits` after the point, if Rust wrote as many as it can.
fn fill(text: &mut String, digits: Option<usize>) {
    let missing = digits.unwrap_or(0).saturating_sub(EXACT_DIGITS);
    text.extend(std::iter::repeat_n('0', missing));
}

/// The mantissa and the power of two of `number`, and whether it is negative.
fn parts(number: f64) -> (u64, i32, bool) {
    const FRACTION_BITS: u32 = 52;
    let bits = number.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let biased = i32::try_from((bits >> FRACTION_BITS) & 0x7ff).unwrap_or(0);
    let (whole, biased) = match biased {
        0 => (fraction, 1),
        biased => (fraction | (1 << FRACTION_BITS), biased),
    };
    (whole, biased - 1023 - 52, number.is_sign_negative())
}

fn binary(number: f64) -> String {
    let (whole, exponent, is_negative) = parts(number);
    let sign = if is_negative { "-" } else { "" };
    format!("{sign}{whole}p{exponent:+}")
}

/// The forms `x` and `X`: one digit, a point, and the other bits as hexadecimal digits.
fn hexadecimal(number: f64, letter: char, digits: Option<usize>) -> String {
    /// The bit of the digit before the point; below it are fifteen digits after the point.
    const ONE: u64 = 1 << 60;
    let (mut whole, mut exponent, is_negative) = parts(number);
    exponent += 52;
    if whole == 0 {
        exponent = 0;
    } else {
        whole <<= 8;
        while whole & ONE == 0 {
            whole <<= 1;
            exponent -= 1;
        }
    }
    if let Some(digits) = digits.filter(|digits| *digits < 15) {
        let dropped = 60 - 4 * digits;
        let (kept, rest) = (whole >> dropped, whole & ((1 << dropped) - 1));
        let half = 1 << (dropped - 1);
        // A half is rounded to even.
        let rounds_up = rest > half || (rest == half && kept % 2 == 1);
        whole = (kept + u64::from(rounds_up)) << dropped;
        if whole & (ONE << 1) != 0 {
            whole >>= 1;
            exponent += 1;
        }
    }
    let behind = format!("{:015x}", whole & (ONE - 1));
    let behind = match digits {
        None => behind.trim_end_matches('0').to_owned(),
        Some(digits) => format!("{:0<digits$}", &behind[..digits.min(15)]),
    };
    let point = if behind.is_empty() { "" } else { "." };
    let sign = if is_negative { "-" } else { "" };
    let first = whole >> 60;
    let text = with_exponent(&format!("{sign}0x{first}{point}{behind}"), 'p', exponent, 2);
    if letter == 'X' {
        text.to_uppercase()
    } else {
        text
    }
}

/// The mantissa and exponent of a text that Rust's `{:e}` wrote.
fn scientific(text: String) -> (String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

/// Joins a mantissa and an exponent. As in Go, the exponent always has a sign and at least `width` digits.
fn with_exponent(mantissa: &str, letter: char, exponent: i32, width: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    let size = exponent.unsigned_abs();
    format!("{mantissa}{letter}{sign}{size:0width$}")
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
    fn each_form_has_as_many_digits_as_it_is_asked_for() {
        for (number, form, digits, expected) in [
            (1234.5678, 'e', Some(2), "1.23e+03"),
            (1234.5678, 'E', None, "1.2345678E+03"),
            (1234.5678, 'f', Some(1), "1234.6"),
            (0.5, 'f', Some(0), "0"),
            (1.5, 'f', Some(0), "2"),
            (1e21, 'f', None, "1000000000000000000000"),
            (1234.5678, 'g', Some(3), "1.23e+03"),
            (1234.5678, 'G', Some(0), "1E+03"),
            (100.0, 'g', Some(3), "100"),
            (1.5, 'b', None, "6755399441055744p-52"),
            (1.5, 'x', None, "0x1.8p+00"),
            (-0.1, 'x', None, "-0x1.999999999999ap-04"),
            (1e300, 'X', None, "0X1.7E43C8800759CP+996"),
            (1.5, 'x', Some(3), "0x1.800p+00"),
            (1.96875, 'x', Some(1), "0x1.0p+01"),
            (1.03125, 'x', Some(1), "0x1.0p+00"),
            (0.0, 'x', None, "0x0p+00"),
            (5e-324, 'x', None, "0x1p-1074"),
            (f64::NEG_INFINITY, 'f', Some(2), "-Inf"),
        ] {
            assert_eq!(formatted(number, form, digits), expected);
        }
        let long = formatted(0.5, 'f', Some(70_000));
        assert_eq!((long.len(), &long[..4]), (70_002, "0.50"));
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
