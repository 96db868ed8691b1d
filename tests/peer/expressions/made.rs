//! Generates expressions from a seed.
//!
//! Owns the lists of functions, methods and verbs, and the choice of arguments: mostly valid ones, often edge
//! cases, now and then invalid ones.

mod format;
mod pattern;

use alertwheel::model::go_quote;

use crate::random::Choices;

/// An expression.
pub fn expression(choices: &mut Choices) -> String {
    match choices.below(100) {
        0..40 => format::call(choices),
        40..58 => pattern::call(choices),
        58..70 => method(choices),
        70..74 => any_call(choices),
        _ => call(choices),
    }
}

const TEXTS: [&str; 44] = [
    "",
    "a",
    "abc",
    "é",
    "日本語",
    "🙂",
    "ß",
    "İstanbul ıx",
    "ǆ ǅ Ǆ",
    "a b",
    " \t x \n",
    "\u{a0}x\u{85}",
    "<b>&'\"=</b>",
    "it's o'clock 3.14 don't x-ray",
    "foo_bar fooBar FOO 1st",
    "ΑΣ ΣΑΣ",
    "%",
    "100%",
    "%d items",
    "%zz",
    "a+b%20c%2Fé",
    "a\\b",
    "say \"x\"",
    "`x`",
    "line\nbreak",
    "\u{0}\u{7}\u{1f}\u{7f}",
    "\u{2028}\u{feff}\u{ad}",
    "1",
    "1.5",
    "-3",
    "+7",
    "1e3",
    "0x1F",
    "1_000",
    "Inf",
    "nan",
    " 5",
    "93725.5",
    "true",
    "2006-01-02",
    "UTC",
    "Europe/Berlin",
    "No/Where",
    "a/b?c=d&e=f#g",
];

const INTS: [&str; 22] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "42",
    "97",
    "-12",
    "100",
    "0x7F",
    "0b101",
    "0o17",
    "017",
    "1_000",
    "'a'",
    "'é'",
    "8364",
    "55296",
    "1114112",
    "9223372036854775807",
    "-9223372036854775808",
];

const FLOATS: [&str; 24] = [
    "0.0",
    "-0.0",
    "1.5",
    "-0.25",
    "2.5",
    "0.1",
    "3.0",
    ".5",
    "1e3",
    "1.5e3",
    "1e6",
    "100000.0",
    "999999.5",
    "123456.789",
    "1e20",
    "1e21",
    "1e-7",
    "0.00001234",
    "28800e9",
    "1e100",
    "5e-324",
    "1.7976931348623157e308",
    "0x1p-2",
    "1e-3",
];

const TIMES: [&str; 7] = [
    "(index .Alerts 0).StartsAt",
    "(index .Alerts 0).EndsAt",
    "(index .Alerts 1).StartsAt",
    "(index .Alerts 1).EndsAt",
    "((index .Alerts 1).EndsAt.Add 1)",
    "((index .Alerts 0).StartsAt.AddDate 0 4 0)",
    "((index .Alerts 0).StartsAt.AddDate 0 0 -64)",
];

const ZONED: [&str; 4] = [
    "(tz \"Europe/Berlin\" (index .Alerts 0).StartsAt)",
    "(tz \"America/New_York\" ((index .Alerts 0).StartsAt.AddDate 0 4 0))",
    "(tz \"Asia/Kathmandu\" (index .Alerts 1).EndsAt)",
    "(tz \"UTC\" (index .Alerts 1).EndsAt)",
];

const DURATIONS: [&str; 6] = [
    "((index .Alerts 0).StartsAt.Sub (index .Alerts 1).StartsAt)",
    "((index .Alerts 1).StartsAt.Sub (index .Alerts 0).StartsAt)",
    "((index .Alerts 0).EndsAt.Sub (index .Alerts 1).StartsAt)",
    "((index .Alerts 1).StartsAt.Sub (index .Alerts 1).StartsAt)",
    "(((index .Alerts 1).StartsAt.Add 1500).Sub (index .Alerts 1).StartsAt)",
    "(((index .Alerts 1).StartsAt.Add 1234567890).Sub (index .Alerts 1).StartsAt)",
];

const LISTS: [&str; 8] = [
    "(list)",
    "(list 1 \"a\" nil 1.5 true)",
    "(list 1 2 3)",
    "(list (list 1 2) (stringSlice \"x\"))",
    "(append (list \"a\") 2 \"c\")",
    "(list \"a\" \"b\")",
    "(list (dict \"a\" nil) .GroupLabels)",
    "(list (index .Alerts 0).StartsAt -7)",
];

const TEXT_LISTS: [&str; 5] = [
    "(stringSlice)",
    "(stringSlice \"a\" \"b c\" \"\")",
    ".CommonLabels.Names",
    "(index .Alerts 0).Labels.Values",
    ".GroupLabels.SortedPairs.Values",
];

const MAPS: [&str; 7] = [
    "(dict)",
    "(dict \"a\" 1 \"b\" (list nil \"x\"))",
    "(dict \"k\" (dict \"l\" 1.5))",
    ".CommonLabels",
    ".CommonAnnotations",
    "(index .Alerts 0).Labels",
    "(.CommonLabels.Remove (stringSlice \"severity\"))",
];

const OTHERS: [&str; 16] = [
    "nil",
    "true",
    "false",
    ".Status",
    ".ExternalURL",
    ".Alerts",
    ".Alerts.Firing",
    "(index .Alerts 1)",
    ".CommonLabels.SortedPairs",
    "(index .CommonLabels.SortedPairs 1)",
    "(index .Alerts 0).StartsAt.Month",
    "(index .Alerts 0).StartsAt.Weekday",
    "(index (dict \"a\" 1) \"b\")",
    "(index (list nil) 0)",
    "(index .CommonLabels \"none\")",
    "(len .Alerts)",
];

/// A text, as its literal or as what holds one.
fn text(choices: &mut Choices) -> String {
    match choices.below(12) {
        0 => "(index .Alerts 0).Annotations.summary".into(),
        1 => ".CommonLabels.severity".into(),
        _ => go_quote(choices.one_of(&TEXTS)),
    }
}

fn number(choices: &mut Choices) -> String {
    let numbers: &[&str] = if choices.happens(50) { &INTS } else { &FLOATS };
    choices.one_of(numbers).to_owned()
}

fn time(choices: &mut Choices) -> String {
    let times: &[&str] = if choices.happens(60) { &TIMES } else { &ZONED };
    choices.one_of(times).to_owned()
}

fn list(choices: &mut Choices) -> String {
    let lists: &[&str] = if choices.happens(60) {
        &LISTS
    } else {
        &TEXT_LISTS
    };
    choices.one_of(lists).to_owned()
}

/// Anything.
fn any(choices: &mut Choices) -> String {
    match choices.below(9) {
        0 | 1 => text(choices),
        2 | 3 => number(choices),
        4 => list(choices),
        5 => choices.one_of(&MAPS).to_owned(),
        6 => time(choices),
        7 => choices.one_of(&DURATIONS).to_owned(),
        _ => choices.one_of(&OTHERS).to_owned(),
    }
}

/// Mostly what `usual` makes.
fn mostly(choices: &mut Choices, usual: fn(&mut Choices) -> String) -> String {
    if choices.happens(92) {
        usual(choices)
    } else {
        any(choices)
    }
}

/// All functions, for calls with whatever.
const FUNCTIONS: [&str; 35] = [
    "and",
    "or",
    "not",
    "call",
    "len",
    "index",
    "slice",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "print",
    "println",
    "printf",
    "html",
    "js",
    "urlquery",
    "toUpper",
    "toLower",
    "title",
    "trimSpace",
    "join",
    "match",
    "safeHtml",
    "urlUnescape",
    "reReplaceAll",
    "stringSlice",
    "date",
    "tz",
    "humanizeDuration",
    "toJson",
    "append",
    "dict",
];

fn any_call(choices: &mut Choices) -> String {
    let function = choices.one_of(&FUNCTIONS).to_owned();
    let arguments = (0..choices.below(4)).map(|_| any(choices)).collect();
    joined(function, arguments)
}

fn joined(function: String, mut arguments: Vec<String>) -> String {
    arguments.insert(0, function);
    arguments.join(" ")
}

fn repeated(choices: &mut Choices, least: usize, usual: fn(&mut Choices) -> String) -> Vec<String> {
    let count = least + choices.below(3);
    (0..count).map(|_| mostly(choices, usual)).collect()
}

/// Functions of one text.
const OF_TEXTS: [&str; 14] = [
    "toUpper",
    "toLower",
    "title",
    "title",
    "trimSpace",
    "urlUnescape",
    "safeHtml",
    "safeUrl",
    "html",
    "js",
    "urlquery",
    "toJson",
    "len",
    "humanizeDuration",
];

/// Functions of one value.
const OF_ANYTHING: [&str; 8] = [
    "toJson", "html", "js", "urlquery", "print", "println", "not", "len",
];

const ZONES: [&str; 8] = [
    "\"\"",
    "\"UTC\"",
    "\"Europe/Berlin\"",
    "\"Asia/Tokyo\"",
    "\"Etc/GMT+3\"",
    "\"Nowhere\"",
    "\"../etc\"",
    "\"America/St_Johns\"",
];

/// A call of a function with what it takes, by and large.
fn call(choices: &mut Choices) -> String {
    match choices.below(20) {
        0..5 => joined(
            choices.one_of(&OF_TEXTS).into(),
            vec![mostly(choices, text)],
        ),
        5..8 => joined(choices.one_of(&OF_ANYTHING).into(), vec![any(choices)]),
        8 => joined("print".into(), repeated(choices, 1, any)),
        9 => comparison(choices, any),
        10 => comparison(choices, number),
        11 => comparison(choices, text),
        12 => index_or_slice(choices),
        13 => joined(
            choices.one_of(&["and", "or"]).into(),
            repeated(choices, 1, any),
        ),
        14 => {
            let separator = mostly(choices, text);
            let list = choices.one_of(&TEXT_LISTS).to_owned();
            joined("join".into(), vec![separator, list])
        }
        15 => {
            let value = match choices.below(3) {
                0 => text(choices),
                1 => choices.one_of(&DURATIONS).to_owned(),
                _ => number(choices),
            };
            joined("humanizeDuration".into(), vec![value])
        }
        16 => {
            let zone = choices.one_of(&ZONES);
            joined("tz".into(), vec![zone.into(), mostly(choices, time)])
        }
        17 | 18 => {
            let layout = go_quote(&layout(choices));
            joined("date".into(), vec![layout, mostly(choices, time)])
        }
        _ => {
            let list = mostly(choices, |choices| choices.one_of(&LISTS).to_owned());
            joined("append".into(), vec![list, any(choices)])
        }
    }
}

fn comparison(choices: &mut Choices, usual: fn(&mut Choices) -> String) -> String {
    let function = choices
        .one_of(&["eq", "ne", "lt", "le", "gt", "ge"])
        .to_owned();
    let first = usual(choices);
    let second = if choices.happens(25) {
        first.clone()
    } else {
        mostly(choices, usual)
    };
    let mut arguments = vec![first, second];
    if function == "eq" && choices.happens(30) {
        arguments.push(any(choices));
    }
    joined(function, arguments)
}

fn index_or_slice(choices: &mut Choices) -> String {
    let function = choices.one_of(&["index", "slice"]).to_owned();
    let of = match choices.below(5) {
        0 => text(choices),
        1 => choices.one_of(&MAPS).to_owned(),
        2 => any(choices),
        _ => list(choices),
    };
    let mut arguments = vec![of];
    for _ in 0..choices.below(4) {
        arguments.push(match choices.below(5) {
            0 => text(choices),
            1 => any(choices),
            _ => choices
                .one_of(&["0", "1", "2", "-1", "3", "0x1"])
                .to_owned(),
        });
    }
    joined(function, arguments)
}

/// A layout of a time, of pieces that Go knows and of others.
fn layout(choices: &mut Choices) -> String {
    let pieces = [
        "2006",
        "06",
        "January",
        "Jan",
        "Janu",
        "1",
        "01",
        "Monday",
        "Mon",
        "2",
        "_2",
        "02",
        "002",
        "__2",
        "15",
        "3",
        "03",
        "4",
        "04",
        "5",
        "05",
        "PM",
        "pm",
        "MST",
        "-0700",
        "-07:00",
        "-07",
        "Z0700",
        "Z07:00",
        "Z07",
        "-070000",
        "-07:00:00",
        "Z07:00:00",
        ".000",
        ".999",
        ",000000",
        ".000000000",
        "_2006",
        "2006-01-02T15:04:05Z07:00",
        "x",
        "T",
        "é",
        "at",
        "5.99",
        "05.000",
    ];
    let separators = ["", "", " ", "-", ":", "/", ", "];
    let mut layout = String::new();
    for _ in 0..1 + choices.below(5) {
        layout.push_str(choices.one_of(&pieces));
        layout.push_str(choices.one_of(&separators));
    }
    layout
}

const TIME_METHODS: [&str; 17] = [
    "String",
    "Unix",
    "UnixMilli",
    "UnixMicro",
    "UnixNano",
    "UTC",
    "Year",
    "Month",
    "Day",
    "Hour",
    "Minute",
    "Second",
    "Nanosecond",
    "Weekday",
    "YearDay",
    "IsZero",
    "GoString",
];

const DURATION_METHODS: [&str; 8] = [
    "String",
    "Hours",
    "Minutes",
    "Seconds",
    "Milliseconds",
    "Microseconds",
    "Nanoseconds",
    "Abs",
];

const SPANS: [&str; 16] = [
    "0", "1", "-1", "1000", "1e9", "60e9", "3600e9", "86400e9", "28800e9", "-3600e9", "1.5e9",
    "1.5", "1e-3", "7e9", "1e18", "1e19",
];

/// A call of a method, or a field.
fn method(choices: &mut Choices) -> String {
    match choices.below(10) {
        0 => format!("{}.{}", time(choices), choices.one_of(&TIME_METHODS)),
        1 | 2 => {
            let method = choices.one_of(&["Add", "Truncate", "Round"]);
            let span = match choices.happens(80) {
                true => choices.one_of(&SPANS).to_owned(),
                false => any(choices),
            };
            format!("{}.{method} {span}", time(choices))
        }
        3 => {
            let method = choices.one_of(&["Before", "After", "Equal", "Sub", "Compare"]);
            format!("{}.{method} {}", time(choices), mostly(choices, time))
        }
        4 => {
            let counts = ["0", "1", "-1", "2e0", "13", "31", "-400", "1.5"];
            let [years, months, days] = [(); 3].map(|()| choices.one_of(&counts).to_owned());
            format!("{}.AddDate {years} {months} {days}", time(choices))
        }
        5 => format!("{}.Format {}", time(choices), go_quote(&layout(choices))),
        6 => {
            let span = choices.one_of(&DURATIONS).to_owned();
            format!("{span}.{}", choices.one_of(&DURATION_METHODS))
        }
        7 => {
            let span = choices.one_of(&DURATIONS).to_owned();
            let method = choices.one_of(&["Truncate", "Round"]);
            format!("{span}.{method} {}", choices.one_of(&SPANS))
        }
        8 => {
            let map = choices.one_of(&MAPS).to_owned();
            let method = choices.one_of(&[
                "SortedPairs",
                "Names",
                "Values",
                "String",
                "a",
                "k.l",
                "severity",
                "none",
                "Remove",
                "none.none",
            ]);
            format!("{map}.{method}")
        }
        _ => {
            let map = choices.one_of(&MAPS[3..]).to_owned();
            let names = choices.one_of(&TEXT_LISTS).to_owned();
            format!("{map}.Remove {names}")
        }
    }
}
