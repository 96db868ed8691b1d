//! Amazon SNS: whether a message is Amazon's, and which of its URLs may be asked.
//!
//! ```text
//! message ─ host of its certificate ─ certificate (fetched once) ─ signature ─► notification, or a wish
//!                                                                               for confirmation
//! ```
//!
//! Owns the text that is signed and the rule for hosts. A message names URLs, and whoever asks them for it can be
//! sent anywhere, so only `sns.REGION.amazonaws.com` (and `.com.cn`) over https is ever asked. Certificates are
//! kept, and one is fetched at a time: made-up messages hold up nobody. Runs on the connections' threads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate::{Digest, SigningCertificate};
use crate::api::wire::SnsMessage;
use crate::limits::SNS_CERTIFICATES;
use crate::model::Wall;

/// Fetches the body of an https URL with a bounded time and size; an error says why there is none.
pub type Fetch = Box<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

/// The request of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To be taken in.
    Notify,
    /// That the subscription to its topic is confirmed by asking this URL.
    Confirm(String),
    /// Nothing: the subscription has ended.
    Ended,
}

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFromSns {
    /// It is wrong, for this reason.
    Wrong(String),
    /// The certificate cannot be had now, for this reason.
    NotNow(String),
}

/// The certificates that were fetched.
pub struct SigningKeys {
    fetch: Fetch,
    /// Held by whoever fetches; others do not wait for it.
    fetching: Mutex<()>,
    known: Mutex<BTreeMap<String, Arc<SigningCertificate>>>,
}

impl SigningKeys {
    /// No certificates yet.
    pub fn new(fetch: Fetch) -> Self {
        SigningKeys {
            fetch,
            fetching: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// Checks the signature of a message, and returns what it asks for.
    pub fn check(&self, message: &SnsMessage, now: Wall) -> Result<Wish, NotFromSns> {
        let wrong = |why: &str| NotFromSns::Wrong(why.to_owned());
        let digest = match message.signature_version.as_str() {
            "1" => Digest::Sha1,
            "2" => Digest::Sha256,
            _ => return Err(wrong("its SignatureVersion is neither 1 nor 2")),
        };
        let (text, wish) = signed_text(message).map_err(|why| wrong(&why))?;
        let signature = STANDARD.decode(&message.signature);
        let signature = signature.map_err(|_| wrong("its Signature is no base64"))?;
        let certificate = self.certificate(&message.signing_cert_url)?;
        if !certificate.is_valid_at(now) {
            return Err(wrong("its certificate is not valid now"));
        }
        if !certificate.has_signed(text.as_bytes(), digest, &signature) {
            return Err(wrong("its Signature is not that of its certificate"));
        }
        Ok(wish)
    }

    /// Asks the URL that confirms a subscription.
    pub fn confirm(&self, url: &str) -> Result<(), String> {
        if !is_of_sns(url) {
            return Err("the URL is not one of Amazon SNS".to_owned());
        }
        (self.fetch)(url).map(drop)
    }

    fn certificate(&self, url: &str) -> Result<Arc<SigningCertificate>, NotFromSns> {
        if !is_of_sns(url) || !url.ends_with(".pem") {
            let why = "its SigningCertURL is not https://sns.REGION.amazonaws.com/NAME.pem";
            return Err(NotFromSns::Wrong(why.to_owned()));
        }
        if let Some(known) = self.known().get(url) {
            return Ok(Arc::clone(known));
        }
        let _alone = match self.fetching.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(alone)) => alone.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let why = "another certificate is being fetched";
                return Err(NotFromSns::NotNow(why.to_owned()));
            }
        };
        let pem = (self.fetch)(url).map_err(NotFromSns::NotNow)?;
        let certificate = SigningCertificate::from_pem(&pem)
            .map_err(|why| NotFromSns::Wrong(format!("its certificate cannot be read: {why}")))?;
        let certificate = Arc::new(certificate);
        let mut known = self.known();
        if known.len() >= SNS_CERTIFICATES {
            // Amazon changes its keys once a year, so those of before are of no use.
            known.clear();
        }
        known.insert(url.to_owned(), Arc::clone(&certificate));
        Ok(certificate)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Arc<SigningCertificate>>> {
        // A panic cannot leave the map half updated, so poisoning is ignored.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text that is signed, and what the message asks for.
fn signed_text(message: &SnsMessage) -> Result<(String, Wish), String> {
    let mut pairs = vec![
        ("Message", message.message.as_str()),
        ("MessageId", &message.message_id),
    ];
    let needed = |value: &Option<String>, name: &str| {
        let missing = || format!("it has no {name}");
        value.clone().ok_or_else(missing)
    };
    let (token, url);
    let wish = match message.kind.as_str() {
        "Notification" => {
            pairs.extend(message.subject.as_deref().map(|text| ("Subject", text)));
            pairs.push(("Timestamp", &message.timestamp));
            Wish::Notify
        }
        kind @ ("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
            token = needed(&message.token, "Token")?;
            url = needed(&message.subscribe_url, "SubscribeURL")?;
            if !is_of_sns(&url) {
                return Err(
                    "its SubscribeURL is not at https://sns.REGION.amazonaws.com".to_owned(),
                );
            }
            pairs.extend([
                ("SubscribeURL", url.as_str()),
                ("Timestamp", &message.timestamp),
                ("Token", &token),
            ]);
            match kind {
                "SubscriptionConfirmation" => Wish::Confirm(url.clone()),
                _ => Wish::Ended,
            }
        }
        _ => return Err("its Type is none that SNS sends".to_owned()),
    };
    pairs.extend([
        ("TopicArn", message.topic_arn.as_str()),
        ("Type", &message.kind),
    ]);
    let lines = pairs
        .iter()
        .map(|(name, value)| format!("{name}\n{value}\n"));
    Ok((lines.collect(), wish))
}

/// Whether a URL is one of Amazon SNS: https, its host, no user and no port.
pub fn is_of_sns(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://sns.") else {
        return false;
    };
    let Some((host, _)) = rest.split_once('/') else {
        return false;
    };
    let domain = host.strip_suffix(".amazonaws.com.cn");
    let domain = domain.or_else(|| host.strip_suffix(".amazonaws.com"));
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    domain.is_some_and(|region| !region.is_empty() && region.bytes().all(is_plain))
}

#[cfg(test)]
pub(in crate::api) mod tests;
