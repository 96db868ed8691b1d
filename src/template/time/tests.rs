//! Go's layouts, written and read.

use jiff::ZonedDateTime;

use super::{format, parse, shown};

fn at(text: &str) -> ZonedDateTime {
    text.parse().expect("a zoned time")
}

#[test]
fn each_piece_of_a_layout_is_written() {
    let time = at("2026-03-05T16:07:09.012300000+01:00[Europe/Paris]");
    for (layout, expected) in [
        ("2006-01-02T15:04:05Z07:00", "2026-03-05T16:07:09+01:00"),
        ("Mon Jan _2 15:04:05 2006", "Thu Mar  5 16:07:09 2026"),
        ("Monday, January 2, 06", "Thursday, March 5, 26"),
        ("3:4:5 PM pm 03", "4:7:9 PM pm 04"),
        ("05.000 05.999999 05,000000", "09.012 09.0123 09,012300"),
        (
            "MST -0700 -07 -07:00:00 Z0700",
            "CET +0100 +01 +01:00:00 +0100",
        ),
        ("002 1/2", "064 3/5"),
        ("_2006 Month 2e", "_2026 Month 5e"),
        ("", ""),
    ] {
        assert_eq!(format(&time, layout), expected, "{layout}");
    }
    assert_eq!(shown(&time), "2026-03-05 16:07:09.0123 +0100 CET");
}

#[test]
fn utc_is_named_and_its_offset_may_be_z() {
    let time = at("2026-03-05T16:07:09+00:00[UTC]");
    assert_eq!(format(&time, "MST Z07:00 -0700"), "UTC Z +0000");
    assert_eq!(shown(&time), "2026-03-05 16:07:09 +0000 UTC");
}

#[test]
fn what_was_written_is_read() {
    for (layout, text, expected) in [
        ("2006-01-02", "2026-03-05", "2026-03-05 00:00:00 +0000 UTC"),
        (
            "2006-01-02T15:04:05Z07:00",
            "2026-03-05T16:07:09.5+01:00",
            "2026-03-05 16:07:09.5 +0100 +0100",
        ),
        (
            "Jan _2 3:04PM 2006",
            "mar  5 4:07PM 2026",
            "2026-03-05 16:07:00 +0000 UTC",
        ),
        (
            "Monday 2 January 06",
            "Thursday 5 March 26",
            "2026-03-05 00:00:00 +0000 UTC",
        ),
        ("2006 002", "2026 064", "2026-03-05 00:00:00 +0000 UTC"),
        ("15:04 MST", "16:07 UTC", "0000-01-01 16:07:00 +0000 UTC"),
    ] {
        let time = parse(layout, text).expect(text);
        assert_eq!(shown(&time), expected, "{layout}");
    }
}

#[test]
fn what_does_not_fit_a_layout_is_told_in_gos_words() {
    for (layout, text, expected) in [
        (
            "2006",
            "x",
            r#"parsing time "x" as "2006": cannot parse "x" as "2006""#,
        ),
        ("2006", "2026x", r#"parsing time "2026x": extra text: "x""#),
        (
            "2006-01-02",
            "2026-02-30",
            r#"parsing time "2026-02-30": day out of range"#,
        ),
    ] {
        assert_eq!(parse(layout, text).expect_err(text), expected);
    }
}
