//! A value made from files, made anew when they change.
//!
//! Owns the value and what it was made from. Only good values are kept, so that a fault that has passed is
//! not remembered. The one lock is held while a value is made, so that a change is read once however many
//! wait for it. Runs on connection threads.

use std::sync::{Arc, Mutex, PoisonError};

/// The value of type `T` that was made last, with the `K` it was made from.
#[derive(Debug)]
pub(super) struct Fresh<K, T> {
    held: Mutex<Option<(K, Arc<T>)>>,
}

impl<K, T> Default for Fresh<K, T> {
    fn default() -> Self {
        Fresh {
            held: Mutex::new(None),
        }
    }
}

impl<K: PartialEq, T> Fresh<K, T> {
    /// The value for `key`, which `make` makes if the held one is not from an equal key. The key
    /// must have been taken before, so that a change under way is found the next time.
    pub(super) fn get(
        &self,
        key: K,
        make: impl FnOnce() -> Result<T, String>,
    ) -> Result<Arc<T>, String> {
        // What is held is whole at any moment, so a panic elsewhere has not harmed it.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = held.as_ref().filter(|(from, _)| *from == key) {
            return Ok(Arc::clone(value));
        }
        *held = None;
        let value = Arc::new(make()?);
        *held = Some((key, Arc::clone(&value)));
        Ok(value)
    }
}
