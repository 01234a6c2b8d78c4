//! A queue that is full lets go of what matters least, and counts it.

use super::Queue;
use crate::{counter, entry::Entry};

/// Of the events that wait; what was given up does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

impl Queue {
    /// Whether there is room for one more of this size beside `waiting`, after deleting the oldest events
    /// around tools if need be. Each one deleted is counted and logged.
    pub(crate) fn make_room(&self, limits: Limits, waiting: &[Entry], bytes: u64) -> bool {
        let mut files = waiting.len() + 1;
        let mut sum = bytes + waiting.iter().map(|entry| entry.bytes).sum::<u64>();
        let mut least = waiting.iter().filter(|entry| entry.makes_room());
        while files > limits.files || sum > limits.bytes {
            let Some(entry) = least.next() else {
                return false;
            };
            if self.drop_event(entry) {
                files -= 1;
                sum = sum.saturating_sub(entry.bytes);
            }
        }
        true
    }

    fn drop_event(&self, entry: &Entry) -> bool {
        let deleted = self
            .claim(entry)
            .is_some_and(|claim| claim.delete().is_ok());
        if deleted {
            let _ = counter::raise(&self.path("dropped"));
            self.log
                .line("dropped", Some(entry.id), "the queue is full");
        }
        deleted
    }
}
