//! Bounds the memory of large bodies over all connections.
//!
//! Owns one counter. Bodies of up to `limits::UNCOUNTED_BYTES` are not counted, so that large bodies
//! cannot keep small ones out. Used by connection threads; never blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::UNCOUNTED_BYTES;

/// The bytes that all large bodies together may take.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    taken: AtomicUsize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Budget {
            limit,
            taken: AtomicUsize::new(0),
        })
    }

    /// The bytes charged now.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> Result<(), OutOfBuffers> {
        let update = |taken: usize| {
            let taken = taken.checked_add(bytes)?;
            (taken <= self.limit).then_some(taken)
        };
        match self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, update)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(OutOfBuffers),
        }
    }
}

/// The error of a charge that does not fit into the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfBuffers;

/// The bytes that one body takes of the budget. Dropping it returns them.
#[derive(Debug)]
pub(super) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Charge {
    /// A charge of zero bytes.
    pub(super) fn none(budget: &Arc<Budget>) -> Self {
        Charge {
            budget: Arc::clone(budget),
            bytes: 0,
        }
    }

    /// Raises the charge to cover a buffer of `bytes`. The charge stays as it is on an error.
    pub(super) fn cover(&mut self, bytes: usize) -> Result<(), OutOfBuffers> {
        if bytes <= UNCOUNTED_BYTES || bytes <= self.bytes {
            return Ok(());
        }
        self.budget.take(bytes - self.bytes)?;
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_share_the_budget_and_give_it_back() {
        let budget = Budget::new(100_000);
        let mut first = Charge::none(&budget);
        assert_eq!(first.cover(60_000), Ok(()));
        let mut second = Charge::none(&budget);
        assert_eq!(second.cover(60_000), Err(OutOfBuffers));
        assert_eq!(second.cover(40_000), Ok(()));
        assert_eq!(first.cover(60_001), Err(OutOfBuffers));
        drop(second);
        assert_eq!(first.cover(100_000), Ok(()));
        drop(first);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn a_small_body_gets_through_when_all_is_taken() {
        let budget = Budget::new(50_000);
        let mut large = Charge::none(&budget);
        assert_eq!(large.cover(50_000), Ok(()));
        assert_eq!(Charge::none(&budget).cover(UNCOUNTED_BYTES), Ok(()));
    }
}
