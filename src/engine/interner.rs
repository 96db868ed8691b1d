//! Interning: texts that alerts have in common are stored once.
//!
//! PURE. Owns each `generatorURL` (link) of the alerts, and the last annotations that came with it. The
//! alerts of a rule have the same link, and if the rule's annotations do not depend on the alert, the same
//! annotations. Runs on the dispatch thread.

use std::collections::HashMap;

use crate::model::{Alert, HashKey, Labels, SharedText};

/// The maximum number of links kept; there is one for each rule of the senders. An alert with a further link
/// does not share it, which only costs memory.
const LINKS: usize = 10_000;

/// The shared texts, by link.
#[derive(Debug)]
pub struct Interner {
    rules: HashMap<SharedText, Common, HashKey>,
}

#[derive(Debug)]
struct Common {
    link: SharedText,
    annotations: Labels,
}

impl Interner {
    /// An interner without texts.
    pub fn new(key: HashKey) -> Self {
        Interner {
            rules: HashMap::with_hasher(key),
        }
    }

    /// Lets a new alert share the texts of earlier alerts, where they are equal.
    pub fn share(&mut self, alert: &mut Alert) {
        if alert.generator_url.is_empty() {
            return;
        }
        if let Some(common) = self.rules.get_mut(&alert.generator_url) {
            alert.generator_url = common.link.clone();
            if alert.annotations == common.annotations {
                alert.annotations = common.annotations.clone();
            } else {
                common.annotations = alert.annotations.clone();
            }
        } else if self.rules.len() < LINKS {
            let link = alert.generator_url.clone();
            let annotations = alert.annotations.clone();
            self.rules
                .insert(link.clone(), Common { link, annotations });
        }
    }

    /// Removes the links that no alert has any more.
    pub fn collect(&mut self) {
        // Two holders are our own: the key of the map and the value.
        self.rules.retain(|_, common| common.link.holders() > 2);
        self.rules.shrink_to(2 * self.rules.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ingest::admit;
    use crate::model::{PostedAlert, Wall};
    use std::time::Duration;

    fn alert(link: &str, annotation: &str) -> Alert {
        let posted = PostedAlert {
            annotations: Labels::from_pairs([("summary", annotation)]),
            generator_url: link.into(),
            ..PostedAlert::default()
        };
        admit(posted, Wall::UNIX_EPOCH, Duration::from_secs(60)).expect("a valid alert")
    }

    fn shared(interner: &mut Interner, link: &str, annotation: &str) -> Alert {
        let mut alert = alert(link, annotation);
        interner.share(&mut alert);
        assert_eq!(alert, self::alert(link, annotation), "nothing changes");
        alert
    }

    #[test]
    fn alerts_of_a_rule_have_one_link_and_equal_annotations_once() {
        let mut interner = Interner::new(HashKey::seeded(1));
        let first = shared(&mut interner, "http://a", "disk full");
        let second = shared(&mut interner, "http://a", "disk full");
        let other = shared(&mut interner, "http://a", "disk of b full");
        assert!(first.generator_url.is_same_as(&second.generator_url));
        assert!(first.generator_url.is_same_as(&other.generator_url));
        assert!(first.annotations.is_same_as(&second.annotations));
        assert!(!first.annotations.is_same_as(&other.annotations));
    }

    #[test]
    fn links_are_forgotten_with_the_last_alert_that_has_them() {
        let mut interner = Interner::new(HashKey::seeded(1));
        let first = shared(&mut interner, "http://a", "");
        drop(shared(&mut interner, "http://b", ""));
        interner.collect();
        assert_eq!(interner.rules.len(), 1);
        drop(first);
        interner.collect();
        assert!(interner.rules.is_empty());
    }

    #[test]
    fn links_that_are_never_the_same_are_not_kept_without_end() {
        let mut interner = Interner::new(HashKey::seeded(1));
        for number in 0..=LINKS {
            shared(&mut interner, &format!("http://a/{number}"), "");
        }
        assert_eq!(interner.rules.len(), LINKS);
        shared(&mut interner, "", "");
        assert_eq!(interner.rules.len(), LINKS);
    }
}
