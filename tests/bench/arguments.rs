//! The command line: `cargo bench -- ARGUMENTS`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Runs Alertmanager and alertwheel in turn under the same loads and compares what they cost.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// What to run.
    #[arg(value_enum, default_value_t = What::Loads)]
    pub what: What,
    /// Small loads, short waits and one round: shows that everything works, in a minute.
    #[arg(long)]
    pub quick: bool,
    /// Rounds of which the median counts; 5 for loads and 1 for growth unless given.
    #[arg(long)]
    pub rounds: Option<usize>,
    /// What the sizes of the loads are multiplied with.
    #[arg(long)]
    pub scale: Option<f64>,
    /// Only loads, or cases of what is hostile, with these names, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leaves Alertmanager and the floor out.
    #[arg(long)]
    pub alone: bool,
    /// Growth goes up to so many alerts with Alertmanager.
    #[arg(long, default_value_t = 200_000)]
    pub peer_limit: usize,
    /// Growth goes up to so many alerts with us.
    #[arg(long, default_value_t = 1_000_000)]
    pub limit: usize,
    /// Writes all figures of all rounds to this file.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Draws the ratios, or the growth, to this file.
    #[arg(long)]
    pub svg: Option<PathBuf>,
    /// Writes the tables of etc/cost.md and its pictures anew, which takes whole runs of both.
    #[arg(long, conflicts_with_all = ["quick", "scale", "only", "alone"])]
    pub readme: bool,
    /// Is the floor instead; the driver starts itself so.
    #[arg(long, hide = true)]
    pub floor: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The loads side by side.
    Loads,
    /// One load at growing sizes.
    Growth,
    /// Hostile input beside single alerts, for our daemon alone; fails where it does more harm than it may.
    Hostile,
    /// Loads and growth.
    All,
}
