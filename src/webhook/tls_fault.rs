//! PURE. The texts of TLS errors, in one short line.
//!
//! Owns the texts where rustls' own are long or lack what an operator needs: which kind of key or signature
//! the peer has, if ring does not support it. Called on send threads.

use std::fmt;

use rustls::{AlertDescription, CertificateError, Error, OtherError};

use super::printable::printable;

/// The most bytes of a text. A certificate may list a thousand names, and rustls quotes them all.
const TEXT_BYTES: usize = 300;

/// The encoded algorithm identifier of ECDSA with SHA-512.
const ECDSA_SHA512: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];

/// The error that the peer has an unsupported kind of key.
#[derive(Debug)]
pub struct UnusableKey(pub String);

impl fmt::Display for UnusableKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "a certificate of the other end has {}, whose signatures we cannot check",
            self.0
        )
    }
}

impl std::error::Error for UnusableKey {}

/// The text of `error`, in one line.
pub fn text_of(error: &Error) -> String {
    let text = match error {
        Error::InvalidCertificate(error) => text_of_certificate(error),
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "received fatal alert: HandshakeFailure; the other end knows no version, cipher or kind of key \
             that we know, such as where its own is on P-521"
                .to_owned()
        }
        error => error.to_string(),
    };
    shortened(&printable(&text))
}

fn text_of_certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        // An error of this crate, which has its own text.
        E::Other(OtherError(inner)) if inner.is::<UnusableKey>() => inner.to_string(),
        E::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            ..
        }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            ..
        } => if signature_algorithm_id == ECDSA_SHA512 {
            "a certificate of the other end is signed by ECDSA with SHA-512, which we cannot check"
        } else {
            "a certificate of the other end is signed in a way that we cannot check"
        }
        .to_owned(),
        error => format!("invalid peer certificate: {error}"),
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= TEXT_BYTES {
        return text.to_owned();
    }
    format!("{} …", &text[..text.floor_char_boundary(TEXT_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_short_and_shows_no_bytes_of_a_certificate() {
        let unsupported = CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: ECDSA_SHA512.to_vec(),
            public_key_algorithm_id: vec![7; 500],
        };
        assert_eq!(
            text_of(&unsupported.into()),
            "a certificate of the other end is signed by ECDSA with SHA-512, which we cannot check"
        );
        let long = Error::General("x".repeat(5000));
        assert!(text_of(&long).len() < TEXT_BYTES + 10);
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(text_of(&unknown), "invalid peer certificate: UnknownIssuer");
    }
}
