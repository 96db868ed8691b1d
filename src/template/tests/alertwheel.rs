//! Tests of the functions that alertwheel adds.

use super::rendered;

fn fault(text: &str) -> String {
    rendered(text).expect_err(text).text
}

#[test]
fn json_within_texts_becomes_values() {
    for (text, expected) in [
        (
            r#"{{ (fromJson "{\"a\": [1, 2.5, null, \"x\"]}").a }}"#,
            "[1 2.5 <nil> x]",
        ),
        (
            r#"{{ if eq (fromJson "{\"a\": 1e2}").a 100 }}an int{{ end }}"#,
            "an int",
        ),
        (
            r#"{{ (fromJson "[9223372036854775808]") }}"#,
            "[9223372036854775808]",
        ),
        (
            r#"{{ range fromJson "[{\"tag\":\"a\"},{\"tag\":\"b\"}]" }}{{ .tag }}{{ end }}"#,
            "ab",
        ),
        (
            r#"{{ fromJson "" }}|{{ (fromJson (dict "a" 1)).a }}"#,
            "<no value>|1",
        ),
        (r#"{{ (fromJson "{\"a\": 1, \"a\": 2}").a }}"#, "2"),
    ] {
        assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
    }
    assert!(fault(r#"{{ fromJson "{" }}"#).contains("error calling fromJson: EOF while parsing"));
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    assert!(fault(&format!(r#"{{{{ fromJson "{deep}" }}}}"#)).contains("nest deeper than 64"));
}

#[test]
fn times_come_from_numbers_and_from_texts_without_a_zone() {
    for (text, expected) in [
        (
            "{{ fromEpoch 1796040000 }}",
            "2026-11-30 12:00:00 +0000 UTC",
        ),
        (
            "{{ fromEpoch 1796040000250 }}",
            "2026-11-30 12:00:00.25 +0000 UTC",
        ),
        (
            "{{ fromEpoch 1796040000250000 }}",
            "2026-11-30 12:00:00.25 +0000 UTC",
        ),
        (
            "{{ fromEpoch 1796040000250000000 }}",
            "2026-11-30 12:00:00.25 +0000 UTC",
        ),
        (
            "{{ fromEpoch 1796040000.25 }}",
            "2026-11-30 12:00:00.25 +0000 UTC",
        ),
        (
            r#"{{ fromEpoch "1796040000" }} {{ fromEpoch " 0.5 " }}"#,
            "2026-11-30 12:00:00 +0000 UTC 1970-01-01 00:00:00.5 +0000 UTC",
        ),
        ("{{ fromEpoch -1 }}", "1969-12-31 23:59:59 +0000 UTC"),
        (
            r#"{{ (parseTime "2006.01.02 15:04:05" "2026.11.30 12:00:00").UTC }}"#,
            "2026-11-30 12:00:00 +0000 UTC",
        ),
        (
            r#"{{ (parseTime "2006.01.02 15:04:05" "America/New_York" "2026.11.30 12:00:00").UTC }}"#,
            "2026-11-30 17:00:00 +0000 UTC",
        ),
        (
            r#"{{ ("2026-11-30T12:00:00+01:00" | parseTime (stringSlice "15:04" "2006-01-02T15:04:05Z07:00") "Europe/Berlin").UTC }}"#,
            "2026-11-30 11:00:00 +0000 UTC",
        ),
    ] {
        assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
    }
    assert!(fault(r#"{{ fromEpoch "soon" }}"#).ends_with("soon is no number of seconds"));
    assert!(fault("{{ fromEpoch nil }}").ends_with("<no value> is no number of seconds"));
    assert!(fault(r#"{{ parseTime "2006" "Mars" "2026" }}"#).ends_with("unknown time zone Mars"));
    assert!(fault(r#"{{ parseTime "2006" "UTC" "2026" "x" }}"#).contains("it takes a layout"));
    assert!(fault(r#"{{ parseTime "2006" "x" }}"#).contains("parsing time"));
}

#[test]
fn what_is_empty_has_a_default_and_texts_are_cut_between_characters() {
    for (text, expected) in [
        (
            r#"{{ default "x" "" }}{{ default "x" 0 }}{{ default "x" nil }}{{ default "x" "y" }}"#,
            "xxxy",
        ),
        (
            r#"{{ .CommonLabels.severity | default "none" }} {{ .CommonLabels.no | default "none" }}"#,
            "page none",
        ),
        (
            r#"{{ truncate 2 "é✓x" }}|{{ truncate 9 "é✓x" }}|{{ truncate 0 "x" }}"#,
            "é✓|é✓x|",
        ),
        (
            r#"{{ sha256 "abc" }}"#,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
    ] {
        assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
    }
    assert!(fault(r#"{{ truncate -1 "x" }}"#).ends_with("-1 is no length"));
}

#[test]
fn fields_are_looked_for_without_a_fault() {
    let data = r#"{{ $x := fromJson "{\"a\": {\"b/c\": [1, {\"~\": 2}]}, \"n\": null}" }}"#;
    for (text, expected) in [
        (
            r#"{{ has "a" $x }} {{ has "n" $x }} {{ has "z" $x }} {{ has "a" "text" }}"#,
            "true false false false",
        ),
        (r#"{{ has "severity" .CommonLabels }}"#, "true"),
        (r#"{{ pointer "/a/b~1c/1/~0" $x }}"#, "2"),
        (
            r#"{{ pointer "/a/z/1" $x }}|{{ pointer "/a/b~1c/7" $x }}|{{ pointer "/a/b~1c/x" $x }}"#,
            "<no value>|<no value>|<no value>",
        ),
        (r#"{{ len (pointer "" $x) }}"#, "2"),
    ] {
        assert_eq!(
            rendered(&format!("{data}{text}")).as_deref(),
            Ok(expected),
            "{text}"
        );
    }
    assert!(fault(r#"{{ pointer "a" . }}"#).ends_with("a is no JSON pointer, which begins with /"));
}

#[test]
fn what_a_source_was_sent_is_for_its_templates_alone() {
    for function in ["body", "header \"a\"", "query \"a\"", "source"] {
        let name = function.split(' ').next().unwrap_or_default();
        let told = fault(&format!("{{{{ {function} }}}}"));
        assert!(
            told.ends_with(&format!("function \"{name}\" not defined")),
            "{told}"
        );
    }
}
