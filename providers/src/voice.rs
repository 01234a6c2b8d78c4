//! What the vendors of phone calls have in common: requests that are sent once, and words to be understood.

mod answer;
mod http;
pub(crate) mod transcript;
pub(crate) mod words;

pub(crate) use http::{Http, placed, unreadable};
pub use http::{Placed, Timeouts};
