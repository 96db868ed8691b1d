//! The figures as a table, which is Markdown as well.

use std::fmt::Write;

use crate::contender::Who;
use crate::figure::Unit;
use crate::highlights;
use crate::loads::Load;
use crate::results::{Results, Row};

/// Everything, load by load.
pub fn text(results: &Results, loads: &[Load], rounds: usize) -> String {
    let mut text = format!("\nMedians of {rounds} round(s); less is better throughout.\n");
    for load in loads {
        let _ = write!(text, "\n{}: {}\n\n", load.name, load.about);
        push_row(
            &mut text,
            ["", "Alertmanager", "alertwheel", "ratio", "floor"].map(str::to_owned),
        );
        text.push_str("|---|---:|---:|---:|---:|\n");
        for row in results.of(load.name) {
            push_row(
                &mut text,
                [
                    row.name.clone(),
                    cell(row, Who::Alertmanager),
                    cell(row, Who::Alertwheel),
                    ratio(row),
                    cell(row, Who::Floor),
                ],
            );
        }
    }
    text
}

/// What `etc/cost.md` shows of it.
pub fn highlights(results: &Results) -> String {
    let mut text = "| | Alertmanager | alertwheel | from, to | times less |\n\
                    |---|---:|---:|---:|---:|\n"
        .to_owned();
    for (label, row) in highlights::of(results) {
        let _ = writeln!(
            text,
            "| {label} | {} | {} | {} | {} |",
            cell(row, Who::Alertmanager),
            cell(row, Who::Alertwheel),
            range(row),
            ratio(row)
        );
    }
    text.push('\n');
    text
}

/// What somebody had, or nothing.
pub fn cell(row: &Row, who: Who) -> String {
    row.median_of(who)
        .map_or_else(String::new, |value| shown(row, value))
}

/// A number of this row, or in which time it did not come about.
fn shown(row: &Row, value: f64) -> String {
    match row.bound {
        Some(bound) if value.is_infinite() => format!("not within {} s", bound.as_secs()),
        _ => number(value, row.unit),
    }
}

/// A number with its unit, or with the next larger one, with as many digits as mean something.
pub fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Microseconds if value >= 1e4 => number(value / 1e3, Unit::Milliseconds),
        Unit::Milliseconds if value >= 1e4 => number(value / 1e3, Unit::Seconds),
        Unit::Times => digits(value, 0),
        _ => format!("{} {}", digits(value, 2), unit.symbol()),
    }
}

/// The ratio, or nothing.
pub fn ratio(row: &Row) -> String {
    row.ratio()
        .map_or_else(String::new, |ratio| digits(ratio, 1))
}

/// Our least and our most.
fn range(row: &Row) -> String {
    let range = row.range_of(Who::Alertwheel);
    range.map_or_else(String::new, |(least, most)| {
        format!("{} to {}", shown(row, least), shown(row, most))
    })
}

/// At most so many digits behind the point, and fewer of large numbers.
fn digits(value: f64, most: usize) -> String {
    let digits = match value {
        100.0.. => 0,
        10.0.. => most.min(1),
        _ => most,
    };
    format!("{value:.digits$}")
}

fn push_row(text: &mut String, [name, theirs, ours, ratio, floor]: [String; 5]) {
    let _ = writeln!(
        text,
        "| {name:<40} | {theirs:>12} | {ours:>12} | {ratio:>7} | {floor:>9} |"
    );
}
