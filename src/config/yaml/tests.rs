//! Tests of the guarantees of the YAML reader: source texts, correct lines, bounded work.

use proptest::prelude::*;

use super::*;

/// The tree as one line: `{key: [text, ~]}`.
fn outline(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "~".into(),
        Kind::Scalar(text) => text.clone(),
        Kind::List(items) => {
            let items: Vec<_> = items.iter().map(outline).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|entry| format!("{}: {}", entry.key, outline(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn read(text: &str) -> String {
    outline(&parse(text).expect("the text is YAML").root)
}

/// The line of each text in the tree, as `text@line`, keys included.
fn lines(text: &str) -> String {
    fn collect(text: &str, node: &Node, told: &mut Vec<String>) {
        let mut tell = |name: &str, place| {
            let line = line_of(text, place).expect("every place has a line");
            told.push(format!("{name}@{line}"));
        };
        match &node.kind {
            Kind::Null => tell("~", node.place),
            Kind::Scalar(scalar) => tell(scalar.trim(), node.place),
            Kind::List(items) => {
                tell("[]", node.place);
                items.iter().for_each(|item| collect(text, item, told));
            }
            Kind::Map(entries) => {
                tell("{}", node.place);
                for entry in entries {
                    let line = line_of(text, entry.place).expect("every place has a line");
                    told.push(format!("{}@{line}", entry.key));
                    collect(text, &entry.value, told);
                }
            }
        }
    }
    let mut told = Vec::new();
    collect(
        text,
        &parse(text).expect("the text is YAML").root,
        &mut told,
    );
    told.join(" ")
}

fn refusal(text: &str) -> SyntaxError {
    parse(text).expect_err("the text is refused")
}

#[test]
fn values_keep_the_text_that_was_written() {
    assert_eq!(
        read("{a: yes, b: 017, c: 1e3, d: 0x10, e: 1_000, f: 2024-01-01, g: True, h: '~'}"),
        "{a: yes, b: 017, c: 1e3, d: 0x10, e: 1_000, f: 2024-01-01, g: True, h: ~}"
    );
    assert_eq!(read("1: x\ntrue: y\n~: z\n"), "{1: x, true: y, ~: z}");
    assert_eq!(read("a: !!str 5\nb: !!int 6\n"), "{a: 5, b: 6}");
}

#[test]
fn nothing_and_null_are_the_same() {
    let nulls = parse("a:\nb: ~\nc: null\nd: ''\n").expect("the text is YAML");
    let Kind::Map(entries) = nulls.root.kind else {
        panic!("the top is a map");
    };
    let kinds: Vec<_> = entries.into_iter().map(|entry| entry.value.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Null,
            Kind::Null,
            Kind::Null,
            Kind::Scalar(String::new())
        ]
    );
    for empty in ["", "\n\n", "# only a comment\n", "---\n"] {
        assert_eq!(read(empty), "~", "{empty:?}");
    }
}

#[test]
fn keys_given_twice_are_kept_for_the_reader_to_refuse() {
    assert_eq!(read("{a: 1, a: 2}"), "{a: 1, a: 2}");
}

#[test]
fn aliases_are_written_out() {
    assert_eq!(
        read("a: &x [1, {b: 2}]\nc: *x\nd: &y z\ne: [*y]\n"),
        "{a: [1, {b: 2}], c: [1, {b: 2}], d: z, e: [z]}"
    );
}

#[test]
fn byte_order_marks_and_carriage_returns_do_no_harm() {
    assert_eq!(read("\u{feff}a: b\r\nc:\r\n- d\r\n"), "{a: b, c: [d]}");
    assert_eq!(lines("a: b\r\nc:\r\n- d\r\n"), "{}@1 a@1 b@1 c@2 []@3 d@3");
}

#[test]
fn the_first_of_several_documents_is_read() {
    let document = parse("a: b\n---\nc: d\n").expect("the text is YAML");
    assert_eq!(outline(&document.root), "{a: b}");
    assert!(document.is_followed);
    assert!(!parse("a: b\n...\n").expect("the text is YAML").is_followed);
}

#[test]
fn what_follows_the_first_document_must_be_one_too() {
    let error = refusal(" a: b\n c: d\ne: f\n");
    assert_eq!(error.line, Some(3));
    assert!(
        error
            .message
            .contains("did not find expected <document start>")
    );
}

#[test]
fn block_style_has_right_lines() {
    let text = "# comment\na: b\n\nc:\n  d: e\n  f:\n  - g\n\n  - h: i\n    j: k\n";
    assert_eq!(
        lines(text),
        "{}@2 a@2 b@2 c@4 {}@5 d@5 e@5 f@6 []@7 g@7 {}@9 h@9 i@9 j@10 k@10"
    );
}

#[test]
fn flow_style_has_right_lines() {
    let text = "a: [b,\n  c,\n  {d: e,\n   f: [],\n   g: {}}]\n";
    assert_eq!(
        lines(text),
        "{}@1 a@1 []@1 b@1 c@2 {}@3 d@3 e@3 f@4 []@4 g@5 {}@5"
    );
}

#[test]
fn long_scalars_stand_where_they_begin() {
    let text = "a: |\n  x\n  y\nb: \"p\n  q\"\nc: >-\n  z\nd: e\n";
    assert_eq!(lines(text), "{}@1 a@1 x\ny@1 b@4 p q@4 c@6 z@6 d@8 e@8");
}

#[test]
fn a_null_stands_where_its_key_stands() {
    assert_eq!(lines("a:\nb: ~\nc:\n"), "{}@1 a@1 ~@1 b@2 ~@2 c@3 ~@3");
}

#[test]
fn an_aliased_value_stands_where_its_anchor_was_written() {
    assert_eq!(
        lines("a: &x\n  b: c\nd: e\nf: *x\ng: h\n"),
        "{}@1 a@1 {}@1 b@2 c@2 d@3 e@3 f@4 {}@1 b@2 c@2 g@5 h@5"
    );
}

#[test]
fn broken_syntax_is_told_with_its_line() {
    let tab = refusal("route:\n\treceiver: a\n");
    assert_eq!(tab.line, Some(2));
    assert!(
        tab.message
            .starts_with("yaml: found character that cannot start any token")
    );
    assert!(
        tab.message
            .ends_with("; indent by spaces, as YAML takes no tabs")
    );
    for (text, line) in [
        ("{{ x }}\na: b\n", 1),
        ("a: b\nc: {{ x }}\n", 2),
        ("a: b\n{% if x %}\n", 2),
    ] {
        let told = refusal(text);
        assert_eq!(told.line, Some(line), "{text}");
        assert!(
            told.message.contains("another program (Jinja, Helm)"),
            "{told:?}"
        );
    }
    assert_eq!(
        refusal("a: *x\n").message,
        "yaml: unknown anchor at line 1 column 4"
    );
    assert_eq!(refusal("a: b\nc: !tag d\n").line, Some(2));
    assert_eq!(refusal("a: b\nc: !text [d]\n").line, Some(2));
    assert_eq!(refusal("a: b\n!text c: d\n").line, Some(2));
    assert_eq!(refusal("a: b\n? [c]\n: d\n").line, Some(2));
    assert_eq!(
        refusal("a: b\n? [c]\n: d\n").message,
        "a key must be a text"
    );
}

#[test]
fn deep_brackets_are_refused_before_they_are_parsed() {
    let error = refusal(&format!("a:\n{}", "[".repeat(100_000)));
    assert_eq!(error.line, Some(2));
    assert_eq!(error.message, "[ and { are nested deeper than 64 levels");
}

#[test]
fn deep_blocks_are_refused() {
    for deep in ["- ", "? ", "- ? "] {
        let error = refusal(&deep.repeat(100_000));
        assert!(!error.message.is_empty());
    }
    let stairs: String = (0..200)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert_eq!(refusal(&stairs).message, "nested deeper than 128 levels");
}

#[test]
fn a_billion_laughs_end_soon() {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let told = refusal(&text).message;
    assert!(
        told == "larger than 32 MiB once every alias is written out"
            || told == "aliases stand for too much",
        "{told}"
    );
}

#[test]
fn aliases_of_long_lists_end_soon() {
    let items = vec!["x"; 5_000].join(", ");
    let aliases = vec!["*a"; 5_000].join(", ");
    let error = refusal(&format!("a: &a [{items}]\nb: [{aliases}]\n"));
    assert_eq!(
        error.message,
        "larger than 32 MiB once every alias is written out"
    );
}

#[test]
fn aliases_of_long_texts_end_soon() {
    let text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        vec!["*a"; 900].join(", ")
    );
    assert_eq!(
        refusal(&text).message,
        "larger than 32 MiB once every alias is written out"
    );
}

#[test]
fn an_alias_of_itself_ends_soon() {
    assert_eq!(
        refusal("a: &a [*a]\n").message,
        "nested deeper than 128 levels"
    );
}

#[test]
fn large_texts_are_refused_unread() {
    let error = refusal(&"#".repeat(CONFIG_FILE_BYTES + 1));
    assert_eq!(error.message, "larger than 4 MiB");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "[a-c\\[\\]{}&*!|>'\"%@`:,?#~<\\-\\n\\t é0.]{0,200}") {
        if let Ok(document) = parse(&text) {
            // A place that exists has a line.
            prop_assert!(line_of(&text, document.root.place).is_some());
        }
    }
}

#[test]
fn a_reference_that_breaks_a_list_in_brackets_is_told_as_the_cause() {
    let told = |text: &str| parse(text).map(|_| ()).map_err(|error| error.message);
    let hint = "put a text with ${ in quotes";
    assert!(told("a: [x=\"${A}\"]\n").is_err_and(|error| error.contains(hint)));
    assert_eq!(told("a: ['x=\"${A}\"']\n"), Ok(()));
    assert!(told("b: ${A}\na: [\n").is_err_and(|error| !error.contains(hint)));
}
