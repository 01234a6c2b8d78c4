//! What is done with fuzzed bytes. The tests of `providers` do the same with the files of `corpus/`.

pub mod exercise;
