//! The fake calendars, read by the clients of `providers`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod cal_com;
mod feed;
mod google;
mod harness;
mod interface;
