//! Webhooks of every source, from the door to their end.

mod agents;
pub(crate) mod operator;
mod priority;
mod sources;
mod trace;
