//! Texts and calls on the lines at OpenPhone: heard, read, sent, and their sound kept (TEXT-1 to TEXT-6).

mod account;

pub use account::TextOptions;
pub(crate) use account::openphone;
