//! Tests of inflating gzip bodies: which are inflated, which stay as they are, and where inflating stops.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const BUDGET: usize = 1 << 20;
const LIMIT: usize = 200_000;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    packing.write_all(text).expect("memory takes it");
    packing.finish().expect("memory takes it")
}

fn request(codings: &[&str], body: Vec<u8>) -> Request {
    let header = |coding: &&str| (HEADER.to_owned(), (*coding).to_owned());
    Request {
        headers: codings.iter().map(header).collect(),
        body,
        ..Request::default()
    }
}

/// What becomes of a body, and what it takes of the budget.
fn inflated(mut request: Request) -> Result<(Request, usize), BodyFault> {
    let budget = Budget::new(BUDGET);
    let mut charge = Charge::none(&budget);
    inflate(&mut request, &mut charge, &budget, LIMIT)?;
    let taken = budget.taken();
    drop(charge);
    assert_eq!(budget.taken(), 0, "all of it is given back");
    Ok((request, taken))
}

#[test]
fn a_body_in_gzip_is_inflated_and_says_no_more_that_it_is_in_gzip() {
    let text = b"[1, 2, 3]".repeat(10_000);
    for coding in ["gzip", "GZip", " x-gzip "] {
        let (told, taken) = inflated(request(&[coding], gzip(&text))).expect(coding);
        assert!(told.body == text && told.headers.is_empty(), "{coding}");
        assert!((text.len()..=2 * text.len()).contains(&taken), "{taken}");
    }
    let (told, taken) = inflated(request(&["gzip"], gzip(b""))).expect("it is empty");
    assert_eq!((told.body.len(), taken), (0, 0));
}

#[test]
fn a_body_in_plain_is_taken_whatever_its_header_says() {
    let plain = b"[]".to_vec();
    let (told, taken) = inflated(request(&["gzip"], plain.clone())).expect("it is plain");
    assert_eq!((told.body, taken), (plain.clone(), 0));
    for codings in [&[][..], &["identity"], &["br"], &["gzip, gzip"]] {
        let asked = request(codings, plain.clone());
        let (told, _) = inflated(asked.clone()).expect("it is not looked at");
        assert_eq!(told, asked);
    }
}

#[test]
fn what_is_twice_in_gzip_or_in_something_else_is_left_to_the_handler() {
    for codings in [&["gzip", "gzip"][..], &["gzip, gzip"], &["br"], &[]] {
        let asked = request(codings, gzip(b"[]"));
        let (told, _) = inflated(asked.clone()).expect("it is not looked at");
        assert_eq!(told, asked, "{codings:?}");
    }
}

#[test]
fn a_body_may_inflate_to_its_limit_and_not_to_a_byte_more() {
    for length in [LIMIT - 1, LIMIT] {
        let (told, _) = inflated(request(&["gzip"], gzip(&vec![b'x'; length]))).expect("it fits");
        assert_eq!(told.body.len(), length);
    }
    let told = inflated(request(&["gzip"], gzip(&vec![b'x'; LIMIT + 1])));
    assert_eq!(told, Err(BodyFault::TooLarge));
}

#[test]
fn a_bomb_takes_no_more_than_the_limit_of_a_body() {
    let bomb = gzip(&vec![0; 50_000_000]);
    assert!(bomb.len() < 60_000, "{}", bomb.len());
    let budget = Budget::new(LIMIT);
    let mut charge = Charge::none(&budget);
    let mut asked = request(&["gzip"], bomb);
    let told = inflate(&mut asked, &mut charge, &budget, LIMIT);
    // The budget has no more than that to give, and would have been the one to refuse.
    assert_eq!(told, Err(BodyFault::TooLarge));
    assert_eq!(budget.taken(), 0);
}

#[test]
fn large_bodies_share_the_budget_and_small_ones_get_past_it() {
    let budget = Budget::new(100_000);
    let mut others = Charge::none(&budget);
    others.cover(100_000).expect("the budget is free");
    let inflate = |length: usize| {
        let mut asked = request(&["gzip"], gzip(&vec![b'x'; length]));
        let mut charge = Charge::none(&budget);
        inflate(&mut asked, &mut charge, &budget, LIMIT).map(|()| asked.body.len())
    };
    assert_eq!(inflate(20_000), Err(BodyFault::OutOfBuffers));
    assert_eq!(inflate(10_000), Ok(10_000));
    drop(others);
    assert_eq!(inflate(20_000), Ok(20_000));
}

#[test]
fn what_breaks_off_or_goes_on_or_is_damaged_is_no_gzip() {
    let whole = gzip(&b"some text to pack, ".repeat(50));
    for length in 2..whole.len() {
        let told = inflated(request(&["gzip"], whole[..length].to_vec()));
        assert_eq!(told, Err(BodyFault::NotGzip), "the first {length} bytes");
    }
    for more in [&b"x"[..], &whole, &gzip(b"")] {
        let told = inflated(request(&["gzip"], [&whole, more].concat()));
        assert_eq!(told, Err(BodyFault::NotGzip), "{} bytes more", more.len());
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    assert_eq!(
        inflated(request(&["gzip"], damaged)),
        Err(BodyFault::NotGzip),
        "the checksum is wrong"
    );
}
