//! Streamed answers, serialised while they are sent.
//!
//! Owns a reader over JSON arrays that serialises one piece at a time, so that an answer of 200,000 alerts
//! is never whole in memory. Knows nothing of alerts. Runs on the thread that writes the answer out.

use std::io::{self, Read};

use super::http::Body;

/// Bytes serialised ahead of the reader. A piece longer than this is held whole.
const BUFFER_BYTES: usize = 32 * 1024;

/// Answers of up to this many bytes are serialised at once, so that they have a `Content-Length`.
const STREAMED_FROM: usize = 64 * 1024;

/// A value that serialises itself piece by piece.
pub trait Pieces: Send {
    /// Appends the next piece to `out`; returns false, and appends nothing, if there is none.
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool;
}

/// The body with these pieces: bytes if it is short, otherwise a stream.
pub fn body_of(mut pieces: impl Pieces + 'static) -> Body {
    let mut begun = Vec::new();
    while begun.len() <= STREAMED_FROM {
        if !pieces.write_next(&mut begun) {
            return Body::Bytes(begun);
        }
    }
    Body::Stream(Box::new(PieceReader {
        pieces,
        buffer: begun,
        taken: 0,
    }))
}

/// The body that is a JSON array of `items`. `write` serialises one item.
pub fn array_of<T>(
    items: impl Iterator<Item = T> + Send + 'static,
    write: impl FnMut(&mut Vec<u8>, T) + Send + 'static,
) -> Body {
    body_of(ArrayPieces {
        items,
        write,
        separator: Some(b'['),
    })
}

/// The items of an array. Each item is dropped once it is written.
struct ArrayPieces<I, W> {
    items: I,
    write: W,
    /// The byte before the next item: `[` or `,`. `None` once the array is closed.
    separator: Option<u8>,
}

impl<T, I, W> Pieces for ArrayPieces<I, W>
where
    I: Iterator<Item = T> + Send,
    W: FnMut(&mut Vec<u8>, T) + Send,
{
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(separator) = self.separator.take() else {
            return false;
        };
        match self.items.next() {
            Some(item) => {
                out.push(separator);
                (self.write)(out, item);
                self.separator = Some(b',');
            }
            None => {
                if separator == b'[' {
                    out.push(b'[');
                }
                out.extend_from_slice(b"]\n");
            }
        }
        true
    }
}

struct PieceReader<P> {
    pieces: P,
    buffer: Vec<u8>,
    /// Bytes of the buffer that have been read.
    taken: usize,
}

impl<P: Pieces> PieceReader<P> {
    fn refill(&mut self) {
        self.buffer.clear();
        self.taken = 0;
        while self.buffer.len() < BUFFER_BYTES && self.pieces.write_next(&mut self.buffer) {}
    }
}

impl<P: Pieces> Read for PieceReader<P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.buffer.len() {
            self.refill();
        }
        let ready = &self.buffer[self.taken..];
        let length = ready.len().min(into.len());
        into[..length].copy_from_slice(&ready[..length]);
        self.taken += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Countdown {
        left: usize,
        written: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    }

    impl Pieces for Countdown {
        fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
            let Some(left) = self.left.checked_sub(1) else {
                return false;
            };
            self.left = left;
            self.written
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            out.extend_from_slice(&[b'x'; 1000]);
            true
        }
    }

    #[test]
    fn a_long_answer_is_made_as_it_is_read() {
        let written = std::sync::Arc::default();
        let pieces = Countdown {
            left: 10_000,
            written: std::sync::Arc::clone(&written),
        };
        let Body::Stream(mut stream) = body_of(pieces) else {
            panic!("a long answer is streamed");
        };
        let mut bit = [0; 100];
        stream.read_exact(&mut bit).expect("a bit");
        let so_far = written.load(std::sync::atomic::Ordering::Relaxed);
        assert!(so_far <= STREAMED_FROM / 1000 + 1, "{so_far} pieces");
        let rest = io::copy(&mut stream, &mut io::sink()).expect("the rest");
        assert_eq!(rest + 100, 10_000_000);
    }

    /// A few pieces of some megabytes each.
    struct Boulders(usize);

    impl Pieces for Boulders {
        fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
            let Some(left) = self.0.checked_sub(1) else {
                return false;
            };
            self.0 = left;
            out.extend_from_slice(&vec![b'x'; 4 << 20]);
            true
        }
    }

    #[test]
    fn five_large_pieces_are_not_held_together() {
        let Body::Stream(mut stream) = body_of(Boulders(5)) else {
            panic!("a large answer is streamed");
        };
        let all = io::copy(&mut stream, &mut io::sink()).expect("all of it");
        assert_eq!(all, 5 << 22);
    }

    #[test]
    fn a_short_answer_has_a_length() {
        let pieces = Countdown {
            left: 3,
            written: std::sync::Arc::default(),
        };
        assert!(matches!(body_of(pieces), Body::Bytes(bytes) if bytes.len() == 3000));
    }
}
