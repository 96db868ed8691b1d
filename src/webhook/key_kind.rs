//! PURE. The kinds of public keys, and which of them the cryptography provider (ring) supports.
//!
//! Owns the parsing of the kind of a certificate's public key, and the texts for unsupported kinds. A key
//! that cannot be parsed is no fault here; its later use fails. Called on send threads, and on main when a
//! configuration is checked.

use std::ops::RangeInclusive;

use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

/// The sizes in bits of RSA keys whose signatures ring can check.
pub const CHECKED_RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// The sizes in bits of RSA keys with which ring can sign.
pub const SIGNING_RSA_BITS: RangeInclusive<usize> = 2048..=4096;

// The encoded object identifiers of the kinds.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The kind of the key of `certificate` if it is unsupported; `None` otherwise. RSA keys with a size in
/// `rsa_bits` are supported.
pub fn unusable_kind(
    certificate: &CertificateDer<'_>,
    rsa_bits: &RangeInclusive<usize>,
) -> Option<String> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    kind_of(&parsed.subject_public_key_info(), rsa_bits)
}

/// The kind of the key in a SubjectPublicKeyInfo (RFC 5280, 4.1) if it is unsupported.
fn kind_of(info: &[u8], rsa_bits: &RangeInclusive<usize>) -> Option<String> {
    let (info, _) = item(info)?;
    let (algorithm, rest) = item(info)?;
    let (key, _) = item(rest)?;
    let (name, parameters) = item(algorithm)?;
    match name {
        RSA => {
            let bits = rsa_bits_of(key)?;
            (!rsa_bits.contains(&bits)).then(|| format!("an RSA key of {bits} bits"))
        }
        ELLIPTIC => match item(parameters)?.0 {
            P256 | P384 => None,
            P521 => Some("a key on the curve P-521".to_owned()),
            _ => Some("a key on a curve other than P-256 and P-384".to_owned()),
        },
        ED25519 => None,
        _ => Some("a key that is neither RSA nor ECDSA nor Ed25519".to_owned()),
    }
}

/// The size in bits of the modulus of an RSAPublicKey in a bit string.
fn rsa_bits_of(key: &[u8]) -> Option<usize> {
    let (_unused_bits, key) = key.split_first()?;
    let (numbers, _) = item(key)?;
    let (modulus, _) = item(numbers)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some(8 * (modulus.len() - zeros) - first.leading_zeros() as usize)
}

/// The content of the first item in `der`, of any tag, and the rest after it.
fn item(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let digits = digits.iter().map(|digit| usize::from(*digit));
            (digits.fold(0, |length, digit| length << 8 | digit), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::super::fixtures::Authority;
    use super::super::fixtures::certificates::{P521, RSA_1024};
    use super::*;

    fn kind(pem: &str) -> Option<String> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        unusable_kind(&certificate, &CHECKED_RSA_BITS)
    }

    #[test]
    fn what_cannot_be_worked_with_is_named() {
        assert_eq!(kind(P521).as_deref(), Some("a key on the curve P-521"));
        assert_eq!(kind(RSA_1024).as_deref(), Some("an RSA key of 1024 bits"));
        assert_eq!(kind(&Authority::new().pem()), None, "which is on P-256");
        let rsa = CertificateDer::from_pem_slice(RSA_1024.as_bytes()).expect("a certificate");
        assert_eq!(unusable_kind(&rsa, &(1024..=1024)), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_fault() {
        let certificate = CertificateDer::from_pem_slice(P521.as_bytes()).expect("a certificate");
        let parsed = ParsedCertificate::try_from(&certificate).expect("it is sound");
        let info = parsed.subject_public_key_info();
        assert!(kind_of(&info, &CHECKED_RSA_BITS).is_some());
        for length in 0..info.len() - 1 {
            assert_eq!(kind_of(&info[..length], &CHECKED_RSA_BITS), None);
        }
        assert_eq!(
            unusable_kind(&CertificateDer::from(vec![0x30]), &CHECKED_RSA_BITS),
            None
        );
    }
}
