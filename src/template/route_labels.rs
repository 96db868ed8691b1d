//! PURE. Renders the labels of a route, each of which is a template that may refer to others (§3).
//!
//! Owns the order of rendering: each label is rendered at most once, when it is first referred to. A cycle of
//! references is an error. Called on send threads and on the thread that loads the configuration.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::data::Data;
use super::value::Value;
use super::{Context, RenderFault, Templates};
use crate::limits;
use crate::model::{Labels, Wall};

/// The source of values for `routeLabels`.
pub trait RouteLabels {
    /// The rendered value of the label `name`; empty if there is none. `open_parentheses` counts those of the
    /// caller.
    fn value(&self, name: &str, open_parentheses: usize) -> Result<Arc<str>, String>;
}

impl RouteLabels for Labels {
    fn value(&self, name: &str, _: usize) -> Result<Arc<str>, String> {
        Ok(self.get(name).unwrap_or("").into())
    }
}

/// The result of rendering a route's labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderedLabels {
    /// The rendered labels.
    pub labels: Labels,
    /// The labels that failed, with the reasons.
    pub faults: Vec<(String, RenderFault)>,
}

impl Templates {
    /// Renders the labels with `texts`. `data` is that of the notification. A label does not see the
    /// notification's reason, and sees the other labels only through the function `routeLabels`.
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
    /// The labels that are being rendered, each referred to by the one before.
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
            steps: Cell::new(0),
            received: None,
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

    /// Fails if `name` is already being rendered, or too many others are.
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
