//! Writes silences of answers as JSON.
//!
//! Owns the order and the names of their fields, which are Alertmanager's (§10.4, Appendix E).
//! Pure; runs on the connections' threads.

use serde::Serialize;

use crate::model::{MatchOp, Matcher, Silence, SilenceState};

use super::shapes::{LabelObject, List, Millis, line, push};

/// Appends one silence, shown in `state`.
pub fn push_silence(out: &mut Vec<u8>, silence: &Silence, state: SilenceState) {
    push(out, &object(silence, state));
}

/// The body of `GET /silence/{silenceID}`.
pub fn silence_object(silence: &Silence, state: SilenceState) -> Vec<u8> {
    line(&object(silence, state))
}

/// The body of the answer to `POST /silences`.
pub fn silence_id(id: &str) -> Vec<u8> {
    line(&IdObject { silence_id: id })
}

#[derive(Serialize)]
struct IdObject<'a> {
    #[serde(rename = "silenceID")]
    silence_id: &'a str,
}

#[derive(Serialize)]
struct StateObject {
    state: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SilenceObject<'a, M: Serialize> {
    id: &'a str,
    status: StateObject,
    updated_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<LabelObject<'a>>,
    comment: &'a str,
    created_by: &'a str,
    ends_at: Millis,
    matchers: M,
    starts_at: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MatcherObject<'a> {
    is_equal: bool,
    is_regex: bool,
    name: &'a str,
    value: &'a str,
}

impl<'a> MatcherObject<'a> {
    fn of(matcher: &'a Matcher) -> Self {
        MatcherObject {
            is_equal: matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex),
            is_regex: matches!(matcher.op(), MatchOp::Regex | MatchOp::NotRegex),
            name: matcher.name(),
            value: matcher.value(),
        }
    }
}

fn object(silence: &Silence, state: SilenceState) -> impl Serialize {
    let annotations = &silence.annotations;
    SilenceObject {
        id: &silence.id,
        status: StateObject {
            state: state.as_str(),
        },
        updated_at: Millis(silence.updated_at),
        annotations: (!annotations.is_empty()).then_some(LabelObject(annotations)),
        comment: &silence.comment,
        created_by: &silence.created_by,
        ends_at: Millis(silence.ends_at),
        matchers: List(silence.matchers.iter().map(MatcherObject::of)),
        starts_at: Millis(silence.starts_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Labels, Wall};

    fn at(text: &str) -> Wall {
        text.parse().expect("a timestamp")
    }

    fn silence(annotations: Labels) -> Silence {
        let matcher = |op, name, value| Matcher::new(op, name, value).expect("a sound matcher");
        Silence {
            id: "0f7c4f3e-0000-4000-8000-000000000000".into(),
            matchers: [
                matcher(MatchOp::Equal, "foo", "bar"),
                matcher(MatchOp::NotRegex, "a", "b|c"),
            ]
            .into(),
            starts_at: at("2026-01-01T00:00:00Z"),
            ends_at: at("2026-01-01T01:00:00.0019Z"),
            updated_at: at("2026-01-01T00:00:00Z"),
            created_by: "me".to_owned(),
            comment: "<c>".to_owned(),
            annotations,
        }
    }

    #[test]
    fn a_silence_looks_as_alertmanager_writes_it() {
        let written = silence_object(&silence(Labels::default()), SilenceState::Active);
        let written = String::from_utf8(written).expect("JSON is UTF-8");
        assert_eq!(
            written,
            concat!(
                r#"{"id":"0f7c4f3e-0000-4000-8000-000000000000","status":{"state":"active"},"#,
                r#""updatedAt":"2026-01-01T00:00:00.000Z","comment":"<c>","createdBy":"me","#,
                r#""endsAt":"2026-01-01T01:00:00.001Z","matchers":["#,
                r#"{"isEqual":true,"isRegex":false,"name":"foo","value":"bar"},"#,
                r#"{"isEqual":false,"isRegex":true,"name":"a","value":"b|c"}],"#,
                r#""startsAt":"2026-01-01T00:00:00.000Z"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn annotations_are_shown_if_there_are_any() {
        let annotated = silence(Labels::from_pairs([("ticket", "7")]));
        let mut written = Vec::new();
        push_silence(&mut written, &annotated, SilenceState::Expired);
        let written = String::from_utf8(written).expect("JSON is UTF-8");
        assert!(written.contains(r#""status":{"state":"expired"}"#));
        assert!(written.contains(r#""annotations":{"ticket":"7"},"comment""#));
    }
}
