//! The ratios as a picture for `etc/cost.md`: a bar for each of the figures that matter most.

use std::fmt::Write;

use crate::contender::Who;
use crate::highlights;
use crate::results::{Results, Row};
use crate::table::{self, cell};

const WIDTH: f64 = 760.0;
const ROW: f64 = 26.0;
const TOP: f64 = 34.0;

/// Where bars begin, and how long the longest may be.
const BARS_AT: f64 = 250.0;
const LONGEST: f64 = 250.0;

/// Colours that can be read on white and on black.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#57606a}\
    .ours{fill:#2da44e}.worse{fill:#cf6a2d}.axis{stroke:#8c959f;stroke-width:1}\
    .strong{font-weight:600}\
    @media(prefers-color-scheme:dark){text{fill:#adbac7}}";

/// The picture. Bars are logarithmic: a bar of one stands for equal cost.
pub fn svg(results: &Results) -> String {
    let rows: Vec<(&str, &Row, f64)> = highlights::of(results)
        .into_iter()
        .filter_map(|(label, row)| Some((label, row, row.ratio()?)))
        .collect();
    let most = rows.iter().map(|row| row.2).fold(10.0, f64::max);
    let height = TOP + ROW * crate::figure::as_float(rows.len()) + 10.0;
    let mut svg = head(WIDTH, height, STYLE);
    let _ = writeln!(
        svg,
        "<text class=\"strong\" x=\"8\" y=\"20\">How many times less alertwheel takes than \
         Alertmanager (logarithmic)</text>"
    );
    let mut y = TOP;
    for (label, row, ratio) in rows {
        push_bar(&mut svg, y, label, row, ratio, most);
        y += ROW;
    }
    let _ = writeln!(
        svg,
        "<line class=\"axis\" x1=\"{BARS_AT}\" y1=\"{TOP}\" x2=\"{BARS_AT}\" y2=\"{y}\"/>\n</svg>"
    );
    svg
}

/// The head of a picture.
pub fn head(width: f64, height: f64, style: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<style>{style}</style>\n"
    )
}

fn push_bar(svg: &mut String, y: f64, label: &str, row: &Row, ratio: f64, most: f64) {
    // A ratio below one is drawn to the left of the axis, so that nothing is hidden.
    let length = ratio.ln() / most.ln() * LONGEST;
    let (class, x) = if length < 0.0 {
        ("worse", BARS_AT + length.max(-20.0))
    } else {
        ("ours", BARS_AT)
    };
    let width = length.abs().clamp(1.0, LONGEST);
    let text_at = BARS_AT + length.max(0.0) + 8.0;
    let baseline = y + 16.0;
    let _ = writeln!(
        svg,
        "<text x=\"8\" y=\"{baseline}\">{label}</text>\
         <rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"16\" rx=\"2\"/>\
         <text x=\"{text_at:.1}\" y=\"{baseline}\"><tspan class=\"strong\">{}×</tspan>  \
         {} instead of {}</text>",
        y + 3.0,
        table::ratio(row),
        cell(row, Who::Alertwheel),
        cell(row, Who::Alertmanager),
    );
}
