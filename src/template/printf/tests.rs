//! Stories of formats. That Go does the same is held by tests/peer, with thousands of others.

use super::*;

const MIB: usize = 1 << 20;

fn printed(format: &str, arguments: &[Value]) -> String {
    sprintf(format, arguments, MIB).expect("a short text")
}

fn int(number: i64) -> Value {
    Value::Int(number)
}

fn text(text: &str) -> Value {
    Value::text(text)
}

#[test]
fn zeros_fill_texts_and_go_behind_signs() {
    assert_eq!(
        printed("%05s|%-05d|%05q", &[text("ab"), int(7), text("x")]),
        "000ab|7    |00\"x\""
    );
    assert_eq!(
        printed("%05d|%+05d|%x", &[int(-3), int(3), int(-255)]),
        "-0003|+0003|-ff"
    );
    let floats = [Value::Float(-1.5), Value::Float(1.5)];
    assert_eq!(printed("%05.1f|%+06.1f", &floats), "-01.5|+001.5");
}

#[test]
fn a_verb_that_does_not_fit_is_told_with_the_value() {
    let values = [
        Value::Float(1.5),
        int(3),
        text("a"),
        Value::Nil,
        Value::Bool(true),
    ];
    assert_eq!(
        printed("%d %f %d %s %x", &values),
        "%!d(float64=1.5) %!f(int=3) %!d(string=a) %!s(<nil>) %!x(bool=true)"
    );
    assert_eq!(printed("%", &[]), "%!(NOVERB)");
    assert_eq!(printed("50%", &[int(1)]), "50%!(NOVERB)%!(EXTRA int=1)");
    assert_eq!(printed("%z %!", &[int(3)]), "%!z(int=3) %!!(MISSING)");
    assert_eq!(printed("%d%%", &[int(3), Value::Nil]), "3%%!(EXTRA <nil>)");
}

#[test]
fn widths_and_arguments_may_be_chosen_by_arguments() {
    let values = [int(5), int(42), int(2), Value::Float(3.24159)];
    assert_eq!(printed("%*d|%.*f", &values), "   42|3.24");
    assert_eq!(printed("%[2]d %[1]d %d", &[int(1), int(2)]), "2 1 2");
    assert_eq!(
        printed("%[3]d %[x]d %[1", &[int(1)]),
        "%!d(BADINDEX) %!d(BADINDEX) %!(NOVERB)"
    );
    assert_eq!(printed("%-*d|", &[int(-4), int(1)]), "1   |");
    assert_eq!(
        printed("%*d %.*f", &[text("x"), int(1), int(-1), Value::Float(2.0)]),
        "%!(BADWIDTH)1 %!(BADPREC)2.000000"
    );
}

#[test]
fn what_would_fill_the_memory_is_refused() {
    let most = 64 * 1024;
    for format in ["%100000d", "%.100000d", "%.100000f", "%100000s"] {
        assert!(
            sprintf(format, &[int(1)], most).is_err() || format.ends_with('f'),
            "{format}"
        );
    }
    assert!(sprintf("%.100000f", &[Value::Float(1.0)], most).is_err());
    assert!(
        sprintf(
            "%s%s",
            &[text(&"x".repeat(40_000)), text(&"x".repeat(40_000))],
            most
        )
        .is_err()
    );
}
