//! Normalises texts that were printed a moment apart, for comparison.
//!
//! Times near the present become the distance from the start of the test, in whole minutes, so that a wrong
//! resolve_timeout still shows. All other times stay, because the test has set them.

use std::time::Duration;

use alertwheel::model::Wall;
use regex::{Captures, Regex};

/// What counts as near the present. Twice the default resolve_timeout of five minutes, at least.
const NEAR: Duration = Duration::from_secs(30 * 60);

/// `text` with its recent times replaced; `began` is when the test began.
pub fn relative(text: &str, began: Wall) -> String {
    let time = Regex::new(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z| UTC)")
        .expect("the pattern is right");
    let replaced = time.replace_all(text, |found: &Captures| {
        let stamp = format!("{}T{}Z", &found[1], &found[2]);
        let time: Wall = stamp.parse().expect("the pattern finds times only");
        if began.duration_until(time).unsigned_abs() > NEAR {
            return found[0].to_owned();
        }
        let minutes = began.duration_until(time).as_secs_f64() / 60.0;
        format!("<start + {}m>", minutes.round().abs())
    });
    replaced.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        text.parse().expect("the test gives a time")
    }

    #[test]
    fn a_recent_time_is_told_from_the_start() {
        let text = "from 2026-01-02T03:04:09.123Z to 2026-01-02 03:09:09 UTC";
        assert_eq!(
            relative(text, at("2026-01-02T03:04:05Z")),
            "from <start + 0m> to <start + 5m>"
        );
    }

    #[test]
    fn a_time_that_the_test_gave_stays() {
        let text = "2025-01-02T03:04:09.123Z";
        assert_eq!(relative(text, at("2026-01-02T03:04:05Z")), text);
    }
}
