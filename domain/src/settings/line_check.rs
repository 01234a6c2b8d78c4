//! Settings of the check that texts still arrive.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineCheck {
    pub enabled: bool,
    /// E.164: the line that the check is sent from. It serves nothing else.
    pub monitor_number: Option<String>,
    /// E.164: the line that has to receive it.
    pub main_number: Option<String>,
    pub every_hours: u16,
    /// The check must have arrived after so long.
    pub within_seconds: u16,
}

impl Default for LineCheck {
    fn default() -> Self {
        LineCheck {
            enabled: false,
            monitor_number: None,
            main_number: None,
            every_hours: 6,
            within_seconds: 120,
        }
    }
}
