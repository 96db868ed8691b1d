//! The messages of Amazon SNS.
//!
//! Owns the names of their fields. What a message means and whether it is signed is decided elsewhere. Pure;
//! runs on the connections' threads.

use serde::Deserialize;

/// A message of Amazon SNS, of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnsMessage {
    /// The kind: a notification, or the wish for a confirmation.
    #[serde(rename = "Type")]
    pub kind: String,
    /// The id, which is the same when a message is sent again.
    pub message_id: String,
    /// The topic.
    pub topic_arn: String,
    /// The title of a notification, if it has one.
    pub subject: Option<String>,
    /// The text: for CloudWatch the JSON of an alarm.
    pub message: String,
    /// When it was sent.
    pub timestamp: String,
    /// How it is signed: `1` or `2`.
    pub signature_version: String,
    /// The signature, in base64.
    pub signature: String,
    /// The URL of the certificate with the key of the signature.
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    pub signing_cert_url: String,
    /// The token that a confirmation refers to; only where one is wanted.
    pub token: Option<String>,
    /// The URL that confirms the subscription; only where that is wanted.
    #[serde(rename = "SubscribeURL", alias = "SubscribeUrl")]
    pub subscribe_url: Option<String>,
}

/// Reads a message. An error says what is wrong with it.
pub fn sns_message(body: &[u8]) -> Result<SnsMessage, String> {
    serde_json::from_slice(body)
        .map_err(|error| format!("the body is no message of Amazon SNS: {error}"))
}
