//! What the activities take and answer. Ids, instants and codes only: no personal data reaches a history.
#![expect(
    clippy::unimplemented,
    reason = "the macro wants this body: activities are implemented elsewhere"
)]

use domain::{
    Reason,
    call::CallOutcome,
    event::EventState,
    ids::{
        AlertId, AppointmentId, CalendarId, CallId, DeliveryId, EventId, SoundId, TenantId, TextId,
    },
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

/// One calendar of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CalendarInput {
    pub tenant: TenantId,
    pub calendar: CalendarId,
}

/// Input of [`crate::DailyReport`] and [`crate::CalendarRefresh`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantInput {
    pub tenant: TenantId,
}

/// Input of [`crate::Retention`], kept through continue-as-new.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RetentionInput {
    pub tenant: TenantId,
    /// When the first run began.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
}

/// One check of a tenant's line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineCheckInput {
    pub tenant: TenantId,
    pub planned_at: Timestamp,
}

/// Input of [`crate::TenantWatch`], kept through continue-as-new.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WatchInput {
    pub tenant: TenantId,
    /// The version by which everything is scheduled, see [`Watched::settings`].
    #[serde(default)]
    pub scheduled: Option<i32>,
}

/// Input of [`crate::TextWork`], kept through continue-as-new.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TextWorkInput {
    pub tenant: TenantId,
    pub of: TextSubject,
}

/// What is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSubject {
    /// Everything of the tenant's that is to be read.
    Reading,
    Text(TextId),
    Sound(SoundId),
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

/// What work on texts does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum TextStep {
    Ask { request: TextRequest },
    Wait { until: Timestamp },
    Finished,
}

/// What is asked of a provider. Each activity decides anew what is due; this is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRequest {
    Read,
    Send,
    /// Whether a text in doubt was sent.
    Look,
    Fetch,
}

impl TextRequest {
    pub(crate) const fn summary(self) -> &'static str {
        match self {
            Self::Read => "have texts read",
            Self::Send => "send a text",
            Self::Look => "look for a text in doubt",
            Self::Fetch => "fetch a sound",
        }
    }
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
    /// Another number when the schedules have to be written anew.
    pub settings: i32,
}

/// What the refreshing of a tenant's calendars does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum CalendarStep {
    Read {
        calendars: Vec<CalendarId>,
    },
    Wait {
        until: Timestamp,
    },
    /// The tenant has no calendars.
    Finished,
}

/// What a check of the line does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum LineCheckStep {
    Send,
    /// Ask the provider whether the text has arrived.
    Ask,
    Wait {
        until: Timestamp,
    },
    Finished,
}

/// What was deleted because of its age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    pub deleted: u64,
    pub more: bool,
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

    /// Decides what is next in a tenant's reading, for a text of ours, or for a sound.
    #[activity(name = "text.advance")]
    pub fn advance_text_work(input: At<TextWorkInput>) -> TextStep {
        unimplemented!()
    }

    /// Measures how a tenant's work goes, and raises or clears what is to be alerted.
    #[activity(name = "tenant.look")]
    pub fn look_at_tenant(input: At<TenantInput>) -> Watched {
        unimplemented!()
    }

    /// Names the calendars that are to be read now, and raises or clears what is to be alerted of them.
    #[activity(name = "calendars.advance")]
    pub fn advance_calendars(input: At<TenantInput>) -> CalendarStep {
        unimplemented!()
    }

    /// Reads what was heard of a check of the line, and decides what it does next.
    #[activity(name = "line_check.advance")]
    pub fn advance_line_check(input: At<LineCheckInput>) -> LineCheckStep {
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

    /// Makes the request to a provider that is due, if one is, and records what became of it.
    #[activity(name = "text.ask")]
    pub fn do_text_work(input: TextWorkInput) {
        unimplemented!()
    }

    /// Makes Temporal's schedules what the tenant's settings say. The name is that of the first of them.
    #[activity(name = "report.schedule")]
    pub fn schedule_report(input: TenantInput) {
        unimplemented!()
    }

    /// Asks one calendar what is taken, and keeps what it says or why it says nothing.
    #[activity(name = "calendar.read")]
    pub fn read_calendar(input: CalendarInput) {
        unimplemented!()
    }

    /// Deletes some of what has been kept long enough.
    #[activity(name = "retention.sweep")]
    pub fn sweep(input: At<TenantInput>) -> Swept {
        unimplemented!()
    }

    /// Sends the text of a check of the line, at most once for one claim.
    #[activity(name = "line_check.send")]
    pub fn send_line_check(input: LineCheckInput) {
        unimplemented!()
    }

    /// Asks the provider whether the text of a check has arrived.
    #[activity(name = "line_check.ask")]
    pub fn ask_line_check(input: LineCheckInput) {
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
