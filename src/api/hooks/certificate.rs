//! The certificate with which Amazon SNS signs its messages.
//!
//! Owns where a certificate holds its key and its validity. The chain is not checked here: the certificate
//! comes over TLS from Amazon's own host, and the chain of that connection is checked. Pure; runs on the
//! connections' threads.

use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::api::der::{Der, SEQUENCE};
use crate::model::Wall;

/// The tag of the version in the signed part of a certificate.
const VERSION: u8 = 0xa0;
const BITS: u8 = 0x03;
const OBJECT: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;

/// The object identifier of RSA keys: 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A certificate with an RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningCertificate {
    /// The key, as PKCS #1 writes it.
    key: Vec<u8>,
    from: Wall,
    until: Wall,
}

/// The digest of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1, which SNS uses unless a topic asks for better.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl SigningCertificate {
    /// Reads the first certificate of a PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
        let certificate = parse(der.as_ref());
        certificate.ok_or_else(|| "it holds no certificate with an RSA key".to_owned())
    }

    /// Whether the certificate is valid at that time.
    pub fn is_valid_at(&self, now: Wall) -> bool {
        self.from <= now && now <= self.until
    }

    /// Whether `signature` is that of `text`.
    pub fn has_signed(&self, text: &[u8], digest: Digest, signature: &[u8]) -> bool {
        let algorithm: &'static RsaParameters = match digest {
            Digest::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = UnparsedPublicKey::new(algorithm, &self.key);
        key.verify(text, signature).is_ok()
    }
}

fn parse(der: &[u8]) -> Option<SigningCertificate> {
    let mut signed = Der(der).inside(SEQUENCE)?.inside(SEQUENCE)?;
    let mut first = signed.take()?;
    if first.0 == VERSION {
        first = signed.take()?;
    }
    // The number of the certificate, the algorithm of its signature and its issuer do not matter.
    let _number = first;
    let _algorithm = signed.take()?;
    let _issuer = signed.take()?;
    let mut validity = sequence(signed.take()?)?;
    let (from, until) = (time(validity.take()?)?, time(validity.take()?)?);
    let _subject = signed.take()?;
    let mut key = sequence(signed.take()?)?;
    let mut algorithm = sequence(key.take()?)?;
    let (OBJECT, RSA) = algorithm.take()? else {
        return None;
    };
    let (BITS, bits) = key.take()? else {
        return None;
    };
    // The first byte is the number of bits that are left over in the last.
    let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else {
        return None;
    };
    Some(SigningCertificate {
        key: key.to_vec(),
        from,
        until,
    })
}

fn sequence((tag, value): (u8, &[u8])) -> Option<Der<'_>> {
    (tag == SEQUENCE).then_some(Der(value))
}

/// A time such as `260102030405Z`, or with all four digits of its year.
fn time((tag, text): (u8, &[u8])) -> Option<Wall> {
    let text = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.is_ascii())?;
    let century = match (tag, text.as_bytes().first()?) {
        (UTC_TIME, b'5'..) => "19",
        (UTC_TIME, _) => "20",
        (GENERAL_TIME, _) => "",
        _ => return None,
    };
    let text = format!("{century}{text}");
    let (date, clock) = text.strip_suffix('Z')?.split_at_checked(8)?;
    let piece = |text: &'_ str, at: usize| text.get(at..at + 2).map(str::to_owned);
    let year = date.get(..4)?;
    let (month, day) = (piece(date, 4)?, piece(date, 6)?);
    let (hour, minute, second) = (piece(clock, 0)?, piece(clock, 2)?, piece(clock, 4)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    const KEY: &str = include_str!("sns/test_key.pem");

    fn certificate() -> Vec<u8> {
        let key = KeyPair::from_pem(KEY).expect("a key");
        let certificate = CertificateParams::default().self_signed(&key);
        certificate.expect("a certificate").der().to_vec()
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        let whole = certificate();
        assert!(parse(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), None, "{end}");
        }
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        let at = |text: &str| text.parse::<Wall>().ok();
        let table = [
            (
                (UTC_TIME, &b"260102030405Z"[..]),
                at("2026-01-02T03:04:05Z"),
            ),
            ((UTC_TIME, b"991231235959Z"), at("1999-12-31T23:59:59Z")),
            (
                (GENERAL_TIME, b"20500102030405Z"),
                at("2050-01-02T03:04:05Z"),
            ),
            ((UTC_TIME, b"260102030405"), None),
            ((UTC_TIME, b"2601020304Z"), None),
            ((UTC_TIME, b"261302030405Z"), None),
            ((GENERAL_TIME, "2050010203040é".as_bytes()), None),
            ((UTC_TIME, b""), None),
            ((0, b"260102030405Z"), None),
        ];
        for (given, expected) in table {
            assert_eq!(time(given), expected, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let _ = SigningCertificate::from_pem(&bytes);
        }
    }
}
