//! PURE. Custom bodies of notifications, which replace the standard one (§6.5).
//!
//! Owns the body, the choice of texts in it that are templates, and the handling of their results: a
//! function of the caller reads each rendered text as YAML, so that a template can produce numbers, lists and
//! maps. A text that reads as none of these stays unchanged, including quotes, and so does a text that the
//! configuration marks. Texts within such lists and maps are not rendered again: Alertmanager 0.33 does that,
//! and so runs templates that senders of alerts wrote. Called on send threads and on the thread that loads
//! the configuration.

use super::data::Data;
use super::{RenderFault, Templates, json};
use crate::limits;
use crate::model::Wall;

/// A custom body (§6.5). Texts are templates; maps keep only keys that are texts, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number, of 64 bits with a sign or without.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A template whose result is read as YAML.
    Text(String),
    /// A template whose result always stays a text: `!text` in the file.
    PlainText(String),
    /// A list.
    List(Vec<Payload>),
    /// A map; its keys are templates too.
    Map(Vec<(String, Payload)>),
}

// A number of a configuration is equal to itself: NaN cannot be written as JSON and is refused.
impl Eq for Payload {}

/// Reads a rendered text as YAML; `None` if it stays a text.
pub type ReadYaml = fn(&str) -> Option<Payload>;

impl Templates {
    /// The body for `data` as JSON, with the newline at its end.
    pub fn render_payload(
        &self,
        payload: &Payload,
        data: &Data,
        now: Wall,
        read_yaml: ReadYaml,
    ) -> Result<Vec<u8>, RenderFault> {
        let filling = Filling {
            templates: self,
            data,
            now,
            read_yaml,
        };
        let rendered = filling.fill(payload)?;
        let mut body = String::new();
        json::write_payload(&mut body, &rendered).map_err(fault_of_data)?;
        if body.len() > limits::TEMPLATE_OUTPUT_BYTES {
            let limit = limits::TEMPLATE_OUTPUT_BYTES >> 20;
            return Err(fault_of_data(format!(
                "the body is larger than {limit} MiB"
            )));
        }
        body.push('\n');
        Ok(body.into_bytes())
    }
}

/// The inputs of the rendering of one body.
struct Filling<'a> {
    templates: &'a Templates,
    data: &'a Data,
    now: Wall,
    read_yaml: ReadYaml,
}

impl Filling<'_> {
    fn fill(&self, payload: &Payload) -> Result<Payload, RenderFault> {
        match payload {
            Payload::Text(text) => {
                let rendered = self.render(text)?;
                Ok((self.read_yaml)(&rendered).unwrap_or(Payload::Text(rendered)))
            }
            Payload::PlainText(text) => Ok(Payload::Text(self.render(text)?)),
            Payload::List(items) => {
                let items = items.iter().map(|item| self.fill(item));
                Ok(Payload::List(items.collect::<Result<_, _>>()?))
            }
            Payload::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((self.render(key)?, self.fill(value)?)));
                Ok(Payload::Map(entries.collect::<Result<_, RenderFault>>()?))
            }
            plain => Ok(plain.clone()),
        }
    }

    fn render(&self, text: &str) -> Result<String, RenderFault> {
        self.templates.render_text(text, self.data, self.now)
    }
}

fn fault_of_data(text: String) -> RenderFault {
    RenderFault {
        text,
        depends_on_data: true,
    }
}
