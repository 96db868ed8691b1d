//! The names in certificates, as we find them and as x509-parser does.
//!
//! Owns the certificates, which hold every number of names of each kind up to three.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use alertwheel::fuzz::names_in;
use rcgen::{CertificateParams, KeyPair, SanType};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Names of one kind, of lengths up to those that take two bytes to say.
fn names(kind: usize, count: usize) -> Vec<SanType> {
    let text = |text: String| text.try_into().expect("ASCII");
    let name = |number: usize| {
        let long = "x".repeat(number * 60);
        match kind {
            0 => SanType::DnsName(text(format!("{long}.{number}.example.com"))),
            1 => SanType::URI(text(format!("spiffe://example.com/{long}/{number}"))),
            2 => SanType::Rfc822Name(text(format!("{long}{number}@example.com"))),
            3 => SanType::IpAddress(Ipv4Addr::new(192, 0, 2, number as u8).into()),
            _ => SanType::IpAddress(
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number as u16).into(),
            ),
        }
    };
    (1..=count).map(name).collect()
}

fn certificate(names: Vec<SanType>, key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    let signed = params.self_signed(key).expect("a certificate");
    signed.der().to_vec()
}

fn names_by_x509_parser(certificate: &[u8]) -> Vec<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).expect("a certificate");
    let extension = certificate.subject_alternative_name().expect("at most one");
    let names = extension.map(|extension| &extension.value.general_names);
    names.into_iter().flatten().map(printed).collect()
}

fn printed(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(text) | GeneralName::URI(text) | GeneralName::RFC822Name(text) => {
            (*text).to_owned()
        }
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.expect("an address").to_string()
        }
        other => panic!("no certificate here has {other:?}"),
    }
}

#[test]
fn two_readers_find_the_same_names() {
    let key = KeyPair::generate().expect("a key");
    // Five digits in base four: how many names there are of each kind.
    for number in 0..4_usize.pow(5) {
        let counts = (0..5).map(|kind| (kind, number / 4_usize.pow(kind as u32) % 4));
        let asked: Vec<SanType> = counts
            .flat_map(|(kind, count)| names(kind, count))
            .collect();
        let count = asked.len();
        let certificate = certificate(asked, &key);
        let found = names_in(&certificate).expect("a certificate");
        assert_eq!(found.len(), count);
        assert_eq!(found, names_by_x509_parser(&certificate));
    }
}
