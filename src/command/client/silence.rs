//! `silence query`, `add`, `update` and `expire`.
//!
//! Owns the columns of silences, and which of them a query lists: what the API does not filter is filtered
//! here. Runs on main.

use std::process::ExitCode;
use std::time::Duration;

use super::api::{DELETE_SILENCE, GET_SILENCE, GET_SILENCES, POST_SILENCES};
use super::dates::Date;
use super::grammar::{SilenceAdd, SilenceCommand, SilenceQuery, SilenceUpdate};
use super::wire::{Matcher, PostableSilence, Silence, SilenceId};
use super::{Ended, Failure, Grammar, Session, silence_import, user};
use crate::model::{Wall, parse_duration};

/// Runs a command for silences.
pub fn run(session: &Session, command: SilenceCommand) -> Ended {
    match command {
        SilenceCommand::Query(query) => list(session, query),
        SilenceCommand::Add(arguments) => add(session, arguments),
        SilenceCommand::Update(arguments) => update(session, arguments),
        SilenceCommand::Expire { ids } => expire(session, &ids),
        SilenceCommand::Import(arguments) => silence_import::run(session, &arguments),
    }
}

fn list(session: &Session, query: SilenceQuery) -> Ended {
    let matchers = session.with_alert_name(query.matchers.clone());
    let filters = matchers.iter().map(|matcher| ("filter", matcher.as_str()));
    let filters: Vec<_> = filters.collect();
    let mut silences: Vec<Silence> = session.api()?.get(GET_SILENCES, "", &filters)?;
    let now = session.clock.wall();
    silences.retain(|silence| is_asked_for(silence, &query, now));
    if query.quiet {
        let ids = silences.iter().map(|silence| format!("{}\n", silence.id));
        return session.say(&ids.collect::<String>());
    }
    print(session, &silences)
}

fn is_asked_for(silence: &Silence, query: &SilenceQuery, now: Wall) -> bool {
    let ends_at = silence.ends_at.wall();
    let within = query.within.filter(|within| !within.is_zero());
    let is_in_time = match (query.expired, within) {
        (false, None) => ends_at >= now,
        (true, None) => ends_at <= now,
        (false, Some(within)) => {
            ends_at >= now
                && now
                    .checked_add(within)
                    .is_ok_and(|latest| ends_at <= latest)
        }
        (true, Some(within)) => {
            ends_at <= now
                && now
                    .checked_sub(within)
                    .is_ok_and(|earliest| ends_at >= earliest)
        }
    };
    let is_equal = |wanted: &Option<String>, text: &str| {
        let wanted = wanted.as_deref().filter(|wanted| !wanted.is_empty());
        wanted.is_none_or(|wanted| wanted == text)
    };
    is_in_time
        && is_equal(&query.created_by, &silence.created_by)
        && is_equal(&query.id, &silence.id)
}

fn print(session: &Session, silences: &[Silence]) -> Ended {
    session.say_in_format(&silences, |has_all| table(session, silences, has_all))
}

fn table(session: &Session, silences: &[Silence], has_all: bool) -> String {
    let mut sorted: Vec<&Silence> = silences.iter().collect();
    sorted.sort_by_key(|silence| silence.ends_at.wall());
    let mut table = String::from(if has_all {
        "ID\tMatchers\tStarts At\tEnds At\tUpdated At\tCreated By\tComment\t\n"
    } else {
        "ID\tMatchers\tEnds At\tCreated By\tComment\t\n"
    });
    for silence in sorted {
        let matchers: Vec<String> = silence.matchers.iter().map(Matcher::text).collect();
        let (id, ends_at) = (&silence.id, session.date(&silence.ends_at));
        let (author, comment) = (&silence.created_by, &silence.comment);
        table.push_str(&if has_all {
            let starts_at = session.date(&silence.starts_at);
            let updated_at = session.date(&silence.updated_at);
            let matchers = matchers.join(",");
            format!(
                "{id}\t{{{matchers}}}\t{starts_at}\t{ends_at}\t{updated_at}\t{author}\t{comment}\t\n"
            )
        } else {
            let matchers = matchers.join(" ");
            format!("{id}\t{matchers}\t{ends_at}\t{author}\t{comment}\t\n")
        });
    }
    table
}

fn add(session: &Session, arguments: SilenceAdd) -> Ended {
    let texts = session.with_alert_name(arguments.matchers);
    let matchers = session.matchers(&texts)?;
    if matchers.is_empty() {
        return Err("no matchers specified".into());
    }
    let starts_at = match given(&arguments.start) {
        Some(text) => Date::parse(text)?,
        None => Date::utc(session.clock.wall()),
    };
    let ends_at = match given(&arguments.end) {
        Some(text) => Date::parse(text)?,
        None => after(&starts_at, &arguments.duration)?,
    };
    if starts_at.wall() > ends_at.wall() {
        return Err("silence cannot start after it ends".into());
    }
    let comment = arguments.comment.unwrap_or_default();
    if comment.is_empty() && !arguments.no_comment_required {
        return Err(match session.grammar {
            Grammar::Amtool { .. } => "comment required by config".into(),
            Grammar::Alertwheel => {
                "a silence needs a comment: say why with --comment, or pass --no-require-comment"
                    .into()
            }
        });
    }
    let annotations = session.texts(&arguments.annotations, "annotations")?;
    let silence = PostableSilence {
        id: None,
        annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
        comment: Some(comment),
        created_by: Some(arguments.author.unwrap_or_else(user::name)),
        ends_at: Some(ends_at),
        matchers: Some(matchers.iter().map(Matcher::from).collect()),
        starts_at: Some(starts_at),
    };
    let set: SilenceId = session.api()?.set(POST_SILENCES, &silence)?;
    session.say(&format!("{}\n", set.id))
}

fn update(session: &Session, arguments: SilenceUpdate) -> Ended {
    if arguments.ids.is_empty() {
        return Err("no silence IDs specified".into());
    }
    let api = session.api()?;
    let mut updated: Vec<Silence> = Vec::new();
    for id in &arguments.ids {
        let mut silence: Silence = api.get(GET_SILENCE, id, &[])?;
        change(&mut silence, &arguments)?;
        let set: SilenceId = api.set(POST_SILENCES, &PostableSilence::from(silence))?;
        updated.push(api.get(GET_SILENCE, &set.id, &[])?);
    }
    if arguments.quiet {
        let ids = updated.iter().map(|silence| format!("{}\n", silence.id));
        return session.say(&ids.collect::<String>());
    }
    print(session, &updated)
}

fn change(silence: &mut Silence, arguments: &SilenceUpdate) -> Result<(), Failure> {
    if let Some(text) = given(&arguments.start) {
        silence.starts_at = Date::parse(text)?;
    }
    if let Some(text) = given(&arguments.end) {
        silence.ends_at = Date::parse(text)?;
    } else if let Some(text) = given(&arguments.duration) {
        silence.ends_at = after(&silence.starts_at, text)?;
    }
    if silence.starts_at.wall() > silence.ends_at.wall() {
        return Err("silence cannot start after it ends".into());
    }
    if let Some(comment) = given(&arguments.comment) {
        silence.comment = comment.to_owned();
    }
    Ok(())
}

fn expire(session: &Session, ids: &[String]) -> Ended {
    if ids.is_empty() {
        return Err("no silence IDs specified".into());
    }
    let api = session.api()?;
    for id in ids {
        api.tell(DELETE_SILENCE, id, None)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// The end of a silence that begins at `start` and lasts `span`.
fn after(start: &Date, span: &str) -> Result<Date, Failure> {
    let span = parse_duration(span).map_err(|error| error.0)?;
    if span == Duration::ZERO {
        return Err("silence duration must be greater than 0".into());
    }
    let end = start.wall().checked_add(span);
    end.map(Date::utc)
        .map_err(|_| "the silence would end after the year 9999".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        text.parse().expect("a time")
    }

    fn silence(ends_at: &str) -> Silence {
        let text = format!(
            r#"{{"id":"i","status":{{"state":"active"}},"updatedAt":"2026-01-01T00:00:00Z",
                "comment":"","createdBy":"me","endsAt":"{ends_at}","matchers":[],
                "startsAt":"2026-01-01T00:00:00Z"}}"#
        );
        serde_json::from_str(&text).expect("a silence")
    }

    #[test]
    fn a_query_looks_forward_and_with_expired_back() {
        let now = at("2026-01-01T12:00:00Z");
        let hour = Some(Duration::from_secs(3600));
        for (expired, within, expected) in [
            (false, None, ["12:00:01", "13:00:00", "14:00:00"].as_slice()),
            (false, hour, &["12:00:01", "13:00:00"]),
            (true, None, &["10:00:00", "11:00:00", "11:59:59"]),
            (true, hour, &["11:00:00", "11:59:59"]),
        ] {
            let query = SilenceQuery {
                expired,
                quiet: false,
                created_by: Some("me".to_owned()),
                id: None,
                within,
                matchers: Vec::new(),
            };
            let ends = [
                "10:00:00", "11:00:00", "11:59:59", "12:00:01", "13:00:00", "14:00:00",
            ];
            let mut listed = ends.to_vec();
            listed.retain(|time| {
                let silence = silence(&format!("2026-01-01T{time}Z"));
                is_asked_for(&silence, &query, now)
            });
            assert_eq!(listed, expected, "{query:?}");
        }
    }
}
