//! Rows of the table, and what a case may do to others.

use std::time::Duration;

use super::cases::Case;
use super::site::Sizes;
use crate::arguments::Arguments;
use crate::figure::percentile;
use crate::time::millis;

/// What is promised whoever else sends what. A quick run shows that everything works, so a hundred times as much
/// is no fault there.
pub struct Bounds {
    /// From the post of a single alert to its answer, of all but one in a hundred.
    pub asked: Duration,
    /// From when it is due to its webhook.
    pub told: Duration,
    /// Memory beyond that of the calm daemon and of alerts that it has to keep, in KiB.
    pub memory_kib: u64,
    /// Whether that has to be free again within a minute.
    pub has_to_be_back: bool,
}

/// What a case did.
pub struct Outcome {
    /// From the post of each single alert to its answer.
    pub asked: Vec<Duration>,
    /// How much later than due each was told.
    pub told: Vec<Duration>,
    /// Single alerts that were not taken.
    pub refused: usize,
    /// Memory that was taken, in KiB.
    pub above_calm: u64,
    /// How long after the end that memory was free again, if it ever was.
    pub back_after: Option<Duration>,
    /// How what is hostile was answered.
    pub answers: String,
}

impl Bounds {
    /// Those of this run.
    pub fn of(arguments: &Arguments) -> Self {
        let times = if arguments.quick { 100 } else { 1 };
        Bounds {
            asked: millis(50) * times,
            told: millis(200) * times,
            memory_kib: 64 * 1024 * u64::from(times),
            has_to_be_back: !arguments.quick,
        }
    }
}

/// What stands above the rows.
pub fn head(sizes: &Sizes, bounds: &Bounds) -> String {
    format!(
        "\nSingle alerts beside {} alerts and {} silences, while each of these lasts {:?}. Bounds: POST p99 \
         {:?}, webhook at most {:?} late, {} MiB above calm and back within a minute.\n\n\
         | case | POST, median | POST, p99 | POST, last | webhook late, median | webhook late, last \
         | refused | above calm | back after | answers | what |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|\n",
        sizes.alerts,
        sizes.silences,
        sizes.span,
        bounds.asked,
        bounds.told,
        bounds.memory_kib / 1024
    )
}

impl Outcome {
    /// As the table shows it.
    pub fn row(&self, case: &Case) -> String {
        let [asked, asked_late, asked_last] =
            [50, 99, 100].map(|percent| milliseconds(percentile(&self.asked, percent)));
        let [told, told_last] =
            [50, 100].map(|percent| milliseconds(percentile(&self.told, percent)));
        let back = match self.back_after {
            Some(span) => format!("{:.1} s", span.as_secs_f64()),
            None => "not in time".to_owned(),
        };
        let (refused, mebibytes) = (self.refused, self.above_calm / 1024);
        format!(
            "| {:<4} | {asked:>9} | {asked_late:>9} | {asked_last:>9} | {told:>9} | {told_last:>9} \
             | {refused:>3} | {mebibytes:>4} MiB | {back:>7} | {} | {} |",
            case.name, self.answers, case.about
        )
    }

    /// What is out of bounds.
    pub fn broken(&self, case: &Case, bounds: &Bounds) -> Vec<String> {
        let asked = percentile(&self.asked, 99);
        let told = percentile(&self.told, 100);
        let faults = [
            (
                self.refused > 0,
                format!("{} single alerts were refused", self.refused),
            ),
            (
                asked > bounds.asked,
                format!("POST p99 is {}", milliseconds(asked)),
            ),
            (
                told > bounds.told,
                format!("a webhook is {} late", milliseconds(told)),
            ),
            (
                self.above_calm > bounds.memory_kib,
                format!("{} MiB above calm", self.above_calm / 1024),
            ),
            (
                bounds.has_to_be_back && self.back_after.is_none(),
                "memory is not back".to_owned(),
            ),
        ];
        let broken = faults.into_iter().filter(|(is_broken, _)| *is_broken);
        broken
            .map(|(_, what)| format!("{}: {what}", case.name))
            .collect()
    }
}

fn milliseconds(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1e3)
}
