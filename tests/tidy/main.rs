//! The rules of the source tree, as tests that read it.
//!
//! - `tree`: the files, and how a rule is held against all of them and shown to bite
//! - `code`: a file without comments, texts and tests, and the paths that it names
//! - `rooms`: who may import whom, and which crate lives where
//! - `pure`: what the decisions never name, and who alone reads clocks and makes threads
//! - `shape`: sizes and heads of files, and what no line may say
//! - `papers`: the files beside the code
//! - `third_party`: what is linked, and under which licences
//!
//! A rule is a function from one file to its faults. Each is tried on a bad sample too, because a
//! rule that never fails proves nothing. Exceptions are named in lists, each with its reason, and
//! a list that names what is no longer there fails.

mod code;
mod papers;
mod pure;
mod references;
mod rooms;
mod shape;
mod third_party;
mod tree;
