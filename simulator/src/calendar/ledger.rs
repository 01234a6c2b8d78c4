//! What the fake calendars were asked, for tests to count.

use serde::{Deserialize, Serialize};

use super::scenario::{Door, Fault};

/// Everything seen since the start, in the order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub requests: Vec<Asked>,
}

/// One request. Its time is in milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub at_ms: i64,
    pub door: Door,
    /// The diary that was asked about, if one was named.
    pub calendar: Option<String>,
    pub fault: Fault,
    /// The status answered; `None` when no answer was given.
    pub status: Option<u16>,
}

impl Ledger {
    /// The requests at one door.
    pub fn at(&self, door: Door) -> impl Iterator<Item = &Asked> {
        self.requests.iter().filter(move |asked| asked.door == door)
    }

    /// The statuses that were answered at one door.
    pub fn statuses(&self, door: Door) -> Vec<Option<u16>> {
        self.at(door).map(|asked| asked.status).collect()
    }
}
