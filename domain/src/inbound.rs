//! Inbound calls: who is calling, on which line, and what the agent who answers is told.
//!
//! A number says whose phone rings, not who holds it. So the agent asks for the name on every call, and nobody is taken
//! for somebody unless exactly one contact has the number.

mod caller;
mod discretion;
mod line;
mod sensitive;
mod sentiment;
mod shown;
mod summary;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::{
    appointment::AppointmentStatus,
    call::{CallOutcome, Direction, Sentiment},
    context::{self, AppointmentFacts, BusinessFacts, names},
    phone::PhoneNumber,
    script::Mode,
    settings::{Announcement, Told},
    spoken::Locale,
};

pub use caller::{Caller, CallerNumber, caller_number, recognise};
pub use line::{Called, Line, line};
pub use sensitive::is_sensitive;
pub use sentiment::{Trend, trend};
use shown::{Person, Shown};

/// The built-in variables of an inbound call besides [`context::VARIABLES`]. All of both are always told; one without a
/// value is empty or neutral.
pub const VARIABLES: &[&str] = &[
    "caller",
    "is_known",
    "ask_name",
    "greeting",
    "appointment_count",
    "last_topic",
    "memory_summary",
    "memory_json",
];

/// Everything the memory of a caller is made of.
#[derive(Clone)]
pub struct MemoryFacts<'a> {
    pub mode: Mode,
    pub locale: Locale,
    pub line: Line,
    pub caller: Caller,
    /// The tenant's choice.
    pub tell: &'a [Told],
    /// The tenant's zone: of announcements, free times and past calls.
    pub zone: &'a TimeZone,
    pub business: BusinessFacts<'a>,
    pub announcements: &'a [Announcement],
    /// The person's name as it is stored; may be empty.
    pub name: &'a str,
    /// Those to come, soonest first.
    pub appointments: &'a [AppointmentFacts<'a>],
    pub last_call: Option<LastCall<'a>>,
    /// Of the last calls, the newest first.
    pub sentiments: &'a [Sentiment],
    /// What is open and may be told.
    pub issues: &'a [&'a str],
    /// Whether a colleague is to call this number back, and has not yet.
    pub awaits_call: bool,
    /// Whether a sensitive note still waits for a person. Until then no words of past calls and no issues are told.
    pub held_back: bool,
    pub profile: Profile<'a>,
    /// Soonest first; `None` when what is free is not known.
    pub free_slots: Option<&'a [Timestamp]>,
}

/// The last call with this person.
#[derive(Clone, Copy)]
pub struct LastCall<'a> {
    pub at: Timestamp,
    /// A few words that fit after "we discussed", such as `bookkeeping`.
    pub topic: Option<&'a str>,
    /// What was said, in whole sentences.
    pub summary: Option<&'a str>,
}

/// What is known of a person besides. Empty where the tenant does not tell it.
#[derive(Clone, Copy, Default)]
pub struct Profile<'a> {
    pub email: Option<&'a str>,
    pub numbers: &'a [PhoneNumber],
    pub address: Option<&'a str>,
    /// What colleagues and the CRM remark, preferences among it.
    pub remarks: Option<&'a str>,
    /// Those that were, the newest first.
    pub appointments: &'a [PastAppointment<'a>],
    /// Those that are over, the newest first.
    pub calls: &'a [EarlierCall<'a>],
}

/// An appointment whose time is over.
#[derive(Clone, Copy)]
pub struct PastAppointment<'a> {
    pub starts_at: Timestamp,
    pub zone: &'a TimeZone,
    pub kind: Option<&'a str>,
    pub provider: Option<&'a str>,
    pub status: AppointmentStatus,
}

/// One of the last calls with this person.
#[derive(Clone, Copy)]
pub struct EarlierCall<'a> {
    pub at: Timestamp,
    pub direction: Direction,
    pub topic: Option<&'a str>,
    pub outcome: CallOutcome,
}

/// What the agent is told, in three forms of the same content. It holds personal data and so has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Memory {
    /// The dynamic variables, all of them text.
    pub variables: BTreeMap<String, String>,
    /// In plain sentences.
    pub summary: String,
    pub json: Value,
}

/// What the agent of an inbound call at `now` is told.
pub fn build(facts: &MemoryFacts<'_>, now: Timestamp) -> Memory {
    let shown = Shown::of(facts, now);
    let summary = summary::summary(&shown);
    // Texts and numbers can always be written.
    let json = serde_json::to_value(&shown).unwrap_or_default();
    let today = facts.zone.to_datetime(now).date();
    let mut variables = context::announced(facts.announcements, facts.mode, today);
    // After the announcements, so that none of them replaces a built-in variable.
    for name in context::VARIABLES.iter().chain(VARIABLES) {
        variables.insert((*name).to_owned(), String::new());
    }
    let mut tell = |name: &str, value: String| variables.insert(name.to_owned(), value);
    for (name, value) in of_person(shown.person.as_ref(), now) {
        tell(name, value);
    }
    let business = context::business(&facts.business, facts.locale);
    let [(_, business_name), ..] = &business;
    let greeting = summary::greeting(&shown, business_name);
    for (name, value) in business {
        tell(name, value);
    }
    tell("call_purpose", "inbound_call".to_owned());
    tell("caller", shown.caller.to_string());
    tell("is_known", shown.is_known.to_string());
    tell("ask_name", shown.ask_name.to_string());
    // For an agent that also places reminder calls and begins with this variable.
    tell(context::OPENING_SCRIPT, greeting.clone());
    tell("greeting", greeting);
    tell("memory_summary", summary.clone());
    tell("memory_json", json.to_string());
    Memory {
        variables,
        summary,
        json,
    }
}

fn of_person(person: Option<&Person>, now: Timestamp) -> Vec<(&'static str, String)> {
    let name = |name: Option<&String>| name.map_or(names::NOBODY, String::as_str).to_owned();
    let Some(person) = person else {
        return vec![
            ("customer_name", name(None)),
            ("customer_first_name", name(None)),
        ];
    };
    let mut told = vec![
        ("customer_name", name(person.name.as_ref())),
        ("customer_first_name", name(person.first_name.as_ref())),
    ];
    if let Some(next) = person.appointments.first() {
        told.extend(next.variables.clone());
        told.push(("urgency", context::urgency(next.at, now).to_owned()));
    }
    let count = person.appointment_count;
    told.extend(count.map(|count| ("appointment_count", count.to_string())));
    let topic = person.last_topic();
    told.extend(topic.map(|topic| ("last_topic", topic.to_owned())));
    told
}
