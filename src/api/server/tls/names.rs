//! The alternative names in a certificate, as Go prints them.
//!
//! Owns where they stand. webpki returns only host names, and the allowed names of a web configuration may be
//! addresses as well. Pure; runs on connection threads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::pki_types::CertificateDer;

use crate::api::der::{Der, SEQUENCE};

const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;

/// The DER tag of the extensions in the signed part of a certificate.
const EXTENSIONS: u8 = 0xa3;

/// The object identifier of the extension with alternative names: 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

const EMAIL: u8 = 0x81;
const HOST: u8 = 0x82;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;

/// All alternative names of the kinds that Go reads; `None` if the certificate cannot be parsed.
pub(in crate::api::server) fn alternative_names(
    certificate: &CertificateDer<'_>,
) -> Option<Vec<String>> {
    let certificate = Der(certificate.as_ref()).inside(SEQUENCE)?;
    let mut signed = certificate.inside(SEQUENCE)?;
    while let Some((tag, value)) = signed.take() {
        if tag == EXTENSIONS {
            return names_among(Der(value).inside(SEQUENCE)?);
        }
    }
    Some(Vec::new())
}

fn names_among(mut extensions: Der<'_>) -> Option<Vec<String>> {
    while let Some((tag, value)) = extensions.take() {
        let mut extension = (tag == SEQUENCE).then_some(Der(value))?;
        let (OBJECT, ALTERNATIVE_NAMES) = extension.take()? else {
            continue;
        };
        // An optional field between the two says whether the extension is critical.
        let (_, names) = std::iter::from_fn(|| extension.take()).find(|(tag, _)| *tag == OCTETS)?;
        let mut names = Der(names).inside(SEQUENCE)?;
        let names = std::iter::from_fn(|| names.take());
        return Some(names.filter_map(|(tag, name)| printed(tag, name)).collect());
    }
    Some(Vec::new())
}

fn printed(tag: u8, name: &[u8]) -> Option<String> {
    match tag {
        EMAIL | HOST | URI => Some(std::str::from_utf8(name).ok()?.to_owned()),
        ADDRESS => Some(address(name)?.to_canonical().to_string()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(sixteen).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn certificate(names: Vec<SanType>) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let key = KeyPair::generate().expect("a key");
        let signed = params.self_signed(&key).expect("a certificate");
        signed.der().clone()
    }

    #[test]
    fn every_kind_of_name_is_found() {
        let text = |text: &str| text.try_into().expect("ASCII");
        let names = certificate(vec![
            SanType::DnsName(text("*.example.com")),
            SanType::Rfc822Name(text("a@example.com")),
            SanType::URI(text("spiffe://example.com/a")),
            SanType::IpAddress("192.0.2.1".parse().expect("an address")),
            SanType::IpAddress("2001:db8::1".parse().expect("an address")),
        ]);
        let expected = [
            "*.example.com",
            "a@example.com",
            "spiffe://example.com/a",
            "192.0.2.1",
            "2001:db8::1",
        ];
        assert_eq!(alternative_names(&names).expect("DER"), expected);
    }

    #[test]
    fn a_certificate_without_names_has_none() {
        let without = certificate(Vec::new());
        assert_eq!(alternative_names(&without), Some(Vec::new()));
    }

    #[test]
    fn what_is_cut_short_is_not_read() {
        let whole = certificate(vec![SanType::DnsName("a".try_into().expect("ASCII"))]);
        for end in 0..whole.len() {
            let cut = CertificateDer::from(&whole[..end]);
            assert_eq!(alternative_names(&cut), None, "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = alternative_names(&CertificateDer::from(bytes));
        }
    }
}
