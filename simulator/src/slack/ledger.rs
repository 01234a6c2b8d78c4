//! What the fake Slack was sent, for tests to count.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scenario::Fault;

/// Everything seen since the start, in the order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub posts: Vec<Posted>,
}

/// One request to post a message. Its time is in milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Posted {
    pub at_ms: i64,
    /// `T…/B…/X…` of the address.
    pub hook: String,
    pub text: Option<String>,
    /// As sent; `None` when there were none.
    pub blocks: Option<Value>,
    pub fault: Fault,
    /// The status answered; `None` when no answer was given.
    pub status: Option<u16>,
    /// The word answered.
    pub word: Option<String>,
    /// Whether it stands in the channel, whatever was answered.
    pub accepted: bool,
}

impl Ledger {
    /// The messages that stand in a channel.
    pub fn accepted(&self) -> impl Iterator<Item = &Posted> {
        self.posts.iter().filter(|post| post.accepted)
    }

    /// The texts that stand in the channel of a hook.
    pub fn texts(&self, hook: &str) -> Vec<&str> {
        self.accepted()
            .filter(|post| post.hook == hook)
            .map(|post| post.text.as_deref().unwrap_or_default())
            .collect()
    }
}
