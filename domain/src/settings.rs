//! A tenant's settings: what the TOML file holds, and the JSON that is stored.
//!
//! Every key is optional and every unknown key is refused. [`Settings::from_toml`] reads a file and answers
//! with all its problems at once; [`Settings::problems`] checks settings from anywhere else.

mod alerts;
mod booking;
mod calendar;
mod crm;
mod dialing;
mod extraction;
mod followups;
mod inbound;
mod line_check;
mod problems;
mod quality;
mod read;
mod retention;
mod texts;
mod vapi;
mod window;

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    country::Country,
    holidays::HolidayCalendar,
    zone::{self, UnknownZone},
};

pub use alerts::{Alerts, Email, Events, Report, Slack, Sms, SmtpTls};
pub use booking::{Booking, Identify};
pub use calendar::{Calendar, CalendarKind, CalendarSecret, CalendarSource};
pub use crm::{Cleared, Crm, CrmImport, CrmProvider, DataCentre, Rule, SECRETS as CRM_SECRETS};
pub use dialing::{Dialing, VoiceProvider};
pub use extraction::Extraction;
pub use followups::{FollowupLine, Followups};
pub use inbound::{Inbound, Told};
pub use line_check::LineCheck;
pub use problems::SettingsProblem;
pub use quality::{MOST_COUNTED, Quality};
pub use retention::{DataClass, Retention};
pub use texts::{KeepRecordings, Texts};
pub use vapi::{APOLOGY, Fallback, FallbackKind, Vapi};
pub use window::{DAY_MINUTES, TimeOfDay, Window, WindowError};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub tenant: Tenant,
    pub reminders: Reminders,
    pub hours: WeekHours,
    pub retries: Retries,
    pub limits: Limits,
    pub consent: Consent,
    pub quality: Quality,
    pub retell: Retell,
    pub vapi: Vapi,
    pub inbound: Inbound,
    pub booking: Booking,
    pub calendar: Calendar,
    pub crm: Crm,
    pub texts: Texts,
    pub extraction: Extraction,
    pub followups: Followups,
    pub line_check: LineCheck,
    pub retention: Retention,
    pub scripts: Scripts,
    pub announcements: Vec<Announcement>,
    pub alerts: Alerts,
    pub events: Events,
    pub report: Report,
}

/// The business itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenant {
    pub name: String,
    /// IANA name; the zone of every appointment that names none.
    pub timezone: String,
    /// ISO 3166 code of two letters: how national phone numbers are read.
    pub country: String,
    /// Off: everything is planned and nobody is dialed.
    pub live: bool,
    /// On unless switched off, so that a clinic never says too much by an omission.
    pub health_mode: bool,
    /// Who places the calls.
    pub voice_provider: VoiceProvider,
    /// How dates and times are spoken: `en-GB`, `en-US`, ….
    pub locale: String,
    /// The number a person is told to call back.
    pub callback_number: Option<String>,
}

/// When a reminder calls, before its appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reminders {
    /// Elapsed hours before the appointment, 1–168.
    pub call_before_hours: u16,
    /// A call moved forward must leave this many hours before the appointment, else it is moved backward.
    pub minimum_lead_hours: u16,
    /// No call within this many hours before the appointment.
    pub appointment_buffer_hours: u16,
    /// A call moved backward starts at least this many minutes before the calling hours end.
    pub last_start_minutes: u16,
    pub late_booking: LateBooking,
}

coded_enum! {
    /// What happens to an appointment made after its reminder was due.
    LateBooking {
        /// Call at the first open time from now on that respects the buffer.
        CallSoon = "call_soon",
        Skip = "skip",
    }
}

/// The calling hours of a week, and the days that are holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeekHours {
    pub monday: Vec<Window>,
    pub tuesday: Vec<Window>,
    pub wednesday: Vec<Window>,
    pub thursday: Vec<Window>,
    pub friday: Vec<Window>,
    pub saturday: Vec<Window>,
    pub sunday: Vec<Window>,
    /// England and Wales by default, whatever the tenant's country: a business elsewhere says `none` or lists its days.
    pub holidays: HolidayCalendar,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retries {
    /// Calls after the first, 0–5.
    pub max_retries: u8,
    pub strategy: RetryStrategy,
    pub no_answer_hours: u16,
    pub voicemail_hours: u16,
    pub busy_hours: u16,
    pub failed_hours: u16,
}

coded_enum! {
    /// How the delay before a retry is found.
    RetryStrategy {
        /// The outcome's delay, times 1.5 for each retry already made, 24 hours at most.
        Backoff = "backoff",
        /// By outcome and by what is known of the contact.
        Adaptive = "adaptive",
    }
}

/// Abuse limits of the tenant and caps per contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub per_15_minutes: u32,
    pub per_day: u32,
    pub concurrent: u32,
    /// Between two dials to one number; 0 for none.
    pub same_number_cooldown_minutes: u32,
    /// 0 for no cap.
    pub per_contact_per_day: u32,
    /// 0 for no cap.
    pub per_contact_per_week: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// Nobody is dialed without a recorded consent.
    pub required: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retell {
    pub agent_id: Option<String>,
    /// E.164.
    pub from_number: Option<String>,
    /// 0 for no limit.
    pub calls_per_second: u32,
    /// The key of Retell's `custom_analysis_data` that says what the person wanted.
    pub outcome_field: String,
}

/// The tenant's own script templates; without one, the built-in script is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scripts {
    pub health: Option<String>,
    pub general: Option<String>,
}

/// A dynamic variable of the voice agent, told only on its days (both ends included).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The name of the variable.
    pub name: String,
    pub text: String,
    #[serde(default)]
    pub from: Option<Date>,
    #[serde(default)]
    pub until: Option<Date>,
}

impl Settings {
    /// Reads a settings file. Answers with everything that is wrong with it, never only the first problem.
    pub fn from_toml(text: &str) -> Result<Settings, Vec<SettingsProblem>> {
        read::from_toml(text)
    }

    /// Everything in these settings that is invalid, contradicts itself or could never dial.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        problems::problems(self)
    }

    /// What is permitted but probably not meant.
    pub fn advice(&self) -> Vec<SettingsProblem> {
        problems::advice(self)
    }
}

impl Tenant {
    /// The zone of appointments that name none.
    pub fn zone(&self) -> Result<TimeZone, UnknownZone> {
        zone::find(&self.timezone)
    }

    /// As [`Tenant::zone`]. What is stored was checked; a name that only another version knows is read as UTC.
    pub fn zone_or_utc(&self) -> TimeZone {
        self.zone().unwrap_or(TimeZone::UTC)
    }

    /// How national phone numbers are read. What is stored was checked; a code of another version is read as the default.
    pub fn country(&self) -> Country {
        self.country.parse().unwrap_or(Country::GB)
    }
}

impl WeekHours {
    /// The windows of each day with the day's key, Monday first.
    pub fn days(&self) -> [(&'static str, &[Window]); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Tenant {
            name: String::new(),
            timezone: "Europe/London".to_owned(),
            country: "GB".to_owned(),
            live: false,
            health_mode: true,
            voice_provider: VoiceProvider::Retell,
            locale: "en-GB".to_owned(),
            callback_number: None,
        }
    }
}

impl Default for Reminders {
    fn default() -> Self {
        Reminders {
            call_before_hours: 24,
            minimum_lead_hours: 2,
            appointment_buffer_hours: 1,
            last_start_minutes: 60,
            late_booking: LateBooking::CallSoon,
        }
    }
}

impl Default for WeekHours {
    fn default() -> Self {
        let day = vec![Window::new(8 * 60, 20 * 60)];
        WeekHours {
            monday: day.clone(),
            tuesday: day.clone(),
            wednesday: day.clone(),
            thursday: day.clone(),
            friday: day,
            saturday: Vec::new(),
            sunday: Vec::new(),
            holidays: HolidayCalendar::EnglandAndWales,
        }
    }
}

impl Default for Retries {
    fn default() -> Self {
        Retries {
            max_retries: 2,
            strategy: RetryStrategy::Adaptive,
            no_answer_hours: 2,
            voicemail_hours: 8,
            busy_hours: 1,
            failed_hours: 4,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            per_15_minutes: 25,
            per_day: 300,
            concurrent: 5,
            same_number_cooldown_minutes: 60,
            per_contact_per_day: 6,
            per_contact_per_week: 20,
        }
    }
}

impl Default for Retell {
    fn default() -> Self {
        Retell {
            agent_id: None,
            from_number: None,
            calls_per_second: 1,
            outcome_field: "appointment_action".to_owned(),
        }
    }
}
