//! All figures of all rounds for programs. What did not come about in time is `null`.

use serde_json::{Map, Value, json};

use crate::results::{Results, Row};

/// The file.
pub fn text(results: &Results, scale: f64) -> String {
    let figures: Vec<Value> = results.rows().iter().map(figure).collect();
    let file = json!({"scale": scale, "figures": figures});
    format!("{file:#}\n")
}

fn figure(row: &Row) -> Value {
    let rounds: Map<String, Value> = row
        .values
        .iter()
        .map(|(who, values)| (who.name().to_owned(), json!(values)))
        .collect();
    json!({
        "load": row.load,
        "figure": row.name,
        "unit": row.unit.symbol(),
        "ratio": row.ratio(),
        "rounds": rounds,
    })
}
