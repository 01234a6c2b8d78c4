//! The durable processes, and the contracts of the activities they call. No runtime, no network, no database.
//!
//! A process keeps no facts. It asks an activity what to do next, does it, and asks again; a signal only
//! says "look again". Every decision is recorded in the history as the small answer of an activity, so new
//! rules for deciding never contradict an old history.

pub mod contract;
mod look;
mod phone_call;
mod reminder;
mod stray_event;

pub use phone_call::PhoneCall;
pub use reminder::AppointmentReminder;
pub use stray_event::EventProcessing;

/// Names that running histories and servers know. They are a wire format: changing one strands every
/// process that was started under it.
pub mod names {
    use domain::ids::{AppointmentId, CallId, EventId};

    /// Task queue of workflows and database activities.
    pub const CORE_QUEUE: &str = "core";
    /// Task queue of calls to the voice provider.
    pub const DIAL_QUEUE: &str = "dial";

    /// A worker that has not been heard of for this long is taken for dead.
    pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(12);

    /// Search attributes (keyword, keyword, datetime); none holds personal data.
    pub const TENANT: &str = "BellhopTenant";
    pub const STATE: &str = "BellhopState";
    pub const NEXT_AT: &str = "BellhopNextAt";

    pub fn reminder_id(appointment: AppointmentId) -> String {
        format!("reminder:{appointment}")
    }

    pub fn call_id(call: CallId) -> String {
        format!("call:{call}")
    }

    pub fn event_id(event: EventId) -> String {
        format!("event:{event}")
    }
}
