//! Inflates gzip bodies, within the length limit of bodies and the budget of all connections. Inflating
//! stops at the limit, so a gzip bomb costs no more than the limit.
//!
//! Owns the meaning of `Content-Encoding`. Alertmanager ignores the header, so a plain body is accepted
//! whatever the header says. Bodies in other codings go to the handler as they are. Runs on a connection's
//! thread.

use std::io::Read;
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use super::body::{BodyFault, make_room};
use super::budget::{Budget, Charge};
use crate::api::http::Request;
use crate::limits::UNCOUNTED_BYTES;

/// The first bytes of gzip. JSON cannot start with them.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The most bytes inflated at once.
const PIECE_BYTES: usize = 64 * 1024;

const HEADER: &str = "content-encoding";

/// Inflates the body of `request` if its header says gzip and the body starts like gzip. `charge` covers the
/// body's bytes in `budget`; `limit` is the maximum number of inflated bytes.
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

/// The inflated part of a body, and its charge to the budget.
struct Inflated {
    body: Vec<u8>,
    charge: Charge,
    limit: usize,
}

impl Inflated {
    /// Inflates `packed`, which must be exactly one gzip stream. (The format allows more than one. No known
    /// client sends that, and a body of a million empty streams would cost minutes.)
    fn fill_from(&mut self, packed: &[u8]) -> Result<(), BodyFault> {
        let mut unpacking = GzDecoder::new(packed);
        while self.take_piece(&mut unpacking)? > 0 {}
        if unpacking.into_inner().is_empty() {
            Ok(())
        } else {
            Err(BodyFault::NotGzip)
        }
    }

    /// Inflates up to [`PIECE_BYTES`] more; returns the number of bytes, zero at the end.
    fn take_piece(&mut self, from: &mut impl Read) -> Result<usize, BodyFault> {
        let at = self.body.len();
        if at == self.limit {
            // The limit is reached: one byte more is too many.
            return match read(from, &mut [0])? {
                0 => Ok(0),
                _ => Err(BodyFault::TooLarge),
            };
        }
        if at == self.body.capacity() {
            // The first step is not counted, so a small body fits even if the budget is used up.
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
