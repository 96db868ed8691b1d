//! Tests of the decoder for chunked coding, with valid and invalid bodies.

use proptest::prelude::*;

use super::*;

fn decode(input: &[u8]) -> Result<(Vec<u8>, usize, bool), ChunkedFault> {
    let mut decoder = ChunkedDecoder::new(1000);
    let mut body = Vec::new();
    let taken = decoder.decode(input, &mut body)?;
    Ok((body, taken, decoder.is_done()))
}

#[test]
fn chunks_are_joined_and_what_follows_is_left_for_the_next_request() {
    let input = b"3\r\nabc\r\n00A;x=y\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
    let expected = (b"abc0123456789".to_vec(), input.len() - 16, true);
    assert_eq!(decode(input), Ok(expected));
}

#[test]
fn trailers_are_read_and_dropped() {
    let input = b"1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n";
    assert_eq!(decode(input), Ok((b"a".to_vec(), input.len(), true)));
}

#[test]
fn what_other_servers_read_differently_is_refused() {
    for input in [
        &b"3\nabc\r\n0\r\n\r\n"[..],
        b"3\r\nabc\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b" 1\r\n",
        b"1;a\nb\r\n",
        b"0\r\nX: 1\n\r\n",
        b"0\r\n\rX",
    ] {
        let text = String::from_utf8_lossy(input);
        assert_eq!(decode(input), Err(ChunkedFault::Malformed), "{text:?}");
    }
}

#[test]
fn a_size_past_the_limit_is_refused_before_its_data_comes() {
    for input in [
        &b"3e9\r\n"[..],
        b"ffffffffffffffff\r\n",
        b"10000000000000000\r\n",
    ] {
        assert_eq!(decode(input), Err(ChunkedFault::TooLarge));
    }
    let two_that_are_too_many = [b"3e8\r\n", &[b'x'; 1000][..], b"\r\n1\r\n"].concat();
    assert_eq!(decode(&two_that_are_too_many), Err(ChunkedFault::TooLarge));
}

#[test]
fn extensions_and_trailers_have_a_bound() {
    let extension = [b"1;", &[b'x'; EXTENSION_BYTES + 1][..]].concat();
    assert_eq!(decode(&extension), Err(ChunkedFault::Malformed));
    let trailers = [b"0\r\n", &b"a: b\r\n".repeat(TRAILER_BYTES)[..]].concat();
    assert_eq!(decode(&trailers), Err(ChunkedFault::Malformed));
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused_without_a_panic(
        input in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'1'), Just(b';'), any::<u8>()],
            0..300,
        ),
    ) {
        if let Ok((body, taken, _)) = decode(&input) {
            prop_assert!(taken <= input.len());
            prop_assert!(body.len() <= taken);
        }
    }

    #[test]
    fn the_pieces_a_body_comes_in_make_no_difference(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..8),
        cuts in proptest::collection::vec(1usize..50, 1..20),
    ) {
        let mut coded = Vec::new();
        for chunk in &chunks {
            coded.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            coded.extend_from_slice(chunk);
            coded.extend_from_slice(b"\r\n");
        }
        coded.extend_from_slice(b"0\r\n\r\n");
        let end = coded.len();
        coded.extend_from_slice(b"POST next");

        let mut decoder = ChunkedDecoder::new(1000);
        let mut body = Vec::new();
        let mut at = 0;
        let mut cuts = cuts.iter().cycle();
        while !decoder.is_done() {
            let piece = cuts.next().copied().unwrap_or(1).min(coded.len() - at);
            at += decoder.decode(&coded[at..at + piece], &mut body).expect("well formed");
        }
        prop_assert_eq!(at, end);
        prop_assert_eq!(body, chunks.concat());
    }
}
