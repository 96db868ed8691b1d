//! Tries every template of a file, before a notification depends on one.
//!
//! Owns the list of keys whose texts are templates. The module `template` decides what counts as a fault or
//! a warning. Pure; runs on the thread that loads the configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{Findings, shown};
use super::field::At;
use super::file::Terms;
use super::node::{Kind, Node, Place, Tag};
use super::parse_rendered;
use super::record::{Record, Value};
use crate::model::go_quote;
use crate::template::{Data, SAMPLE_NOW, TextKind, changed_type, check_text};

/// The advice for a template that cannot run.
const RIGHT: &str = "put the template right";

/// Adds the faults and warnings of all texts that are templates.
pub fn check_texts(file: &Record, terms: &Terms<'_>, findings: &mut Findings) {
    let mut texts = Texts {
        terms,
        findings,
        told: BTreeSet::new(),
        group_by: group_names(file),
    };
    for receiver in file.records("receivers") {
        for webhook in receiver.records("webhook_configs") {
            texts.check_webhook(webhook);
        }
    }
    if let Some(root) = file.record("route") {
        texts.check_route(root, &BTreeMap::new());
    }
}

struct Texts<'t> {
    terms: &'t Terms<'t>,
    findings: &'t mut Findings,
    /// The reported faults of route labels, so that routes that inherit a label do not report them again.
    told: BTreeSet<(Place, String)>,
    /// The labels that at least one route groups by.
    group_by: Vec<&'t str>,
}

/// The texts of route labels, with their positions.
type LabelTexts<'r> = BTreeMap<&'r str, &'r At<String>>;

fn group_names(file: &Record) -> Vec<&str> {
    fn collect<'r>(route: &'r Record, names: &mut BTreeSet<&'r str>) {
        let own = route.texts("group_by").iter();
        let own = own.map(|name| name.value.as_str());
        names.extend(own.filter(|name| *name != "..."));
        let children = route.records("routes").iter();
        children.for_each(|child| collect(child, names));
    }
    let mut names = BTreeSet::new();
    if let Some(root) = file.record("route") {
        collect(root, &mut names);
    }
    names.into_iter().collect()
}

impl<'r> Texts<'_> {
    fn check_webhook(&mut self, webhook: &Record) {
        if let Some(url) = webhook.text("url").filter(|url| url.contains("{{")) {
            self.check(webhook.place_of("url"), url, TextKind::Url);
        }
        if let Some(Value::Any(_, node)) = webhook.get("payload") {
            self.check_payload(node);
        }
    }

    fn check_payload(&mut self, node: &Node) {
        match &node.kind {
            Kind::Null => {}
            Kind::Scalar(text) => {
                self.check(node.place, text, TextKind::Other);
                if node.tag == Tag::Text {
                    self.warn_of_changed_type(node.place, text);
                }
            }
            Kind::List(items) => items.iter().for_each(|item| self.check_payload(item)),
            Kind::Map(entries) => {
                // A key that is not a text is left out of the payload, with its value.
                for entry in entries.iter().filter(|entry| entry.key_tag == Tag::Text) {
                    self.check(entry.place, &entry.key, TextKind::Other);
                    self.check_payload(&entry.value);
                }
            }
        }
    }

    /// Warns of a text that is sometimes sent as another type, because YAML gives some of its rendered texts
    /// another type.
    fn warn_of_changed_type(&mut self, place: Place, text: &str) {
        if !self.findings.has_room_for_warnings() || !self.terms.has_all_templates {
            return;
        }
        let templates = &self.terms.templates;
        if let Some((kind, rendered)) =
            changed_type(templates, text, &self.group_by, parse_rendered)
        {
            let rendered = go_quote(&shown(&rendered));
            let warning = format!(
                "becomes {kind} where it renders to {rendered}; to send a text in any case, write !text \
                 before it"
            );
            self.findings.warn(place, warning);
        }
    }

    /// Tries the labels of a route. A label may refer to others, so the inherited labels are tried again
    /// together with the route's own.
    fn check_route(&mut self, route: &'r Record, inherited: &LabelTexts<'r>) {
        let mut labels = inherited.clone();
        for (name, text) in route.named("labels") {
            labels.insert(name, text);
        }
        if route.says("labels") {
            self.check_labels(&labels);
        }
        for child in route.records("routes") {
            self.check_route(child, &labels);
        }
    }

    fn check_labels(&mut self, labels: &LabelTexts<'r>) {
        let texts = labels
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.value.clone()));
        let templates = &self.terms.templates;
        let rendered = templates.render_route_labels(&texts.collect(), &Data::sample(), SAMPLE_NOW);
        for (name, fault) in rendered.faults {
            // A function reports a cycle as depending on data, but a cycle fails with any data.
            if fault.depends_on_data && !fault.text.contains("route label cycle") {
                continue;
            }
            let place = labels[name.as_str()].place;
            let text = format!("route label \"{}\": {}", shown(&name), fault.text);
            if self.told.insert((place, text.clone())) {
                self.refuse(place, text);
            }
        }
    }

    fn check(&mut self, place: Place, text: &str, kind: TextKind) {
        if let Err(fault) = check_text(&self.terms.templates, text, kind) {
            self.refuse(place, fault);
        }
    }

    /// Adds a fault, unless it is about a missing template that may be defined in a file with an already
    /// reported fault.
    fn refuse(&mut self, place: Place, wrong: String) {
        if self.terms.has_all_templates || !is_missing_template(&wrong) {
            self.findings.fault(place, wrong, RIGHT);
        }
    }
}

fn is_missing_template(fault: &str) -> bool {
    fault.contains("template \"") && fault.ends_with("not defined")
}
