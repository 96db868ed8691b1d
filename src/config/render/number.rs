//! Numbers as Go writes them.
//!
//! Owns when a number gets an exponent. Pure; runs on whichever thread loads the configuration.

/// A number with as few digits as tell it apart, and an exponent from a million up and below a ten
/// thousandth.
pub fn go_number(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            let exponent = exponent.unsigned_abs();
            format!("{digits}e{sign}{exponent:02}")
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_have_a_sign_and_two_digits() {
        let numbers = [
            (1.5, "1.5"),
            (-0.25, "-0.25"),
            (1e6, "1e+06"),
            (123_456.5, "123456.5"),
            (1_234_567.5, "1.2345675e+06"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
        ];
        for (number, written) in numbers {
            assert_eq!(go_number(number), written);
        }
    }
}
