//! What one webhook event, or one read of a call, tells about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Sentiment;

coded_enum! {
    /// Where an observation came from.
    ObservationKind {
        /// The provider said where the call stands, before it was connected.
        Updated = "updated",
        /// The provider said that the call was connected.
        Started = "started",
        /// The provider said that the call is over.
        Ended = "ended",
        /// The provider said what the conversation came to. It implies that the call is over.
        Analyzed = "analyzed",
        /// The call was read from the provider, at whatever stage it was.
        Fetched = "fetched",
    }
}

coded_enum! {
    /// The provider's status of a call, in words common to all providers.
    ProviderStatus {
        /// The provider has accepted the call.
        Registered = "registered",
        Ringing = "ringing",
        Ongoing = "ongoing",
        /// Over, after it was connected.
        Ended = "ended",
        /// Over, without having been connected.
        NotConnected = "not_connected",
        /// Over, because something failed, connected or not.
        Error = "error",
    }
}

impl ProviderStatus {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ended | Self::NotConnected | Self::Error)
    }
}

coded_enum! {
    /// Why a call was over, sorted by what follows from it. When two observations differ the
    /// greater wins, so the order is from the least telling to the most.
    Disconnection {
        /// A reason this version does not know: a person should look.
        Unknown = "unknown",
        /// A technical failure of this one call.
        Failed = "failed",
        /// Nobody picked up, or the call was declined.
        NoAnswer = "no_answer",
        Busy = "busy",
        /// A voicemail or a menu answered.
        Machine = "machine",
        /// Ended by an operator or by us.
        Stopped = "stopped",
        /// A person was on the line.
        Talked = "talked",
        /// Payment, budget or permission: it would meet every call.
        Systemic = "systemic",
        /// The number cannot or must not be dialed again.
        InvalidNumber = "invalid_number",
        /// The person asked not to be called again.
        DoNotCall = "do_not_call",
    }
}

coded_enum! {
    /// What the person decided about the appointment. When two analyses differ the greater wins,
    /// because the harm of losing it is greater; the difference is shown to a person.
    AppointmentAction {
        NoAction = "no_action",
        Confirmed = "confirmed",
        Rescheduled = "rescheduled",
        Cancelled = "cancelled",
    }
}

impl AppointmentAction {
    /// Whether something was decided.
    pub fn is_decisive(self) -> bool {
        self != Self::NoAction
    }
}

/// What one webhook event, or one read of a call, tells about it.
///
/// Strings are the provider's own words, kept when they say more than the typed field beside them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Observation {
    pub kind: ObservationKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ProviderStatus>,
    /// The provider's status as it wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnection: Option<Disconnection>,
    /// The provider's reason as it wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnection_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether something (a person or a machine) is known to have picked up.
    #[serde(default)]
    pub connected: bool,
    /// Whether this carries the analysis of the conversation, even an empty one.
    #[serde(default)]
    pub analyzed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_voicemail: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<AppointmentAction>,
    /// The analysis' words for the action, kept only when they were not understood. May hold
    /// personal data: not for logs, nor for workflow histories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclear_action: Option<String>,
    #[serde(default)]
    pub opt_out: bool,
    /// What the conversation was about, in the provider's words: a few of them, and sentences. Personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
}

impl Observation {
    /// An observation that says no more than that it happened.
    pub fn bare(kind: ObservationKind) -> Self {
        Self {
            kind,
            status: None,
            provider_status: None,
            disconnection: None,
            disconnection_reason: None,
            started_at: None,
            ended_at: None,
            duration_ms: None,
            connected: kind == ObservationKind::Started,
            analyzed: kind == ObservationKind::Analyzed,
            in_voicemail: None,
            action: None,
            unclear_action: None,
            opt_out: false,
            topic: None,
            summary: None,
            sentiment: None,
        }
    }

    /// Whether this says that the call is over.
    pub fn says_ended(&self) -> bool {
        matches!(
            self.kind,
            ObservationKind::Ended | ObservationKind::Analyzed
        ) || self.status.is_some_and(ProviderStatus::is_final)
            || self.disconnection.is_some()
    }
}
