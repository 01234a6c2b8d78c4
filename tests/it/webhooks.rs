//! Webhooks of every source, from the door to their end.

mod agents;
mod operator;
mod priority;
mod sources;
mod trace;
