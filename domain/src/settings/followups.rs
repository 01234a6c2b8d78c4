//! Settings of what becomes of calls that nobody answered.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Followups {
    pub enabled: bool,
    /// A role or a name.
    pub owner: String,
    /// Open minutes within which a missed call is called back.
    pub due_minutes: u16,
    /// The same, when the person left a message or asked to be called.
    pub voicemail_due_minutes: u16,
    /// Lines that somebody else looks after.
    pub lines: Vec<FollowupLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowupLine {
    /// E.164: a number of the business.
    pub number: String,
    pub owner: String,
}

impl Default for Followups {
    fn default() -> Self {
        Followups {
            enabled: true,
            owner: "reception".to_owned(),
            due_minutes: 120,
            voicemail_due_minutes: 60,
            lines: Vec::new(),
        }
    }
}
