//! What the activities take and answer. Ids, instants and codes only: no personal data reaches a history.
#![expect(
    clippy::unimplemented,
    reason = "the macro wants this body: activities are implemented elsewhere"
)]

use domain::{
    Reason,
    call::CallOutcome,
    ids::{AppointmentId, CallId, EventId, TenantId},
    reminder::Ending,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_macros::activity_definitions;

/// Input of [`crate::AppointmentReminder`], kept through continue-as-new.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReminderInput {
    pub tenant: TenantId,
    pub appointment: AppointmentId,
}

/// Input of [`crate::PhoneCall`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CallInput {
    pub tenant: TenantId,
    pub call: CallId,
}

/// Input of [`crate::EventProcessing`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventInput {
    pub tenant: TenantId,
    pub event: EventId,
}

/// An input together with the process's own time, for activities that run beside the workflow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct At<T> {
    pub now: Timestamp,
    pub of: T,
}

/// What a reminder does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum ReminderStep {
    Wait {
        until: Timestamp,
        reason: Option<Reason>,
    },
    /// A call was authorized, or is open already: follow it to its end.
    Follow { call: CallId },
    Finished {
        ending: Ending,
        reason: Option<Reason>,
    },
}

/// What a call does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum CallStep {
    Place,
    LookUp,
    Fetch,
    Wait { until: Timestamp },
    Finished { outcome: CallOutcome },
}

/// Database activities, short enough to run beside the workflow (as local activities).
pub struct DecideActivities;

#[activity_definitions]
impl DecideActivities {
    /// Reads the facts of a reminder, decides and, when the decision is to dial, passes the gates and
    /// authorizes the call: all in one transaction.
    #[activity(name = "reminder.advance")]
    pub fn advance_reminder(input: At<ReminderInput>) -> ReminderStep {
        unimplemented!()
    }

    /// Reads what was heard of a call and decides what it does next.
    #[activity(name = "call.advance")]
    pub fn advance_call(input: At<CallInput>) -> CallStep {
        unimplemented!()
    }

    /// Reads an event that belonged to no call when it came.
    #[activity(name = "event.read")]
    pub fn read_event(input: EventInput) {
        unimplemented!()
    }
}

/// Requests to the voice provider, on their own task queue.
pub struct DialActivities;

#[activity_definitions]
impl DialActivities {
    /// Sends the request to dial, at most once for one claim.
    #[activity(name = "call.place")]
    pub fn place_call(input: CallInput) {
        unimplemented!()
    }

    /// Searches the provider's list for a call whose request may or may not have arrived.
    #[activity(name = "call.look_up")]
    pub fn look_up_call(input: CallInput) {
        unimplemented!()
    }

    /// Reads a call from the provider because its events did not come.
    #[activity(name = "call.fetch")]
    pub fn fetch_call(input: CallInput) {
        unimplemented!()
    }
}

/// The generated markers, for the crate that implements the activities.
pub mod markers {
    pub use super::{decide_activities::*, dial_activities::*};
}
