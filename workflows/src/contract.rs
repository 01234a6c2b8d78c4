//! What the activities take and answer. Ids, instants and codes only: no personal data reaches a history.
#![expect(
    clippy::unimplemented,
    reason = "the macro wants this body: activities are implemented elsewhere"
)]

use domain::{
    Reason,
    call::CallOutcome,
    event::EventState,
    ids::{AlertId, AppointmentId, CallId, DeliveryId, EventId, TenantId},
    reminder::Ending,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_macros::activity_definitions;
use uuid::Uuid;

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

/// Input of [`crate::Alert`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlertInput {
    pub tenant: TenantId,
    pub alert: AlertId,
}

/// Messages that were made together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchInput {
    pub tenant: TenantId,
    pub batch: Uuid,
}

/// One message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryInput {
    pub tenant: TenantId,
    pub delivery: DeliveryId,
}

/// Input of [`crate::DailyReport`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantInput {
    pub tenant: TenantId,
}

/// Input of [`crate::TenantWatch`], kept through continue-as-new.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WatchInput {
    pub tenant: TenantId,
    /// The version of the settings by which the daily report is scheduled.
    #[serde(default)]
    pub scheduled: Option<i32>,
}

/// What one of the processes at the CRM is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CrmInput {
    pub tenant: TenantId,
    pub job: CrmJob,
}

/// Each has a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrmJob {
    Sync,
    Channel,
    Reconcile,
}

impl CrmJob {
    /// For people who look at the engine's screens.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Sync => "keep in step with the CRM",
            Self::Channel => "renew the CRM's channel",
            Self::Reconcile => "compare with the CRM",
        }
    }
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

/// What an event's processing does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum EventStep {
    Wait { until: Timestamp },
    Finished { state: EventState },
}

/// What an alert, or a batch of messages, does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum AlertStep {
    Deliver { deliveries: Vec<DeliveryId> },
    Wait { until: Timestamp },
    Finished,
}

/// What a process at the CRM does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum CrmStep {
    /// There is something to do at the CRM.
    Work,
    Wait {
        until: Timestamp,
    },
    Finished,
}

/// What a look at a tenant found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    pub next: Timestamp,
    /// The version of its settings.
    pub settings: i32,
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

    /// Processes an event that belongs to no call, once; a failure is recorded and has its turn again later.
    #[activity(name = "event.read")]
    pub fn advance_event(input: At<EventInput>) -> Option<EventStep> {
        unimplemented!()
    }

    /// Makes the messages that an alert's next notice needs, and names those that are to be sent now.
    #[activity(name = "alert.advance")]
    pub fn advance_alert(input: At<AlertInput>) -> AlertStep {
        unimplemented!()
    }

    /// As `alert.advance`, for messages that belong to no alert.
    #[activity(name = "message.advance")]
    pub fn advance_batch(input: At<BatchInput>) -> AlertStep {
        unimplemented!()
    }

    /// Makes the messages of yesterday's report, once for one batch.
    #[activity(name = "report.make")]
    pub fn make_report(input: At<BatchInput>) {
        unimplemented!()
    }

    /// Measures how a tenant's work goes, and raises or clears what is to be alerted.
    #[activity(name = "tenant.look")]
    pub fn look_at_tenant(input: At<TenantInput>) -> Watched {
        unimplemented!()
    }

    /// Whether there is something to do at the CRM, or when.
    #[activity(name = "crm.advance")]
    pub fn advance_crm(input: At<CrmInput>) -> CrmStep {
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

/// What goes to other systems and may be slow, on a task queue of its own: no call waits behind it.
pub struct BulkActivities;

#[activity_definitions]
impl BulkActivities {
    /// Sends one message over its channel, and records what became of it.
    #[activity(name = "message.send")]
    pub fn send_message(input: DeliveryInput) {
        unimplemented!()
    }

    /// Makes Temporal's schedule of the daily report what the tenant's settings say.
    #[activity(name = "report.schedule")]
    pub fn schedule_report(input: TenantInput) {
        unimplemented!()
    }

    /// Does at the CRM what is due, or some of it. Answers until when it is to be left alone, if it is.
    #[activity(name = "crm.work")]
    pub fn work_at_crm(input: CrmInput) -> Option<Timestamp> {
        unimplemented!()
    }
}

/// The generated markers, for the crate that implements the activities.
pub mod markers {
    pub use super::{bulk_activities::*, decide_activities::*, dial_activities::*};
}
