//! Hosts the workflows and activities on their task queues, and the relay that wakes them.

mod connect;
mod host;
pub mod relay;
pub mod status;

pub use connect::{TemporalOptions, connect};
pub use host::{Role, run};
