//! Renders the address, the body and the route labels of one attempt.
//!
//! Owns the handling of template faults. Without an address nothing can be sent (§6.4). If the configured
//! body fails, the notification is sent with the standard body, which then contains the fault, because a
//! typo must not suppress a page. Never sends and never logs: faults are returned. Runs on send threads.

use std::cell::OnceCell;
use std::path::Path;

use super::address::{Address, MOST_BYTES};
use super::payload;
use super::template_data::data_of;
use super::templated_host::keeps_its_host;
use crate::config::{Destination, Webhook, parse_rendered};
use crate::engine::{Job, Notification};
use crate::model::{Labels, Wall};
use crate::template::{Data, RenderedLabels};
use crate::{files, limits};

/// The renderer of one attempt.
pub struct Rendering<'a> {
    webhook: &'a Webhook,
    notification: &'a Notification,
    external_url: &'a str,
    now: Wall,
    route_labels: RenderedLabels,
    /// The template data. Made only if there is a template; most webhooks have none.
    data: OnceCell<Data>,
}

/// A body, and the fault of the configured one if it failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// Why the standard body replaces the configured one; `None` if nothing failed.
    pub fault: Option<String>,
}

impl<'a> Rendering<'a> {
    /// A renderer for `job` at the time `now`. Renders the route labels at once.
    pub fn new(job: &'a Job, external_url: &'a str, now: Wall) -> Self {
        let mut rendering = Rendering {
            webhook: &job.webhook,
            notification: &job.notification,
            external_url,
            now,
            route_labels: RenderedLabels::default(),
            data: OnceCell::new(),
        };
        let texts = &job.notification.route_labels;
        if !texts.is_empty() {
            let templates = &job.webhook.templates;
            let data = rendering.new_data();
            rendering.route_labels = templates.render_route_labels(texts, &data, now);
        }
        rendering
    }

    /// The route labels that could not be rendered, with the faults. They are left out of the body.
    pub fn faulty_route_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let faults = self.route_labels.faults.iter();
        faults.map(|(name, fault)| (name.as_str(), fault.text.as_str()))
    }

    /// The address to send to. The error never quotes the address.
    pub fn address(&self) -> Result<Address, String> {
        match &self.webhook.destination {
            Destination::Url(url) => parsed(url).map_err(|why| format!("the url is {why}")),
            Destination::UrlTemplate(text) => self.templated_address(text),
            Destination::UrlFile(path) => self.address_in_file(path),
            Destination::Terminal => Err("the terminal has no address".to_owned()),
        }
    }

    /// The address in a url_file, whose content is a template. Blanks around it are ignored.
    fn address_in_file(&self, path: &Path) -> Result<Address, String> {
        let fault = |cause: &str| format!("read url_file: {}: {cause}", path.display());
        let text = files::read_text(path, limits::URL_FILE);
        let text = text.map_err(|error| fault(&error.to_string()))?;
        match text.trim() {
            "" => Err(fault("the file is empty")),
            text if text.contains("{{") => self.templated_address(text),
            url => parsed(url).map_err(|why| fault(&format!("the content is {why}"))),
        }
    }

    fn templated_address(&self, text: &str) -> Result<Address, String> {
        let rendered = self
            .webhook
            .templates
            .render_text(text, self.data(), self.now);
        let url =
            rendered.map_err(|fault| format!("failed to template webhook URL: {}", fault.text))?;
        if url.is_empty() {
            return Err("webhook URL is empty after templating".to_owned());
        }
        if !keeps_its_host(text, &url) {
            return Err(
                "the templated url leads to another host than the text around its template names"
                    .to_owned(),
            );
        }
        parsed(&url).map_err(|why| format!("the templated url is {why}"))
    }

    /// The configured body, or the standard one.
    pub fn body(&self) -> Body {
        let Some(payload) = &self.webhook.payload else {
            return Body {
                bytes: self.standard_body(None),
                fault: None,
            };
        };
        match self
            .webhook
            .templates
            .render_payload(payload, self.data(), self.now, parse_rendered)
        {
            Ok(bytes) => Body { bytes, fault: None },
            Err(fault) => {
                let fault = format!("failed to render custom payload: {}", fault.text);
                Body {
                    bytes: self.standard_body(Some(&fault)),
                    fault: Some(fault),
                }
            }
        }
    }

    fn standard_body(&self, template_error: Option<&str>) -> Vec<u8> {
        payload::render(&payload::Standard {
            notification: self.notification,
            external_url: self.external_url,
            route_labels: &self.route_labels.labels,
            template_error,
        })
    }

    fn data(&self) -> &Data {
        self.data.get_or_init(|| self.new_data())
    }

    fn new_data(&self) -> Data {
        let labels: Labels = self.route_labels.labels.clone();
        data_of(self.notification, self.external_url, labels)
    }
}

/// Parses `url`. The error is a predicate, as in "the url is no http or https URL".
fn parsed(url: &str) -> Result<Address, &'static str> {
    if url.len() > MOST_BYTES {
        return Err("longer than the 64 KiB that an address may have");
    }
    Address::parse(url).ok_or("no http or https URL")
}
