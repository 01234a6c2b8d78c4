//! The webhooks of all sources through the crate's one door: public vectors, properties, and the fuzzers' corpus.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod corpus;
mod properties;
mod reading;
mod vectors;

/// What the fuzz targets do with an input.
#[expect(unreachable_pub, reason = "it is the library of the fuzz targets")]
#[path = "../../../fuzz/src/exercise.rs"]
mod exercise;
