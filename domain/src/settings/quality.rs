//! Settings of what makes a call poor, and of how many poor ones are too many.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quality {
    /// A conversation that took less is short.
    pub short_seconds: u32,
    /// A call that took more is long.
    pub long_seconds: u32,
    pub very_long_seconds: u32,
    /// More short conversations than this share of them are too many; 100 for never.
    pub short_percent: u8,
    /// More failed calls than this share of those made are too many; 100 for never.
    pub failure_percent: u8,
    /// How far back calls are counted.
    pub window_hours: u16,
    /// A share of fewer calls says nothing.
    pub least_calls: u16,
    /// Dialing pauses itself when there are too many.
    pub pause_dialing: bool,
}

/// No more than so many calls are counted, the newest: a busy clinic's last hours say more than its whole week.
pub const MOST_COUNTED: u16 = 500;

impl Default for Quality {
    fn default() -> Self {
        Quality {
            short_seconds: 10,
            long_seconds: 180,
            very_long_seconds: 300,
            short_percent: 60,
            failure_percent: 40,
            window_hours: 24,
            least_calls: 20,
            pause_dialing: false,
        }
    }
}
