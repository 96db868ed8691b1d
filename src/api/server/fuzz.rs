//! Heads, chunked bodies and certificates, as targets for a fuzzer.
//!
//! Owns what must hold of any head, chunked body and certificate; see `crate::fuzz`. Never part of the
//! daemon. Runs on threads of tests.

use rustls::pki_types::CertificateDer;

use super::chunked::{ChunkedDecoder, ChunkedFault};
use super::head::{self, HeadFault};
use super::limits::Limits;
use super::tls;
use crate::api::http::Request;

/// The body that [`chunked_body`] allows: small, so that a short input can be past it.
const BODY_BYTES: usize = 200;

/// A head: it is read from exactly its own bytes, and what goes on to the handler reads as the same request
/// to whoever gets it next.
pub fn http_head(data: &[u8]) -> bool {
    let start = head::leading_empty_lines(data);
    let data = &data[start..];
    for split in [0, data.len() / 2, data.len()] {
        let in_parts = head::has_end(&data[..split], 0) || head::has_end(data, split);
        assert_eq!(in_parts, head::has_end(data, 0), "split at {split}");
    }
    let limits = Limits::default();
    let Ok((read, request)) = head::parse(data, &limits) else {
        return false;
    };
    let own = &data[..read.bytes];
    assert!(head::has_end(own, 0), "a head without its end");
    let again = head::parse(own, &limits);
    assert_eq!(again, Ok((read, request.clone())));
    let cut = head::parse(&own[..own.len() - 1], &limits);
    let incomplete = HeadFault::Malformed("the head is not complete");
    assert_eq!(cut, Err(incomplete), "a byte less is no head");
    let passed_on = head::parse(&printed(&request), &limits);
    let passed_on = passed_on.map(|(_, request)| request);
    assert_eq!(passed_on, Ok(request));
    true
}

/// As HTTP/1.0, which does not ask for a `Host`.
fn printed(request: &Request) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// A chunked body: it is the same however its bytes come in, within its limit, and what follows it is not
/// touched.
pub fn chunked_body(data: &[u8]) -> bool {
    let at_once = decode(data, data.len().max(1));
    for step in [1, 3, 7] {
        assert_eq!(decode(data, step), at_once, "{step} bytes at a time");
    }
    let Ok((taken, true, body)) = at_once else {
        return false;
    };
    assert!(body.len() <= BODY_BYTES, "{} bytes", body.len());
    assert_eq!(
        decode(&data[..taken], taken),
        Ok((taken, true, body.clone()))
    );
    let mut one_chunk = Vec::new();
    if !body.is_empty() {
        one_chunk.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        one_chunk.extend_from_slice(&body);
        one_chunk.extend_from_slice(b"\r\n");
    }
    one_chunk.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(decode(&one_chunk, 5), Ok((one_chunk.len(), true, body)));
    true
}

/// The bytes that belonged to the body, whether it came to its end, and the body.
fn decode(data: &[u8], step: usize) -> Result<(usize, bool, Vec<u8>), ChunkedFault> {
    let mut decoder = ChunkedDecoder::new(BODY_BYTES);
    let (mut taken, mut body) = (0, Vec::new());
    for piece in data.chunks(step) {
        taken += decoder.decode(piece, &mut body)?;
    }
    Ok((taken, decoder.is_done(), body))
}

/// The names in a certificate: each takes bytes of it, and what follows the certificate changes nothing.
pub fn certificate_names(data: &[u8]) -> bool {
    let Some(names) = names_in(data) else {
        return false;
    };
    assert!(2 * names.len() <= data.len(), "{names:?}");
    let followed = [data, b"\x30\x00"].concat();
    assert_eq!(names_in(&followed), Some(names));
    true
}

/// The names in a certificate, for a comparison with those that another reader finds.
pub fn names_in(certificate: &[u8]) -> Option<Vec<String>> {
    tls::alternative_names(&CertificateDer::from(certificate))
}
