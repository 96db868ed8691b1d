//! The order in which Alertmanager's YAML library writes the keys of a map.
//!
//! Owns the rule: letters after all other characters, numbers within a key by their value. Pure; runs on the
//! thread that loads the configuration.

use std::cmp::Ordering;

/// Compares two keys of a map.
pub fn compare_keys(left: &str, right: &str) -> Ordering {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let differs = |(one, other): (&char, &char)| one != other;
    let Some(at) = left.iter().zip(&right).position(differs) else {
        return left.len().cmp(&right.len());
    };
    let letters = (left[at].is_alphabetic(), right[at].is_alphabetic());
    match letters {
        (true, true) => left[at].cmp(&right[at]),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_digits(&left, &right, at),
    }
}

/// Compares from the first character that differs, which is part of a number in at least one key or in
/// neither.
fn compare_digits(left: &[char], right: &[char], at: usize) -> Ordering {
    let digits = |text: &[char]| -> Vec<char> {
        let rest = text[at..].iter().copied();
        rest.take_while(|letter| letter.is_numeric()).collect()
    };
    let (ours, theirs) = (digits(left), digits(right));
    // A zero is a leading zero only if no other digit of the same number precedes it.
    let before = left[..at].iter().rev();
    let mut before = before.take_while(|letter| letter.is_numeric());
    let touches_zero = left[at] == '0' || right[at] == '0';
    let by_value = if touches_zero && before.any(|digit| *digit != '0') {
        ours.len()
            .cmp(&theirs.len())
            .then_with(|| ours.cmp(&theirs))
    } else {
        compare_values(&ours, &theirs)
    };
    by_value
        .then(ours.len().cmp(&theirs.len()))
        .then(left[at].cmp(&right[at]))
}

fn compare_values(ours: &[char], theirs: &[char]) -> Ordering {
    let significant = |digits: &[char]| -> Vec<char> {
        let digits = digits.iter().copied();
        digits.skip_while(|digit| *digit == '0').collect()
    };
    let (ours, theirs) = (significant(ours), significant(theirs));
    ours.len()
        .cmp(&theirs.len())
        .then_with(|| ours.cmp(&theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_people_do() {
        let ordered = [
            "_", "1", "2", "10", "A", "a", "a-b", "a1", "a01", "a2", "a10", "a100", "aB", "ab", "b",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare_keys(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(
                compare_keys(pair[1], pair[0]),
                Ordering::Greater,
                "{pair:?}"
            );
        }
        assert_eq!(compare_keys("a", "a"), Ordering::Equal);
    }
}
