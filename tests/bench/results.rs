//! All figures of all rounds, in the order in which they were first seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::contender::Who;
use crate::figure::{Figure, Unit, median};

/// The figures.
#[derive(Default)]
pub struct Results {
    rows: Vec<Row>,
}

/// One figure of one load, of everybody and all rounds.
pub struct Row {
    /// The load's name.
    pub load: &'static str,
    /// The figure's name.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// How long was waited for it, where that has an end.
    pub bound: Option<Duration>,
    /// What each had, round by round.
    pub values: BTreeMap<Who, Vec<f64>>,
}

impl Results {
    /// Takes in what a run gave.
    pub fn add(&mut self, load: &'static str, who: Who, figures: Vec<Figure>) {
        for figure in figures {
            let known = self
                .rows
                .iter()
                .position(|row| row.load == load && row.name == figure.name);
            let at = known.unwrap_or_else(|| {
                self.rows.push(Row {
                    load,
                    name: figure.name,
                    unit: figure.unit,
                    bound: figure.bound,
                    values: BTreeMap::new(),
                });
                self.rows.len() - 1
            });
            self.rows[at]
                .values
                .entry(who)
                .or_default()
                .push(figure.value);
        }
    }

    /// All rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of a load.
    pub fn of(&self, load: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.load == load)
    }
}

impl Row {
    /// The median of what somebody had.
    pub fn median_of(&self, who: Who) -> Option<f64> {
        self.values.get(&who).map(|values| median(values))
    }

    /// The least and the most that somebody had.
    pub fn range_of(&self, who: Who) -> Option<(f64, f64)> {
        let values = self.values.get(&who)?;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some((least, most))
    }

    /// How many times less ours is than Alertmanager's; unknown where either is nothing, or did not
    /// come about in time.
    pub fn ratio(&self) -> Option<f64> {
        let theirs = self.median_of(Who::Alertmanager)?;
        let ours = self.median_of(Who::Alertwheel)?;
        let is_some = |value: f64| value > 0.0 && value.is_finite();
        (is_some(theirs) && is_some(ours)).then(|| theirs / ours)
    }
}
