//! Stories of templates: those that amtool was asked about, and what only we or newer ones have.

use super::*;
use crate::model::Labels;

mod alertwheel;
mod cases;
mod ours;

/// When the stories are rendered.
fn now() -> Wall {
    "2026-03-06T00:00:00Z".parse().expect("a timestamp")
}

/// The data that amtool was given.
fn data() -> Data {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/peer/templates.json")).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let labels = |value: &serde_json::Value| {
        let pairs = value.as_object().expect("an object").iter();
        Labels::from_pairs(pairs.map(|(name, value)| (name.clone(), text(value))))
    };
    let alert = |value: &serde_json::Value| {
        let time = |key: &str| text(&value[key]).parse().expect("a timestamp");
        Arc::new(AlertData {
            status: text(&value["status"]).into(),
            labels: labels(&value["labels"]),
            annotations: labels(&value["annotations"]),
            starts_at: time("startsAt"),
            ends_at: time("endsAt"),
            generator_url: text(&value["generatorURL"]).into(),
            fingerprint: text(&value["fingerprint"]).into(),
        })
    };
    let alerts = json["alerts"].as_array().expect("a list");
    Data {
        receiver: text(&json["receiver"]).into(),
        status: text(&json["status"]).into(),
        alerts: alerts.iter().map(alert).collect(),
        notification_reason: text(&json["notification_reason"]).into(),
        group_labels: labels(&json["groupLabels"]),
        common_labels: labels(&json["commonLabels"]),
        common_annotations: labels(&json["commonAnnotations"]),
        route_labels: Labels::from_pairs([("team", "shop")]),
        external_url: text(&json["externalURL"]).into(),
    }
}

fn rendered(text: &str) -> Result<String, RenderFault> {
    Templates::default().render_text(text, &data(), now())
}
