//! The readers of bytes from outside, each as a target for a fuzzer.
//!
//! For `tests/fuzz` and cargo-fuzz alone: nothing in the program calls this, so that the binary has none of
//! it. A target hands any bytes to a reader, panics if what must always hold does not, and says whether the
//! reader took the bytes. Targets of what is private to a room stand in that room. Runs on threads of tests.

use std::str;
use std::sync::{Arc, LazyLock};

use crate::config::{self, SourceEntry, SourceKind};
use crate::limits;
use crate::model::{
    Matcher, ParserMode, ReportedChange, Wall, format_matchers, parse_matcher, parse_matchers,
};
use crate::source::{Preset, Request, SimpleCall};

pub use crate::api::fuzz::{
    alert_body, certificate_names, chunked_body, http_head, names_in, silence_body,
};
pub use crate::journal::fuzz::{
    alertmanager_file, journal_frames, journal_records, protobuf_message,
};

/// Matchers in all three modes: what was read is printed as something that is read as the same.
pub fn matchers(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let mut is_taken = false;
    for mode in ParserMode::ALL {
        if let Ok(one) = parse_matcher(text, mode)
            && is_printed_readably(&one.value)
        {
            let printed = one.value.to_string();
            let again = parse_matcher(&printed, mode).map(|again| again.value);
            assert_eq!(again.as_ref(), Ok(&one.value), "{mode:?}: {printed}");
        }
        if let Ok(list) = parse_matchers(text, mode) {
            is_taken = true;
            list.value.iter().for_each(evaluate);
            if !list.value.iter().all(is_printed_readably) {
                continue;
            }
            let printed = format_matchers(&list.value);
            let again = parse_matchers(&printed, mode).map(|again| again.value);
            assert_eq!(again.as_ref(), Ok(&list.value), "{mode:?}: {printed}");
        }
    }
    is_taken
}

/// An empty name is printed as Alertmanager prints it: not at all, which nobody can read.
fn is_printed_readably(matcher: &Matcher) -> bool {
    !matcher.name().is_empty()
}

/// No text is too odd to be compared with; `=` and `!=` are opposites of one another.
fn evaluate(matcher: &Matcher) {
    matcher.matches_value("");
    let is_own = matcher.matches_value(matcher.value());
    match matcher.op().as_str() {
        "=" => assert!(is_own, "{matcher} is not met by its own value"),
        "!=" => assert!(!is_own, "{matcher} is met by its own value"),
        _ => {}
    }
}

/// A configuration: taken with its warnings, or refused with at least one fault that can be printed.
pub fn configuration(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    match config::parse("fuzz.yml", text, ParserMode::Fallback) {
        Ok(_) => true,
        Err(faults) => {
            assert!(!faults.to_string().is_empty(), "refused without a word");
            false
        }
    }
}

/// The requests of all presets, as text.
pub fn source_request_seeds() -> Vec<Vec<u8>> {
    let fixtures = Preset::ALL.iter().flat_map(|preset| preset.fixtures);
    let requests = fixtures.map(|fixture| fixture.text.as_bytes().to_vec());
    // One that all refuse.
    let broken = b"POST /hooks/a\n\n{\"broken".to_vec();
    requests.chain([broken]).collect()
}

/// A request to a source of each preset and to a simple one: whatever is sent, it is refused with a reason, or
/// each of its elements is an alert, is dropped, or is refused with a reason.
pub fn source_request(data: &[u8]) -> bool {
    static SOURCES: LazyLock<Vec<Arc<SourceEntry>>> = LazyLock::new(all_sources);
    let text = String::from_utf8_lossy(data);
    let request = Request::read(&text);
    let mut is_taken = false;
    for entry in SOURCES.iter() {
        is_taken |= is_read(entry, &request);
    }
    is_taken
}

fn all_sources() -> Vec<Arc<SourceEntry>> {
    let mut text =
        "route: {receiver: r}\nreceivers: [{name: r}]\nsources:\n- type: simple\n".to_owned();
    for preset in Preset::ALL {
        text.push_str(&format!("- {{name: {0}, preset: {0}}}\n", preset.name));
    }
    let loaded = config::parse("fuzz.yml", &text, ParserMode::Fallback);
    loaded
        .expect("presets are sound, as a test shows")
        .config
        .sources
}

fn is_read(entry: &SourceEntry, request: &Request) -> bool {
    let posted = request.posted();
    let call = SimpleCall {
        alertname: "A",
        is_resolved: false,
    };
    let read = match entry.kind {
        SourceKind::Webhook => entry.source.read(&posted, Wall::UNIX_EPOCH),
        SourceKind::Simple => entry.source.read_simple(call, &posted),
    };
    let read = match read {
        Ok(read) => read,
        Err(reason) => {
            assert!(!reason.is_empty(), "refused without a word");
            return false;
        }
    };
    for refused in &read.refused {
        assert!(!refused.reason.is_empty(), "refused without a word");
    }
    for report in &read.reports {
        if let Some(key) = &report.key {
            assert!(!key.is_empty() && key.len() <= limits::SOURCE_KEY_BYTES);
        }
        if let ReportedChange::Firing { alert, .. } = &report.change {
            assert!(!alert.labels.is_empty(), "an alert without labels");
            assert_eq!(alert.excess(), None);
            assert_eq!(alert.fault, None);
        }
    }
    !read.reports.is_empty() || read.dropped > 0
}
