//! Settings of what is read out of texts and calls. The key is no setting: it is stored encrypted.

use serde::{Deserialize, Serialize};

use crate::text::PassageKind;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extraction {
    pub enabled: bool,
    /// The vendor's name of the model. They are retired often, so that none is built in.
    pub model: Option<String>,
    pub read: Vec<PassageKind>,
    /// Tokens in a month of the tenant's zone, read and written; 0 for no limit.
    pub monthly_tokens: u64,
    /// More passages than this in an hour are read several at once.
    pub batch_above_per_hour: u32,
    /// Most in one request.
    pub batch_size: u32,
    /// A passage waits no longer than this for others.
    pub batch_wait_minutes: u16,
    /// How long a value waits for approval; 0 for ever.
    pub approval_days: u16,
    /// Tokens that the model may think. Some models need this, some refuse it.
    pub thinking_budget: Option<u32>,
}

impl Default for Extraction {
    fn default() -> Self {
        Extraction {
            enabled: false,
            model: None,
            read: PassageKind::ALL.to_vec(),
            monthly_tokens: 1_000_000,
            batch_above_per_hour: 100,
            batch_size: 20,
            batch_wait_minutes: 5,
            approval_days: 30,
            thinking_budget: None,
        }
    }
}
