//! Fake providers that play phone calls out in time, send signed webhooks and fail on request: for
//! tests, the demonstration, and trying Bellhop without an account. Everything is in memory.

pub mod retell;
