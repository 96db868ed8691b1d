//! A cached value made from files, and made again when the files change.
//!
//! Owns the value and the key it was made from. Errors are not cached, so a corrected file is used at
//! once. The lock is held while a value is made, so a changed file is read once, however many threads wait
//! for it. Runs on connection threads.

use std::sync::{Arc, Mutex, PoisonError};

/// The cached value of type `T`, with the key of type `K` it was made from.
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
    /// The value for `key`. `make` makes it if the cached value has another key. The caller must take the key
    /// before `make` reads the files, so that a change during `make` is noticed the next time.
    pub(super) fn get(
        &self,
        key: K,
        make: impl FnOnce() -> Result<T, String>,
    ) -> Result<Arc<T>, String> {
        // A panic cannot leave the cached value half updated, so poisoning is ignored.
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
