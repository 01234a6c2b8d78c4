//! Hosts the workflows and activities on their task queues, and the relay that wakes them.

mod connect;
mod host;
pub mod relay;
pub mod status;

pub use connect::{TemporalOptions, connect, connect_once};
pub use host::{Means, Role, run};
