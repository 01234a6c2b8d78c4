//! The fakes of OpenPhone and Gemini, tried with Bellhop's own clients and webhook readers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod calls;
mod extraction;
mod harness;
mod interface;
mod line_check;
mod sends;
