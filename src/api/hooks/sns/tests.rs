//! Tests of the signatures of Amazon SNS, with a key and a host of our own.

use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use super::*;
use crate::api::wire::sns_message;

/// An RSA key made for these tests, as no crate here makes one.
const KEY: &str = include_str!("test_key.pem");

/// The signature of [`notification`] over SHA-1, which no crate here makes either.
const SHA1_SIGNATURE: &str = "GPgJHXVXr9dnAzXCQ8azZ9qmTcYok6/HYaz47Ab24TTJS6FN7AOffmRY24N7juwp+A/sEiOpz3DCHrgIdznZt5colDZU6v1bfy3Ctox6Hi48gewCMNzH84UQ+y8NKYwkVYWMB2f9jp0rmcamPpGmQFcGLGnK4xrfeR0/2QY3nfVOdpYrb4hGTnGDaTijfwaK8VX/8V59vc+hepdFr7KkWoAkMDIJpinWDUMxlt75WUEPmmHCmsZf4UxH2en7RG+62kiY2PpgTdU50DQhxeCLR3DNqrnbhJ88TgOpL34eE+e4LVrkZ7+Rw3MRf2O2apv8tjjFZEVAghK7p4VFDWXOZw==";

const CERTIFICATE_URL: &str =
    "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";

const SUBSCRIBE_URL: &str =
    "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37";

fn now() -> Wall {
    "2026-11-29T12:00:01Z".parse().expect("a time")
}

fn certificate(from: i32, until: i32) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::from_pem(KEY).expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    certificate.pem().into_bytes()
}

/// Signing keys for the tests of the whole API, in which Amazon's host is made up.
pub fn made_up_keys() -> SigningKeys {
    keys(certificate(2020, 2090)).0
}

/// The body of a message of this kind that is signed as Amazon would.
pub fn signed_body(kind: &str, topic: &str, message: &str) -> String {
    let mut unsigned = notification();
    unsigned.kind = kind.to_owned();
    unsigned.topic_arn = topic.to_owned();
    unsigned.message = message.to_owned();
    unsigned.subject = None;
    unsigned.token = Some("2336412f37".to_owned());
    unsigned.subscribe_url = Some(SUBSCRIBE_URL.to_owned());
    let message = signed(unsigned);
    serde_json::json!({
        "Type": message.kind,
        "MessageId": message.message_id,
        "TopicArn": message.topic_arn,
        "Message": message.message,
        "Timestamp": message.timestamp,
        "SignatureVersion": message.signature_version,
        "Signature": message.signature,
        "SigningCertURL": message.signing_cert_url,
        "Token": message.token,
        "SubscribeURL": message.subscribe_url,
    })
    .to_string()
}

/// The keys of a host that serves this certificate, and how often it was asked.
fn keys(pem: Vec<u8>) -> (SigningKeys, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let fetch = move |url: &str| {
        counted.fetch_add(1, Ordering::SeqCst);
        match url {
            CERTIFICATE_URL => Ok(pem.clone()),
            SUBSCRIBE_URL => Ok(Vec::new()),
            _ => Err("404 Not Found".to_owned()),
        }
    };
    (SigningKeys::new(Box::new(fetch)), asked)
}

fn notification() -> SnsMessage {
    let body = format!(
        r#"{{"Type": "Notification",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "TopicArn": "arn:aws:sns:us-west-2:123456789012:alarms",
            "Subject": "ALARM: disk",
            "Message": "{{\"AlarmName\":\"disk\"}}",
            "Timestamp": "2026-11-29T12:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "{SHA1_SIGNATURE}",
            "SigningCertURL": "{CERTIFICATE_URL}",
            "UnsubscribeURL": "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe"}}"#
    );
    sns_message(body.as_bytes()).expect("a message")
}

/// The message with a signature over SHA-256.
fn signed(mut message: SnsMessage) -> SnsMessage {
    let (text, _) = signed_text(&message).expect("every field is there");
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("an RSA key");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .expect("the key signs");
    message.signature_version = "2".to_owned();
    message.signature = STANDARD.encode(signature);
    message
}

fn wrong_of(message: &SnsMessage) -> String {
    let (keys, _) = keys(certificate(2020, 2090));
    match keys.check(message, now()) {
        Err(NotFromSns::Wrong(why)) => why,
        other => panic!("it should be wrong, and is {other:?}"),
    }
}

#[test]
fn both_versions_of_signatures_are_accepted_and_the_certificate_is_fetched_once() {
    let (keys, asked) = keys(certificate(2020, 2090));
    let first = notification();
    let second = signed(notification());
    for message in [&first, &second, &first] {
        assert_eq!(keys.check(message, now()), Ok(Wish::Notify));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_changed_message_is_refused() {
    let changes: [fn(&mut SnsMessage); 5] = [
        |message| message.message.push(' '),
        |message| message.topic_arn = "arn:aws:sns:us-west-2:666666666666:alarms".to_owned(),
        |message| message.subject = None,
        |message| message.timestamp = "2026-11-29T12:00:02.000Z".to_owned(),
        |message| message.signature_version = "2".to_owned(),
    ];
    for change in changes {
        let mut message = notification();
        change(&mut message);
        let expected = "its Signature is not that of its certificate";
        assert_eq!(wrong_of(&message), expected);
    }
    let mut message = notification();
    message.signature = "???".to_owned();
    assert_eq!(wrong_of(&message), "its Signature is no base64");
    message.signature_version = "3".to_owned();
    assert_eq!(
        wrong_of(&message),
        "its SignatureVersion is neither 1 nor 2"
    );
}

#[test]
fn a_subscription_is_confirmed_only_at_amazons_own_host() {
    let mut message = notification();
    message.kind = "SubscriptionConfirmation".to_owned();
    assert_eq!(wrong_of(&message), "it has no Token");
    message.token = Some("2336412f37".to_owned());
    message.subscribe_url = Some("https://evil.example/?sns.us-west-2.amazonaws.com/".to_owned());
    let expected = "its SubscribeURL is not at https://sns.REGION.amazonaws.com";
    assert_eq!(wrong_of(&message), expected);
    message.subscribe_url = Some(SUBSCRIBE_URL.to_owned());
    let message = signed(message);
    let (keys, asked) = keys(certificate(2020, 2090));
    let wish = keys.check(&message, now());
    assert_eq!(wish, Ok(Wish::Confirm(SUBSCRIBE_URL.to_owned())));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "only for the certificate");
    assert_eq!(keys.confirm(SUBSCRIBE_URL), Ok(()));
    assert!(
        keys.confirm("http://169.254.169.254/latest/meta-data/")
            .is_err()
    );
    assert_eq!(
        asked.load(Ordering::SeqCst),
        2,
        "no other host is ever asked"
    );
}

#[test]
fn a_certificate_must_be_valid_and_readable() {
    let check = |pem: Vec<u8>| keys(pem).0.check(&notification(), now());
    let wrong = |why: &str| Err(NotFromSns::Wrong(why.to_owned()));
    assert_eq!(
        check(certificate(2019, 2020)),
        wrong("its certificate is not valid now")
    );
    assert_eq!(
        check(certificate(2030, 2090)),
        wrong("its certificate is not valid now")
    );
    let elliptic = CertificateParams::default();
    let elliptic = elliptic.self_signed(&KeyPair::generate().expect("a key"));
    let elliptic = elliptic.expect("a certificate").pem().into_bytes();
    let expected = "its certificate cannot be read: it holds no certificate with an RSA key";
    assert_eq!(check(elliptic), wrong(expected));
    assert!(matches!(
        check(b"<html>".to_vec()),
        Err(NotFromSns::Wrong(_))
    ));
    let mut gone = notification();
    gone.signing_cert_url = CERTIFICATE_URL.replace("0123", "4567");
    let (keys, _) = keys(certificate(2020, 2090));
    let expected = Err(NotFromSns::NotNow("404 Not Found".to_owned()));
    assert_eq!(keys.check(&gone, now()), expected);
}

#[test]
fn only_urls_of_sns_are_its_own() {
    let own = [
        "https://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
        "https://sns.us-gov-west-1.amazonaws.com/?Action=ConfirmSubscription",
    ];
    let foreign = [
        "http://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com",
        "https://sns.us-east-1.amazonaws.com:8443/x.pem",
        "https://user@sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.user@evil.example/.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
        "https://sns.evil.example/https://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.bucket.s3.amazonaws.com/x.pem",
        "https://sns..amazonaws.com/x.pem",
        "https://sns.amazonaws.com/x.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com\\@evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com?@evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com#/x.pem",
    ];
    for url in own {
        assert!(is_of_sns(url), "{url}");
    }
    for url in foreign {
        assert!(!is_of_sns(url), "{url}");
    }
}
