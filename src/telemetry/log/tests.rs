//! Lines as people and log collectors read them.

use log::kv::Source;

use super::*;

fn noon() -> Wall {
    "2026-01-01T12:00:00.0426Z".parse().expect("a timestamp")
}

/// Renders a line with this message and these pairs.
fn render_line(format: Format, message: &str, pairs: &dyn Source) -> String {
    render(
        format,
        noon(),
        &Record::builder()
            .level(Level::Info)
            .target("alertwheel::daemon")
            .file(Some("/build/alertwheel/src/timer/mod.rs"))
            .line(Some(12))
            .args(format_args!("{message}"))
            .key_values(&pairs)
            .build(),
    )
}

/// The part of a line after the four fields that every line has.
fn pairs_of(line: &str) -> &str {
    let (_, pairs) = line.trim_end().split_once("msg=m ").expect("pairs after m");
    pairs
}

fn check_logfmt(value: &str, expected: &str) {
    let line = render_line(Format::Logfmt, "m", &[("k", value)]);
    assert_eq!(pairs_of(&line), format!("k={expected}"));
}

#[test]
fn a_logfmt_line_has_alertmanagers_fields_in_its_order() {
    let pairs = [("address", "127.0.0.1:9093")];
    assert_eq!(
        render_line(Format::Logfmt, "Listening on", &pairs),
        "time=2026-01-01T12:00:00.042Z level=INFO source=timer/mod.rs:12 msg=\"Listening on\" \
         address=127.0.0.1:9093\n"
    );
}

#[test]
fn a_json_line_has_the_same_fields_and_keeps_numbers_and_booleans() {
    let pairs: [(&str, Value); 6] = [
        ("group", "{}:{a=\"b\"}".into()),
        ("alerts", 3.into()),
        ("change", (-7).into()),
        ("seconds", 0.25.into()),
        ("settled", true.into()),
        ("nothing", Value::null()),
    ];
    assert_eq!(
        render_line(Format::Json, "two\nlines", &pairs),
        concat!(
            r#"{"time":"2026-01-01T12:00:00.042Z","level":"INFO","source":"timer/mod.rs:12","#,
            r#""msg":"two\nlines","group":"{}:{a=\"b\"}","alerts":3,"change":-7,"seconds":0.25,"#,
            r#""settled":true,"nothing":null}"#,
            "\n"
        )
    );
}

#[test]
fn logfmt_quotes_what_a_reader_would_take_apart_and_nothing_else() {
    check_logfmt("plain", "plain");
    check_logfmt("/etc/alertmanager.yml", "/etc/alertmanager.yml");
    check_logfmt("C:\\data", "C:\\data");
    check_logfmt("grün", "grün");
    check_logfmt("", "\"\"");
    check_logfmt("two words", "\"two words\"");
    check_logfmt("a=b", "\"a=b\"");
    check_logfmt("say \"hi\" \\o/", r#""say \"hi\" \\o/""#);
}

#[test]
fn no_text_from_outside_can_break_a_line_or_drive_a_terminal() {
    check_logfmt("a\nlevel=ERROR", r#""a\nlevel=ERROR""#);
    check_logfmt("a\r\tb", r#""a\r\tb""#);
    check_logfmt(
        "\u{1b}[2J\u{7f}\u{9b}\0",
        r#""\u001b[2J\u007f\u009b\u0000""#,
    );
    check_logfmt("\u{2028}\u{202e}", r#""\u2028\u202e""#);
    let line = render_line(Format::Logfmt, "m", &[("k\n", "v")]);
    assert_eq!(pairs_of(&line), r#""k\n"=v"#);
}

#[test]
fn a_long_value_is_cut_wherever_it_stands_and_says_by_how_much() {
    let fits = "x".repeat(limits::LOG_VALUE_BYTES);
    check_logfmt(&fits, &fits);
    // A character of two bytes lies across the end, and is left out whole.
    let long = format!("{}\u{fc}{}", &fits[1..], "y".repeat(2 << 20));
    let left_out = 2 + (2 << 20);
    let expected = format!("\"{}... ({left_out} bytes more)\"", &fits[1..]);
    check_logfmt(&long, &expected);
    let displayed = format_args!("{long}{long}").to_string();
    let line = render_line(Format::Json, &displayed, &[("k", displayed.as_str())]);
    assert!(line.len() < 3 * limits::LOG_VALUE_BYTES, "{}", line.len());
    assert!(line.contains("bytes more)"));
}

#[test]
fn every_json_line_is_an_object_whatever_the_values_are() {
    let all: String = (0..0x300).filter_map(char::from_u32).collect();
    let nan: Value = f64::NAN.into();
    let big: Value = u128::MAX.into();
    let pairs = [
        (all.as_str(), Value::from(all.as_str())),
        ("n", nan),
        ("b", big),
    ];
    let line = render_line(Format::Json, &all, &pairs);
    let value: serde_json::Value = serde_json::from_str(&line).expect("one JSON value");
    assert_eq!(value["msg"], all.as_str());
    assert_eq!(value[all.as_str()], all.as_str());
    assert_eq!((&value["n"], value["b"].is_null()), (&"NaN".into(), false));
}

#[test]
fn libraries_are_heard_from_warnings_up_and_never_below_the_level() {
    let wanted = |bound: Level, target: &str, level: Level| {
        let metadata = Metadata::builder().target(target).level(level).build();
        is_wanted(bound, &metadata)
    };
    assert!(wanted(Level::Debug, "alertwheel", Level::Debug));
    assert!(wanted(Level::Debug, "alertwheel::timer", Level::Debug));
    assert!(!wanted(Level::Info, "alertwheel::timer", Level::Debug));
    assert!(!wanted(Level::Debug, "rustls::client::hs", Level::Debug));
    assert!(!wanted(Level::Debug, "ureq::run", Level::Info));
    assert!(!wanted(Level::Debug, "alertwheel_friend", Level::Info));
    assert!(wanted(Level::Debug, "ureq::run", Level::Warn));
    assert!(!wanted(Level::Error, "ureq::run", Level::Warn));
}

/// A value whose `Display` gives up half way.
struct Broken;

impl Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("half")?;
        Err(std::fmt::Error)
    }
}

#[test]
fn a_value_that_cannot_be_displayed_costs_only_itself() {
    let pairs = [
        ("broken", Value::from_display(&Broken)),
        ("next", Value::from(1)),
    ];
    let line = render_line(Format::Json, "m", &pairs);
    let value: serde_json::Value = serde_json::from_str(&line).expect("one JSON value");
    assert_eq!(
        (&value["broken"], &value["next"]),
        (&"half".into(), &1.into())
    );
}

#[test]
fn a_second_logger_is_refused() {
    let clock = Clock::start();
    // Whether this one is the first depends on what other tests of the process did.
    let _ = install(Level::Error, Format::Logfmt, clock);
    assert!(install(Level::Error, Format::Json, clock).is_err());
}
