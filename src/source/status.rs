//! The words for firing and resolved.
//!
//! Owns the two lists. Pure; runs on the connections' threads.

/// The words for an alert that fires, in lower case. Nothing at all is one more.
pub const FIRING_WORDS: [&str; 8] = [
    "firing",
    "alerting",
    "alarm",
    "problem",
    "triggered",
    "fired",
    "open",
    "down",
];

/// The words for an alert that has resolved, in lower case.
pub const RESOLVED_WORDS: [&str; 8] = [
    "resolved",
    "ok",
    "recovered",
    "recovery",
    "closed",
    "clear",
    "up",
    "inactive",
];

/// Whether the alert fires. Upper and lower case are the same.
pub fn is_firing(status: &str) -> Result<bool, String> {
    let word = status.trim();
    let is_in = |words: &[&str]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    if word.is_empty() || is_in(&FIRING_WORDS) {
        Ok(true)
    } else if is_in(&RESOLVED_WORDS) {
        Ok(false)
    } else {
        Err(format!(
            "the status is \"{}\", and neither one that fires ({}) nor one that has resolved ({})",
            word.chars().take(40).collect::<String>(),
            FIRING_WORDS.join(", "),
            RESOLVED_WORDS.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_senders_are_known_in_any_case() {
        for word in ["firing", "ALERTING", " Problem\n", "down", ""] {
            assert_eq!(is_firing(word), Ok(true), "{word}");
        }
        for word in ["resolved", "OK", "Closed", "up", "RECOVERY"] {
            assert_eq!(is_firing(word), Ok(false), "{word}");
        }
    }

    #[test]
    fn another_word_is_refused_with_the_words_that_are_known() {
        let fault = is_firing("1").expect_err("numbers mean different things to different senders");
        assert!(
            fault.starts_with("the status is \"1\", and neither"),
            "{fault}"
        );
        assert!(fault.contains("firing, alerting"), "{fault}");
    }
}
