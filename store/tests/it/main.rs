//! The store against a real PostgreSQL: what one tenant may see, what an import changes, what is kept once.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod calendars;
mod crm;
mod dialing;
mod erased;
mod erasure;
mod events;
mod harness;
mod imports;
mod inbound;
mod isolation;
mod live;
mod locks;
mod merges;
mod open;
mod opt_outs;
mod outbox;
mod person;
mod plans;
mod pool;
mod profiles;
mod read_only;
mod retention;
mod secrets;
mod sources;
mod texts;
