//! Undoes the gzip coding of a body that was read, within the length of bodies and the budget of all
//! connections: what inflates to more is given up at that point, not inflated.
//!
//! Owns what `Content-Encoding` means here. Alertmanager does not look at it, so a body in plain is
//! taken whatever the header says, and what this does not know stays for the handler to judge. Runs on
//! a connection's thread.

use std::io::Read;
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use super::body::{BodyFault, make_room};
use super::budget::{Budget, Charge};
use crate::api::http::Request;
use crate::limits::UNCOUNTED_BYTES;

/// What gzip begins with, and JSON cannot.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are inflated at once.
const PIECE_BYTES: usize = 64 * 1024;

const HEADER: &str = "content-encoding";

/// Inflates the body of `request` if it says that it is in gzip, and is. `charge` is what the body takes
/// of `budget`; `limit` is the most bytes that it may inflate to.
pub(super) fn inflate(
    request: &mut Request,
    charge: &mut Charge,
    budget: &Arc<Budget>,
    limit: usize,
) -> Result<(), BodyFault> {
    if !says_gzip(request) {
        return Ok(());
    }
    if request.body.starts_with(&MAGIC) {
        let mut inflated = Inflated {
            body: Vec::new(),
            charge: Charge::none(budget),
            limit,
        };
        inflated.fill_from(&request.body)?;
        request.body = inflated.body;
        *charge = inflated.charge;
    }
    request.headers.retain(|(name, _)| name != HEADER);
    Ok(())
}

fn says_gzip(request: &Request) -> bool {
    let mut codings = request.headers_named(HEADER);
    let is_gzip = |coding: &str| {
        let coding = coding.trim();
        coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip")
    };
    codings.next().is_some_and(is_gzip) && codings.next().is_none()
}

/// A body as it grows, and what it takes of the budget.
struct Inflated {
    body: Vec<u8>,
    charge: Charge,
    limit: usize,
}

impl Inflated {
    /// Takes one stream of gzip, which is all of `packed`. (More than one would be allowed. Nobody sends
    /// that, and a body of a million empty ones would cost minutes.)
    fn fill_from(&mut self, packed: &[u8]) -> Result<(), BodyFault> {
        let mut unpacking = GzDecoder::new(packed);
        while self.take_piece(&mut unpacking)? > 0 {}
        if unpacking.into_inner().is_empty() {
            Ok(())
        } else {
            Err(BodyFault::NotGzip)
        }
    }

    /// Takes up to a piece more; returns how much, zero at the end.
    fn take_piece(&mut self, from: &mut impl Read) -> Result<usize, BodyFault> {
        let at = self.body.len();
        if at == self.limit {
            // All that may come has come; a byte more is one too many.
            return match read(from, &mut [0])? {
                0 => Ok(0),
                _ => Err(BodyFault::TooLarge),
            };
        }
        if at == self.body.capacity() {
            // At first no more than is free, so that a small body comes in whatever large ones take.
            let step = UNCOUNTED_BYTES.min(self.limit - at);
            make_room(&mut self.body, &mut self.charge, step, self.limit)?;
        }
        let room = self.body.capacity().min(self.limit) - at;
        self.body.resize(at + room.min(PIECE_BYTES), 0);
        let taken = read(from, &mut self.body[at..]);
        self.body.truncate(at + *taken.as_ref().unwrap_or(&0));
        taken
    }
}

fn read(from: &mut impl Read, into: &mut [u8]) -> Result<usize, BodyFault> {
    from.read(into).map_err(|_| BodyFault::NotGzip)
}

#[cfg(test)]
#[path = "tests/inflate.rs"]
mod tests;
