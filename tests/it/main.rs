//! Whole-system tests: real PostgreSQL, real Temporal, the real binary as processes of its own. Only the
//! voice provider is simulated.

mod behaviours;
mod compose;
mod faults;
mod harness;
mod replay;
