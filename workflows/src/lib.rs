//! The durable processes, and the contracts of the activities they call. No runtime, no network, no database.
//!
//! A process keeps no facts. It asks an activity what to do next, does it, and asks again; a signal only
//! says "look again". Every decision is recorded in the history as the small answer of an activity, so new
//! rules for deciding never contradict an old history.

mod alert;
mod calendar_refresh;
pub mod contract;
mod crm;
mod daily_report;
mod event_processing;
mod line_health_check;
mod look;
mod phone_call;
mod reminder;
mod retention;
mod tenant_watch;
pub use crm::{CrmChannel, CrmReconcile, CrmSync};
mod text_work;

pub use alert::Alert;
pub use calendar_refresh::CalendarRefresh;
pub use daily_report::DailyReport;
pub use event_processing::EventProcessing;
pub use line_health_check::LineHealthCheck;
pub use phone_call::PhoneCall;
pub use reminder::AppointmentReminder;
pub use retention::Retention;
pub use tenant_watch::TenantWatch;
pub use text_work::TextWork;

/// Names that running histories and servers know. They are a wire format: changing one strands every
/// process that was started under it.
pub mod names {
    use domain::ids::{AlertId, AppointmentId, CallId, EventId, SoundId, TenantId, TextId};

    /// Task queue of workflows and database activities.
    pub const CORE_QUEUE: &str = "core";
    /// Task queue of calls to the voice provider.
    pub const DIAL_QUEUE: &str = "dial";
    /// Task queue of everything else that talks to other systems: alerts, and later CRM and exports.
    pub const BULK_QUEUE: &str = "bulk";

    /// A worker that has not been heard of for this long is taken for dead.
    pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(12);

    /// Search attributes (keywords and a datetime); none holds personal data.
    pub const TENANT: &str = "BellhopTenant";
    pub const STATE: &str = "BellhopState";
    /// Of the webhook that started the process (HOOK-10).
    pub const TRACE: &str = "BellhopTrace";
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

    pub fn alert_id(alert: AlertId) -> String {
        format!("alert:{alert}")
    }

    pub fn watch_id(tenant: TenantId) -> String {
        format!("watch:{tenant}")
    }

    pub fn calendars_id(tenant: TenantId) -> String {
        format!("calendar:{tenant}")
    }

    pub fn reading_id(tenant: TenantId) -> String {
        format!("reading:{tenant}")
    }

    pub fn sound_id(sound: SoundId) -> String {
        format!("sound:{sound}")
    }

    pub fn text_id(text: TextId) -> String {
        format!("text:{text}")
    }

    pub fn crm_id(tenant: TenantId) -> String {
        format!("crm:{tenant}")
    }

    pub fn crm_channel_id(tenant: TenantId) -> String {
        format!("crm-channel:{tenant}")
    }

    pub fn crm_reconcile_id(tenant: TenantId) -> String {
        format!("crm-reconcile:{tenant}")
    }

    /// Of the schedule, and the beginning of the ids of the processes it starts.
    pub fn report_id(tenant: TenantId) -> String {
        format!("report:{tenant}")
    }

    /// As [`report_id`].
    pub fn retention_id(tenant: TenantId) -> String {
        format!("retention:{tenant}")
    }

    /// As [`report_id`].
    pub fn line_check_id(tenant: TenantId) -> String {
        format!("line-check:{tenant}")
    }
}
