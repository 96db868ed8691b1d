//! Stories about durations; the vectors are those of Appendix B and §1.2.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Duration {
    parse_duration(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str) -> String {
    parse_duration(text)
        .expect_err("a text that is no duration")
        .to_string()
}

fn go_refusal(text: &str) -> String {
    parse_go_duration(text)
        .expect_err("a text that is no duration")
        .to_string()
}

#[test]
fn every_unit_is_read_and_zero_needs_none() {
    for (text, milliseconds) in [
        ("0", 0),
        ("0s", 0),
        ("0w", 0),
        ("324ms", 324),
        ("3s", 3_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("4d", 345_600_000),
        ("4d1h", 349_200_000),
        ("14d", 1_209_600_000),
        ("3w", 1_814_400_000),
        ("3w2d1h", 1_990_800_000),
        ("10y", 315_360_000_000),
        ("1h30m15s4ms", 5_415_004),
        ("0001s", 1_000),
    ] {
        assert_eq!(parsed(text), Duration::from_millis(milliseconds), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused_in_prometheus_words() {
    assert_eq!(refusal(""), "empty duration string");
    for text in [
        "1",
        "30",
        "-3s",
        "1m1d",
        "1s1s",
        "s",
        "1h5",
        " 1s",
        "1.",
        "99999999999999999999s",
    ] {
        let expected = match text {
            "1." => r#"unknown unit "." in duration "1.""#.to_string(),
            _ => format!("not a valid duration string: {text:?}"),
        };
        assert_eq!(refusal(text), expected);
    }
    assert_eq!(refusal("1.5d"), r#"unknown unit "." in duration "1.5d""#);
    assert_eq!(refusal("1d 2h"), r#"unknown unit "d " in duration "1d 2h""#);
    assert_eq!(
        refusal("5\u{b5}s"),
        "unknown unit \"\u{b5}s\" in duration \"5\u{b5}s\""
    );
    assert_eq!(refusal("5\n"), r#"unknown unit "\n" in duration "5\n""#);
}

#[test]
fn the_range_ends_where_gos_ends() {
    assert_eq!(parsed("292y").as_secs(), 292 * 365 * 86_400);
    assert_eq!(refusal("293y"), "duration out of range");
    assert_eq!(refusal("292y52w"), "duration out of range");
    assert_eq!(parsed("9223372036854ms").as_millis(), 9_223_372_036_854);
    assert_eq!(refusal("9223372036855ms"), "duration out of range");
    assert_eq!(refusal("18446744073709551615y"), "duration out of range");
}

#[test]
fn printing_prefers_days_to_weeks_that_leave_a_rest() {
    for (milliseconds, text) in [
        (0, "0s"),
        (1, "1ms"),
        (4_900, "4s900ms"),
        (300_000, "5m"),
        (5_400_000, "1h30m"),
        (86_400_000, "1d"),
        (129_600_000, "1d12h"),
        (432_000_000, "5d"),
        (604_800_000, "1w"),
        (1_209_600_000, "2w"),
        (1_990_800_000, "23d1h"),
        (31_536_000_000, "1y"),
        (315_360_000_000, "10y"),
    ] {
        assert_eq!(format_duration(Duration::from_millis(milliseconds)), text);
    }
    assert_eq!(format_duration(Duration::from_micros(999)), "0s");
    assert_eq!(format_duration(Duration::from_micros(1_999)), "1ms");
}

#[test]
fn go_durations_have_fractions_and_signs() {
    for (text, nanoseconds) in [
        ("0", 0),
        ("+0", 0),
        ("-0", 0),
        ("-0s", 0),
        ("500ms", 500_000_000),
        ("1.5s", 1_500_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("+5s", 5_000_000_000),
        ("1h2m", 3_720_000_000_000),
        ("1s1h", 3_601_000_000_000),
        ("10ns", 10),
        ("10us", 10_000),
        ("10\u{b5}s", 10_000),
        ("10\u{3bc}s", 10_000),
        ("0.3333333333333333333h", 1_200_000_000_000),
        ("0.9223372036854775807h", 3_320_413_933_267),
    ] {
        assert_eq!(
            parse_go_duration(text),
            Ok(Duration::from_nanos(nanoseconds)),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_go_duration_is_refused_in_gos_words() {
    for text in [
        "",
        "+",
        "-",
        "s",
        ".",
        ".s",
        "-.s",
        "1s ",
        "9223372036855ms",
        "3000000h",
    ] {
        let expected = match text {
            "1s " => r#"time: unknown unit "s " in duration "1s ""#.to_string(),
            _ => format!("time: invalid duration {text:?}"),
        };
        assert_eq!(go_refusal(text), expected);
    }
    assert_eq!(go_refusal("30"), r#"time: missing unit in duration "30""#);
    assert_eq!(
        go_refusal("1d"),
        r#"time: unknown unit "d" in duration "1d""#
    );
    assert_eq!(
        go_refusal("1\u{e9}\"\n"),
        r#"time: unknown unit "\xc3\xa9\"\x0a" in duration "1\xc3\xa9\"\x0a""#
    );
    assert_eq!(go_refusal("-1s"), r#"negative duration "-1s""#);
}

#[test]
fn flags_know_days_and_weeks_besides() {
    for (text, hours) in [
        ("5d", 120),
        ("1w2d", 216),
        ("1.5w", 252),
        ("120h", 120),
        ("0w", 0),
    ] {
        let duration = Duration::from_secs(hours * 3_600);
        assert_eq!(parse_flag_duration(text), Ok(duration), "{text}");
    }
    let refusal = |text| parse_flag_duration(text).map_err(|error| error.0);
    assert_eq!(
        refusal("1y"),
        Err(r#"time: unknown unit "y" in duration "1y""#.into())
    );
    assert_eq!(refusal("-1d"), Err(r#"negative duration "-1d""#.into()));
    assert_eq!(
        refusal("18446744073709551615y"),
        Err(r#"time: invalid duration "18446744073709551615y""#.into())
    );
}

#[test]
fn go_durations_print_as_go_prints_them() {
    for (nanoseconds, text) in [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1\u{b5}s"),
        (2_200_000, "2.2ms"),
        (500_000_000, "500ms"),
        (1_500_000_000, "1.5s"),
        (60_000_000_000, "1m0s"),
        (305_001_000_000, "5m5.001s"),
        (3_600_000_000_000, "1h0m0s"),
        (28_805_001_000_000, "8h0m5.001s"),
        (i64::MAX as u64, "2562047h47m16.854775807s"),
    ] {
        assert_eq!(format_go_duration(Duration::from_nanos(nanoseconds)), text);
    }
}

proptest! {
    #[test]
    fn whole_milliseconds_survive_printing_and_reading(milliseconds in 0..9_223_372_036_854_u64) {
        let duration = Duration::from_millis(milliseconds);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn nanoseconds_survive_printing_and_reading_in_gos_form(nanoseconds in 0..i64::MAX as u64) {
        let duration = Duration::from_nanos(nanoseconds);
        prop_assert_eq!(parse_go_duration(&format_go_duration(duration)), Ok(duration));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "[-+0-9.ymwdhsnu\u{b5} ]{0,30}|\\PC{0,30}") {
        let _ = (parse_duration(&text), parse_go_duration(&text));
    }
}
