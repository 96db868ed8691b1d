//! The growth as a picture: a small plot for each measure, both daemons in each.

use std::fmt::Write;

use crate::contender::Who;
use crate::figure::as_float;
use crate::growth::{MEASURES, SIZES};
use crate::picture::head;
use crate::results::{Results, Row};
use crate::table::number;

/// Size of one plot, and of the frame in it.
const WIDTH: f64 = 370.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 20.0;
const TOP: f64 = 42.0;
const INNER_WIDTH: f64 = 285.0;
const INNER_HEIGHT: f64 = 130.0;

/// Colours that can be read on white and on black.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#57606a}\
    .strong{font-weight:600}.axis{stroke:#8c959f;stroke-width:1}\
    polyline{fill:none;stroke-width:2}.alertwheel{stroke:#2da44e;fill:#2da44e}\
    .alertmanager{stroke:#cf6a2d;fill:#cf6a2d}text.alertwheel,text.alertmanager{stroke:none}\
    polyline.alertwheel,polyline.alertmanager{fill:none}\
    @media(prefers-color-scheme:dark){text{fill:#adbac7}}";

/// The picture.
pub fn svg(results: &Results) -> String {
    let mut svg = head(WIDTH * 2.0, HEIGHT * 2.0 + 10.0, STYLE);
    for (at, measure) in MEASURES.iter().enumerate() {
        let x = if at % 2 == 0 { 0.0 } else { WIDTH };
        let y = if at < 2 { 0.0 } else { HEIGHT };
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        push_plot(&mut svg, results, measure);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn push_plot(svg: &mut String, results: &Results, measure: &str) {
    let rows: Vec<(usize, &Row)> = SIZES
        .iter()
        .enumerate()
        .filter_map(|(at, (_, size))| {
            let row = results.of(size).find(|row| row.name == measure)?;
            Some((at, row))
        })
        .collect();
    let both = [Who::Alertmanager, Who::Alertwheel];
    let values = rows
        .iter()
        .flat_map(|(_, row)| both.map(|who| row.median_of(who)));
    let most = values.flatten().fold(0.0, f64::max) * 1.1;
    let bottom = TOP + INNER_HEIGHT;
    let _ = writeln!(
        svg,
        "<text class=\"strong\" x=\"{LEFT}\" y=\"16\">{measure}</text>\n\
         <line class=\"axis\" x1=\"{LEFT}\" y1=\"{bottom}\" x2=\"{}\" y2=\"{bottom}\"/>",
        LEFT + INNER_WIDTH + 30.0
    );
    for (at, (_, size)) in SIZES.iter().enumerate() {
        let x = x_of(at);
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{size}</text>",
            bottom + 17.0
        );
    }
    for who in both {
        push_line(svg, &rows, who, most);
    }
}

fn push_line(svg: &mut String, rows: &[(usize, &Row)], who: Who, most: f64) {
    let class = who.name();
    let points: Vec<(f64, f64, String)> = rows
        .iter()
        .filter_map(|(at, row)| {
            let value = row.median_of(who)?;
            let y = TOP + INNER_HEIGHT * (1.0 - value / most);
            Some((x_of(*at), y, number(value, row.unit)))
        })
        .collect();
    let Some((last_x, last_y, _)) = points.last() else {
        return;
    };
    let line: Vec<String> = points
        .iter()
        .map(|(x, y, _)| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = writeln!(
        svg,
        "<polyline class=\"{class}\" points=\"{}\"/>",
        line.join(" ")
    );
    for (x, y, value) in &points {
        let _ = writeln!(
            svg,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}</text>",
            y - 8.0
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{class}</text>",
        last_x + 30.0,
        last_y - 22.0
    );
}

/// Sizes stand side by side, each ten or five times the one before.
fn x_of(at: usize) -> f64 {
    LEFT + 20.0 + INNER_WIDTH * as_float(at) / 3.0
}
