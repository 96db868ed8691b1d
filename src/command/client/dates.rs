//! Times of the API and of flags.
//!
//! Owns their way from text to text. A time keeps the offset that it came with, as in amtool. Reads no
//! clock. Runs on main.

use jiff::ZonedDateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Wall;
use crate::template::{format_go_time, parse_go_time};

/// RFC 3339, as Go writes this layout.
const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// The form of times in answers of the API.
const WITH_MILLISECONDS: &str = "2006-01-02T15:04:05.000Z07:00";

/// A time with its offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Date(ZonedDateTime);

impl Date {
    /// Parses RFC 3339; fails in Go's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse_go_time(RFC3339, text).map(Date)
    }

    /// `wall` in UTC.
    pub fn utc(wall: Wall) -> Self {
        Date(wall.to_zoned_datetime(TimeZone::UTC))
    }

    /// The point in time.
    pub fn wall(&self) -> Wall {
        self.0.timestamp()
    }

    /// The time in the form of Go's `layout`.
    pub fn format(&self, layout: &str) -> String {
        format_go_time(&self.0, layout)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.format(WITH_MILLISECONDS))
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Date::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn a_time_keeps_its_offset() {
        let layout = "2006-01-02 15:04:05 MST";
        let utc = date("2026-01-02T03:04:05.678Z");
        assert_eq!(utc.format(layout), "2026-01-02 03:04:05 UTC");
        let other = date("2026-01-02T03:04:05+02:00");
        assert_eq!(other.format(layout), "2026-01-02 03:04:05 +0200");
        let json = serde_json::to_string(&other).expect("a text");
        assert_eq!(json, "\"2026-01-02T03:04:05.000+02:00\"");
    }

    #[test]
    fn what_is_no_time_is_refused_in_the_words_of_go() {
        let words =
            r#"parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#;
        assert_eq!(Date::parse("x"), Err(words.to_owned()));
    }
}
