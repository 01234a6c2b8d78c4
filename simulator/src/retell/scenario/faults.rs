//! What can go wrong, and how often.

use serde::{Deserialize, Serialize};

use crate::scenario::{ScenarioError, probabilities, range};

/// What goes wrong, each with its probability from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    pub create: CreateFaults,
    pub read: ReadFaults,
    pub call: CallFaults,
    pub webhook: WebhookFaults,
}

/// What one request to dial runs into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateFault {
    None,
    /// 429 with a `Retry-After`.
    RateLimited,
    /// 429 without one.
    RateLimitedSilently,
    /// 500, and no call.
    ServerError,
    /// 500, and the phone rings.
    ServerErrorAfter,
    /// Never answered, and no call.
    Hang,
    /// Never answered, and the phone rings.
    HangAfter,
    /// 400.
    BadRequest,
    /// 401.
    Unauthorized,
    /// 402.
    PaymentRequired,
    /// 422.
    Refused,
}

/// How often requests to dial run into what; at most one each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateFaults {
    pub rate_limited: f64,
    pub rate_limited_silently: f64,
    pub server_error: f64,
    pub server_error_after: f64,
    pub hang: f64,
    pub hang_after: f64,
    pub bad_request: f64,
    pub unauthorized: f64,
    pub payment_required: f64,
    pub refused: f64,
    /// What `Retry-After` says.
    pub retry_after_seconds: u64,
}

impl Default for CreateFaults {
    fn default() -> Self {
        Self {
            rate_limited: 0.0,
            rate_limited_silently: 0.0,
            server_error: 0.0,
            server_error_after: 0.0,
            hang: 0.0,
            hang_after: 0.0,
            bad_request: 0.0,
            unauthorized: 0.0,
            payment_required: 0.0,
            refused: 0.0,
            retry_after_seconds: 2,
        }
    }
}

impl CreateFaults {
    pub(crate) fn chances(&self) -> [(CreateFault, f64); 10] {
        [
            (CreateFault::RateLimited, self.rate_limited),
            (CreateFault::RateLimitedSilently, self.rate_limited_silently),
            (CreateFault::ServerError, self.server_error),
            (CreateFault::ServerErrorAfter, self.server_error_after),
            (CreateFault::Hang, self.hang),
            (CreateFault::HangAfter, self.hang_after),
            (CreateFault::BadRequest, self.bad_request),
            (CreateFault::Unauthorized, self.unauthorized),
            (CreateFault::PaymentRequired, self.payment_required),
            (CreateFault::Refused, self.refused),
        ]
    }
}

/// How often reading and listing fail.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadFaults {
    pub server_error: f64,
    pub rate_limited: f64,
    /// How long after its creation a call is missing from lists. Not affected by the speed.
    pub list_lag_seconds: f64,
}

/// What can be wrong with a call as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallFaults {
    /// For ever `ongoing`, without a further event.
    pub stuck: f64,
    /// The analysis is never made.
    pub no_analysis: f64,
}

/// What happens to one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFault {
    None,
    /// Sent twice at once.
    Duplicate,
    /// Sent after the call's next event.
    Reorder,
    Delay,
    /// Never sent.
    Drop,
    /// Signed with a wrong key, every time.
    BadSignature,
}

/// How often what happens to webhooks; at most one each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookFaults {
    pub duplicate: f64,
    pub reorder: f64,
    pub delay: f64,
    pub drop: f64,
    pub bad_signature: f64,
    /// How long a delayed one is held back. Not affected by the speed.
    pub delay_seconds: [f64; 2],
}

impl Default for WebhookFaults {
    fn default() -> Self {
        Self {
            duplicate: 0.0,
            reorder: 0.0,
            delay: 0.0,
            drop: 0.0,
            bad_signature: 0.0,
            delay_seconds: [0.5, 3.0],
        }
    }
}

impl ReadFaults {
    pub(crate) fn check(&self, field: &str) -> Result<(), ScenarioError> {
        probabilities(field, [self.server_error, self.rate_limited])?;
        let lag = format!("{field}.list_lag_seconds");
        range(&lag, [0.0, self.list_lag_seconds])
    }
}

impl WebhookFaults {
    pub(crate) fn check(&self, field: &str) -> Result<(), ScenarioError> {
        probabilities(field, self.chances().map(|(_, chance)| chance))?;
        range(&format!("{field}.delay_seconds"), self.delay_seconds)
    }

    pub(crate) fn chances(&self) -> [(WebhookFault, f64); 5] {
        [
            (WebhookFault::Duplicate, self.duplicate),
            (WebhookFault::Reorder, self.reorder),
            (WebhookFault::Delay, self.delay),
            (WebhookFault::Drop, self.drop),
            (WebhookFault::BadSignature, self.bad_signature),
        ]
    }
}

impl Faults {
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        probabilities(
            "faults.create",
            self.create.chances().map(|(_, chance)| chance),
        )?;
        self.read.check("faults.read")?;
        probabilities("faults.call.stuck", [self.call.stuck])?;
        probabilities("faults.call.no_analysis", [self.call.no_analysis])?;
        self.webhook.check("faults.webhook")
    }
}
