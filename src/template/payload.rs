//! PURE. A body that the configuration gives in place of the standard one (§6.5).
//!
//! Owns which texts are templates and what becomes of what they yield: a rendered text is read as
//! YAML, so that a template can make numbers, lists and maps. Texts within those are left alone:
//! Alertmanager 0.33 takes them for templates again, and so runs what senders of alerts write. Called on send threads and on
//! whichever thread loads the configuration.

use super::data::Data;
use super::{RenderFault, Templates, json};
use crate::config::{Payload, parse_rendered};
use crate::limits;
use crate::model::Wall;

impl Templates {
    /// The body for `data` as JSON, with the newline at its end.
    pub fn render_payload(
        &self,
        payload: &Payload,
        data: &Data,
        now: Wall,
    ) -> Result<Vec<u8>, RenderFault> {
        let rendered = self.fill(payload, data, now)?;
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

    fn fill(&self, payload: &Payload, data: &Data, now: Wall) -> Result<Payload, RenderFault> {
        match payload {
            Payload::Text(text) => {
                let rendered = self.render_text(text, data, now)?;
                // A text that is YAML for a text stays as it is, quotes and all.
                Ok(match parse_rendered(&rendered) {
                    None | Some(Payload::Text(_)) => Payload::Text(rendered),
                    Some(parsed) => parsed,
                })
            }
            Payload::List(items) => {
                let items = items.iter().map(|item| self.fill(item, data, now));
                Ok(Payload::List(items.collect::<Result<_, _>>()?))
            }
            Payload::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = self.render_text(key, data, now)?;
                    Ok((key, self.fill(value, data, now)?))
                });
                Ok(Payload::Map(entries.collect::<Result<_, RenderFault>>()?))
            }
            plain => Ok(plain.clone()),
        }
    }
}

fn fault_of_data(text: String) -> RenderFault {
    RenderFault {
        text,
        depends_on_data: true,
    }
}
