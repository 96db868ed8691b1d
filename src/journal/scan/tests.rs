//! What is found where bytes are damaged.

use super::*;
use crate::engine::Record;
use crate::journal::frame::Frames;
use crate::journal::samples;
use crate::model::Fingerprint;

/// Three frames of different sizes, and where each begins.
fn three() -> (Vec<u8>, [usize; 3]) {
    let mut frames = Frames::new();
    let mut starts = [0; 3];
    for (number, start) in starts.iter_mut().enumerate() {
        *start = frames.len();
        let at = samples::moment(number as i64, 0);
        let gone = Record::AlertForgotten(Fingerprint(number as u64));
        frames.push_batch(at, &vec![gone; number + 1]);
    }
    (frames.bytes().to_vec(), starts)
}

/// Where sound frames begin, and the gaps.
fn scanned(bytes: &[u8]) -> (Vec<u64>, Vec<Gap>) {
    let (mut frames, mut gaps) = (Vec::new(), Vec::new());
    let mut scan = Scan::new(bytes, 0);
    while let Some(found) = scan.next_frame().expect("memory") {
        match found {
            Found::Frame { offset, .. } => frames.push(offset),
            Found::Damage(gap) => gaps.push(gap),
        }
    }
    assert_eq!(scan.offset(), bytes.len() as u64);
    (frames, gaps)
}

fn gap(offset: usize, end: usize, is_rest: bool) -> Gap {
    Gap {
        offset: offset as u64,
        bytes: (end - offset) as u64,
        is_rest,
    }
}

#[test]
fn sound_frames_are_found_where_they_begin() {
    let (bytes, starts) = three();
    assert_eq!(scanned(&bytes), (starts.map(|at| at as u64).into(), vec![]));
}

#[test]
fn a_damaged_payload_is_passed_over() {
    let (mut bytes, [first, second, third]) = three();
    bytes[second + FRAME_HEAD] ^= 1;
    let found = scanned(&bytes);
    let frames = vec![first as u64, third as u64];
    assert_eq!(found, (frames, vec![gap(second, third, false)]));
}

#[test]
fn a_damaged_length_costs_no_more_than_its_frame() {
    for bit in 0..32 {
        let (mut bytes, [first, second, third]) = three();
        bytes[second + bit / 8] ^= 1 << (bit % 8);
        let frames = vec![first as u64, third as u64];
        let expected = (frames, vec![gap(second, third, false)]);
        assert_eq!(scanned(&bytes), expected, "bit {bit}");
    }
}

#[test]
fn bytes_that_came_in_between_are_passed_over() {
    let (mut bytes, [first, second, third]) = three();
    bytes.splice(second..second, [0xc0; 7]);
    let found = scanned(&bytes);
    let frames = [first, second + 7, third + 7].map(|at| at as u64);
    assert_eq!(found, (frames.into(), vec![gap(second, second + 7, false)]));
}

#[test]
fn what_comes_before_an_error_of_the_host_counts() {
    let (bytes, [_, second, third]) = three();
    let failing = bytes[..third + 3].chain(Failing);
    let mut scan = Scan::new(failing, 0);
    for offset in [0, second as u64] {
        let found = scan.next_frame().expect("these were read");
        assert!(matches!(found, Some(Found::Frame { offset: at, .. }) if at == offset));
    }
    assert!(scan.next_frame().is_err());
}

/// A disk that fails.
struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(5))
    }
}

#[test]
fn frames_longer_than_one_read_are_found_after_damage_too() {
    let at = samples::moment(0, 0);
    let records: Vec<Record> = (0..3_000)
        .map(|number| Record::Alert(samples::alert(number, at).into()))
        .collect();
    let mut frames = Frames::new();
    frames.push_batch(at, &records);
    let length = frames.len();
    frames.push_batch(at, &records);
    let mut bytes = frames.bytes().to_vec();
    assert!(length > 4 * READ_BYTES);
    bytes[length / 2] ^= 1;
    let expected = (vec![length as u64], vec![gap(0, length, false)]);
    assert_eq!(scanned(&bytes), expected);
}

#[test]
fn a_stream_cut_anywhere_ends_in_one_gap() {
    let (bytes, starts) = three();
    for end in 0..bytes.len() {
        let (frames, gaps) = scanned(&bytes[..end]);
        let begun = starts.iter().filter(|start| **start < end).count();
        let is_between = starts.contains(&end);
        assert_eq!(
            frames.len(),
            begun - usize::from(!is_between),
            "cut at {end}"
        );
        assert_eq!(gaps.len(), usize::from(!is_between), "cut at {end}");
        assert!(gaps.iter().all(|gap| gap.is_rest));
    }
}

#[test]
fn zeroes_are_no_frames() {
    let (mut bytes, _) = three();
    let end = bytes.len();
    bytes.resize(end + 4096, 0);
    assert_eq!(scanned(&bytes).1, [gap(end, end + 4096, true)]);
}

#[test]
fn a_length_of_gigabytes_takes_no_memory() {
    let mut bytes = [FIRST_BYTE; 64];
    bytes[3] = 0x0f;
    let mut scan = Scan::new(&bytes[..], 0);
    let found = scan.next_frame().expect("memory");
    assert_eq!(found, Some(Found::Damage(gap(0, 64, true))));
    assert!(scan.window.capacity() <= 2 * READ_BYTES);
}
