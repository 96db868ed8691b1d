//! PURE. The labels of a route, each of which is a template that may ask for others (§3).
//!
//! Owns their order of rendering: each at most once, when it is first asked for; whoever asks for
//! itself, over however many others, hears so. Called on send threads and on the thread that loads
//! the configuration.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::data::Data;
use super::value::Value;
use super::{Context, RenderFault, Templates};
use crate::limits;
use crate::model::{Labels, Wall};

/// Where `routeLabels` finds values.
pub trait RouteLabels {
    /// The rendered value of the label `name`; empty if there is none. Whoever asks has so many
    /// parentheses open.
    fn value(&self, name: &str, open_parentheses: usize) -> Result<Arc<str>, String>;
}

impl RouteLabels for Labels {
    fn value(&self, name: &str, _: usize) -> Result<Arc<str>, String> {
        Ok(self.get(name).unwrap_or("").into())
    }
}

/// What came of a route's labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderedLabels {
    /// Those that rendered.
    pub labels: Labels,
    /// Those that did not, with the reason.
    pub faults: Vec<(String, RenderFault)>,
}

impl Templates {
    /// Renders the labels with `texts`. `data` is that of the notification; a label neither sees
    /// why it is sent nor the other labels but through the function `routeLabels`.
    pub fn render_route_labels(
        &self,
        texts: &BTreeMap<String, String>,
        data: &Data,
        now: Wall,
    ) -> RenderedLabels {
        let mut rendered = RenderedLabels::default();
        if texts.is_empty() {
            return rendered;
        }
        let data = Data {
            notification_reason: "unknown".into(),
            route_labels: Labels::default(),
            ..data.clone()
        };
        let rendering = Rendering {
            templates: self,
            texts,
            dot: Value::Data(Arc::new(data)),
            now,
            done: RefCell::default(),
            under_way: RefCell::default(),
        };
        let mut pairs = Vec::new();
        for name in texts.keys() {
            match rendering.render(name, 0) {
                Ok(value) => pairs.push((name, value)),
                Err(fault) => rendered.faults.push((name.clone(), fault)),
            }
        }
        rendered.labels = Labels::from_pairs(pairs);
        rendered
    }
}

struct Rendering<'a> {
    templates: &'a Templates,
    texts: &'a BTreeMap<String, String>,
    dot: Value,
    now: Wall,
    done: RefCell<BTreeMap<String, Result<Arc<str>, RenderFault>>>,
    /// The labels that are being rendered, each asked for by the one before.
    under_way: RefCell<Vec<String>>,
}

impl Rendering<'_> {
    fn render(&self, name: &str, open_parentheses: usize) -> Result<Arc<str>, RenderFault> {
        if let Some(done) = self.done.borrow().get(name) {
            return done.clone();
        }
        let Some(text) = self.texts.get(name) else {
            return Ok("".into());
        };
        self.under_way.borrow_mut().push(name.to_owned());
        let context = Context {
            now: self.now,
            route_labels: self,
            open_parentheses: Cell::new(open_parentheses),
        };
        let result = self
            .templates
            .render(text, self.dot.clone(), &context)
            .map(Arc::from);
        self.under_way.borrow_mut().pop();
        self.done
            .borrow_mut()
            .insert(name.to_owned(), result.clone());
        result
    }

    /// The fault if `name` is under way, or too many others are.
    fn check_chain(&self, name: &str) -> Result<(), String> {
        let under_way = self.under_way.borrow();
        if let Some(start) = under_way.iter().position(|other| other == name) {
            let mut cycle = under_way[start..].to_vec();
            cycle.push(name.to_owned());
            return Err(format!(
                "route label cycle detected: {}",
                cycle.join(" -> ")
            ));
        }
        if under_way.len() >= limits::ROUTE_LABEL_DEPTH {
            let limit = limits::ROUTE_LABEL_DEPTH;
            return Err(format!(
                "route labels ask for one another more than {limit} deep"
            ));
        }
        Ok(())
    }
}

impl RouteLabels for Rendering<'_> {
    fn value(&self, name: &str, open_parentheses: usize) -> Result<Arc<str>, String> {
        self.check_chain(name)?;
        self.render(name, open_parentheses)
            .map_err(|fault| fault.text)
    }
}
