//! The one binary `bellhop`: wires the rooms together. As a library, it serves the whole-system tests.

pub mod commands;
pub mod conductor;
pub mod config;
pub mod stack;
pub mod telemetry;
