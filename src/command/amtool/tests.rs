//! Tests that command lines are read as amtool reads them.

use std::collections::BTreeMap;

use super::*;

/// The command line as clap gets it, without the name of the binary; or what is wrong.
fn line(text: &str) -> Result<String, String> {
    line_with(text, &[])
}

fn line_with(text: &str, defaults: &[(&str, &str)]) -> Result<String, String> {
    let grammar = CommandLine::command();
    let arguments = text.split_whitespace().map(str::to_owned).collect();
    let defaults: BTreeMap<String, String> = defaults
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    match arguments::read(&grammar, arguments)? {
        Read::Line(line) => Ok(line.with_defaults(&grammar, &defaults)[1..].join(" ")),
        Read::Help(path) => Ok(format!("help {}", path.join(" "))),
        Read::Version => Ok("version".to_owned()),
    }
}

#[test]
fn the_grammar_is_sound() {
    CommandLine::command().debug_assert();
}

#[test]
fn a_command_that_is_left_out_is_the_default() {
    for (text, expected) in [
        ("alert", "alert query --"),
        ("alert foo a=b", "alert query -- foo a=b"),
        ("silence --expired", "silence query --expired --"),
        ("cluster", "cluster show --"),
        ("config routes", "config routes show --"),
        ("config routes test a=b", "config routes test -- a=b"),
        (
            "config routes --config.file=x",
            "config routes show --config.file=x --",
        ),
    ] {
        assert_eq!(line(text).as_deref(), Ok(expected));
    }
}

#[test]
fn flags_may_stand_anywhere() {
    for (text, expected) in [
        ("-o json alert foo", "alert query --output=json -- foo"),
        (
            "alert -ojson foo -isa",
            "alert query --output=json --inhibited --silenced --active -- foo",
        ),
        ("alert --no-active", "alert query --"),
        (
            "--alertmanager.url http://x alert",
            "alert query --url=http://x --",
        ),
        (
            "silence add a=b --no-require-comment",
            "silence add --no-require-comment -- a=b",
        ),
        ("silence add a=b --require-comment", "silence add -- a=b"),
        ("alert add -- --foo", "alert add -- --foo"),
        ("alert query --quietly=x=y", "unknown long flag '--quietly'"),
        ("silence query --quiet=x", "silence query --quiet -- x"),
    ] {
        let read = line(text).unwrap_or_else(|words| words);
        assert_eq!(read, expected);
    }
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_amtool() {
    for (text, expected) in [
        ("alert --foo", "unknown long flag '--foo'"),
        ("alert -Z", "unknown short flag '-Z'"),
        ("silence query -qx", "unknown short flag '-x'"),
        ("foo", "expected command but got \"foo\""),
        ("template", "must select a subcommand of 'template'"),
        ("config show x", "unexpected x"),
        ("silence import a b", "unexpected b"),
        (
            "alert add a=b --annotation",
            "expected argument for flag '--annotation'",
        ),
        ("alert query -o", "expected argument for flag '-o'"),
        (
            "alert --active --no-active",
            "flag 'active' cannot be repeated",
        ),
        (
            "alert -o json -o simple",
            "flag 'output' cannot be repeated",
        ),
    ] {
        assert_eq!(line(text), Err(expected.to_owned()));
    }
}

#[test]
fn help_and_version_are_asked_for_in_all_ways() {
    for (text, expected) in [
        ("", "help "),
        ("--help", "help "),
        ("help silence add", "help silence add"),
        ("silence add -h", "help silence add"),
        ("alert --version", "version"),
    ] {
        assert_eq!(line(text).as_deref(), Ok(expected));
    }
}

#[test]
fn defaults_hold_for_flags_that_are_not_given() {
    let defaults = [
        ("alertmanager.url", "http://y"),
        ("output", "extended"),
        ("require-comment", "false"),
        ("version-check", "false"),
        ("author", "me"),
        ("nothing", "x"),
    ];
    let added = line_with("silence add a=b -o json", &defaults);
    assert_eq!(
        added.as_deref(),
        Ok(
            "silence add --output=json --url=http://y --author=me --no-require-comment \
            --no-version-check -- a=b"
        )
    );
    let shown = line_with("cluster show --version-check", &defaults);
    assert_eq!(
        shown.as_deref(),
        Ok("cluster show --url=http://y --output=extended --")
    );
}
