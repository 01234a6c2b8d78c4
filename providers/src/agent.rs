//! Coding agents: the events of their hooks, as `bellhop capture` sends them or as the agent itself does.
//!
//! Facts were read in the agent's change log, its SDK's types and its documentation of August 2026.

pub mod webhook;
