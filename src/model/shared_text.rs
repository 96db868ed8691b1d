//! A text that many values share.
//!
//! Owns the representation: one pointer, and no allocation for the empty text. Interning is up to the caller:
//! code that has an equal text already hands that one out. Pure; runs on the calling thread.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use arcstr::ArcStr;

/// An immutable text that is cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SharedText(ArcStr);

impl SharedText {
    /// Whether both share one allocation, and are not merely equal.
    pub fn is_same_as(&self, other: &SharedText) -> bool {
        ArcStr::ptr_eq(&self.0, &other.0)
    }

    /// The number of values that hold it. The empty text is not counted.
    pub fn holders(&self) -> usize {
        ArcStr::strong_count(&self.0).unwrap_or(0)
    }
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SharedText {
    fn from(text: &str) -> Self {
        SharedText(text.into())
    }
}

impl From<Cow<'_, str>> for SharedText {
    fn from(text: Cow<'_, str>) -> Self {
        SharedText(text.into())
    }
}

impl Hash for SharedText {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // Hashes eight bytes at a time, because URLs are long.
        let (words, rest) = self.as_bytes().as_chunks();
        for word in words {
            hasher.write_u64(u64::from_le_bytes(*word));
        }
        hasher.write(rest);
        hasher.write_usize(self.len());
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_equal_by_what_they_say_and_the_same_by_where_they_are() {
        let text = SharedText::from("http://prometheus.example/graph");
        let clone = text.clone();
        let equal = SharedText::from(&*text);
        assert!(clone == text && clone.is_same_as(&text));
        assert!(equal == text && !equal.is_same_as(&text));
        assert_eq!((text.holders(), equal.holders()), (2, 1));
    }

    #[test]
    fn an_empty_text_holds_nothing() {
        let empty = SharedText::from("");
        assert_eq!(empty, SharedText::default());
        assert!(empty.is_same_as(&SharedText::default()));
        assert_eq!(empty.holders(), 0);
        assert_eq!(&*empty, "");
        assert_ne!(empty, SharedText::from("a"));
    }

    #[test]
    fn it_takes_one_word_where_it_is_held() {
        assert_eq!(size_of::<SharedText>(), size_of::<usize>());
    }
}
