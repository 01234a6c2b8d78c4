//! What the voice agent is told about a call: names and texts for its dynamic variables.
//!
//! In health mode anybody may be listening: the agent is told a first name, a place and a time, and nothing from which an
//! illness could be guessed.

mod business;
pub(crate) mod names;
pub mod privacy;
pub(crate) mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::{
    country::Country,
    phone::PhoneNumber,
    script::{self, Mode},
    settings::Announcement,
    spoken::{self, DayWindows, Locale},
};
pub use business::Business;
use text::{clean, or_neutral, permitted};

/// The longest instructions the agent is told, in characters.
pub const LONGEST_INSTRUCTIONS: usize = 300;
/// The longest of every other text.
pub(crate) const LONGEST_TEXT: usize = 200;
/// Less than this before the appointment, a call is urgent.
const URGENT: SignedDuration = SignedDuration::from_hours(4);
/// Less than this before, it is an ordinary reminder; more, an early one.
const ORDINARY: SignedDuration = SignedDuration::from_hours(48);

/// The name of the variable that holds the rendered script.
pub const OPENING_SCRIPT: &str = "opening_script";

/// Every built-in variable. All of them are always told; one without a value is empty or neutral.
pub const VARIABLES: &[&str] = &[
    "customer_name",
    "customer_first_name",
    "appointment_day",
    "appointment_date",
    "appointment_time",
    "appointment_full",
    "appointment_type",
    "appointment_duration",
    "appointment_location",
    "provider_name",
    "special_instructions",
    "business_name",
    "callback_number",
    "business_hours",
    "call_purpose",
    "urgency",
    OPENING_SCRIPT,
];

pub(crate) const NEUTRAL_INSTRUCTIONS: &str =
    "Please follow any instructions you were given for your visit.";
const NEUTRAL_PROVIDER: &str = "your provider";
const NEUTRAL_LOCATION: &str = "our usual address";
const NEUTRAL_DURATION: &str = "your scheduled time";
const NEUTRAL_BUSINESS: &str = "your provider's office";
const NEUTRAL_NUMBER: &str = "our usual number";
const NEUTRAL_HOURS: &str = "our usual hours";

/// Everything a context is made of.
#[derive(Clone)]
pub struct ContextFacts<'a> {
    pub mode: Mode,
    pub locale: Locale,
    /// The person's name as it is stored; may be empty.
    pub name: &'a str,
    pub starts_at: Timestamp,
    /// The appointment's zone: the clock at the place one has to be at.
    pub zone: &'a TimeZone,
    pub kind: Option<&'a str>,
    pub provider: Option<&'a str>,
    pub location: Option<&'a str>,
    pub instructions: Option<&'a str>,
    pub duration_minutes: Option<u16>,
    pub business: BusinessFacts<'a>,
    /// The tenant's own script; `None` for the built-in one of the mode.
    pub script: Option<&'a str>,
    pub announcements: &'a [Announcement],
}

impl ContextFacts<'_> {
    fn appointment(&self) -> AppointmentFacts<'_> {
        AppointmentFacts {
            starts_at: self.starts_at,
            zone: self.zone,
            kind: self.kind,
            provider: self.provider,
            location: self.location,
            instructions: self.instructions,
            duration_minutes: self.duration_minutes,
        }
    }
}

/// What is told about one appointment.
#[derive(Clone, Copy)]
pub struct AppointmentFacts<'a> {
    pub starts_at: Timestamp,
    /// The clock at the place one has to be at.
    pub zone: &'a TimeZone,
    pub kind: Option<&'a str>,
    pub provider: Option<&'a str>,
    pub location: Option<&'a str>,
    pub instructions: Option<&'a str>,
    pub duration_minutes: Option<u16>,
}

/// What is told about the tenant.
#[derive(Clone)]
pub struct BusinessFacts<'a> {
    pub name: &'a str,
    /// How the callback number is written.
    pub country: Country,
    pub callback_number: Option<&'a PhoneNumber>,
    /// Monday first.
    pub hours: &'a [DayWindows; 7],
}

/// The dynamic variables for a call at `now`, all of them text.
pub fn build(facts: &ContextFacts<'_>, now: Timestamp) -> BTreeMap<String, String> {
    let today = facts.zone.to_datetime(now).date();
    let mut variables = announced(facts.announcements, facts.mode, today);
    // After the announcements, so that none of them replaces a built-in variable.
    for (name, value) in person(facts.name, facts.mode)
        .into_iter()
        .chain(appointment(&facts.appointment(), facts.mode, facts.locale))
        .chain(business(&facts.business, facts.locale))
    {
        variables.insert(name.to_owned(), value);
    }
    variables.insert("call_purpose".to_owned(), "appointment_reminder".to_owned());
    variables.insert(
        "urgency".to_owned(),
        urgency(facts.starts_at, now).to_owned(),
    );
    let template = facts.script.unwrap_or(facts.mode.default_script());
    let script = script::render(template, &variables);
    variables.insert(OPENING_SCRIPT.to_owned(), script);
    variables
}

/// `high` under 4 hours before the appointment, `normal` under 48, else `low`.
pub fn urgency(starts_at: Timestamp, now: Timestamp) -> &'static str {
    let left = now.duration_until(starts_at);
    if left < URGENT {
        "high"
    } else if left < ORDINARY {
        "normal"
    } else {
        "low"
    }
}

/// The name as the mode permits it.
pub(crate) fn person(name: &str, mode: Mode) -> [(&'static str, String); 2] {
    let first = names::first(name);
    match mode {
        Mode::General => [
            ("customer_name", names::full(name)),
            ("customer_first_name", first),
        ],
        Mode::Health => {
            let first = privacy::discreet(&first).unwrap_or_else(|| names::NOBODY.to_owned());
            [
                ("customer_name", first.clone()),
                ("customer_first_name", first),
            ]
        }
    }
}

pub(crate) fn appointment(
    facts: &AppointmentFacts<'_>,
    mode: Mode,
    locale: Locale,
) -> [(&'static str, String); 9] {
    let local = facts.zone.to_datetime(facts.starts_at);
    // A doctor's name can give away a specialty, as the kind of appointment does.
    let shown = |given: Option<&str>, neutral| match mode {
        Mode::General => or_neutral(clean(given.unwrap_or_default(), LONGEST_TEXT), neutral),
        Mode::Health => neutral.to_owned(),
    };
    let location = permitted(facts.location, mode, LONGEST_TEXT);
    [
        ("appointment_day", spoken::day(local.date()).to_owned()),
        ("appointment_date", spoken::date(local.date(), locale)),
        ("appointment_time", spoken::time(local.time())),
        ("appointment_full", spoken::day_and_time(local, locale)),
        ("appointment_type", shown(facts.kind, "appointment")),
        (
            "appointment_duration",
            facts
                .duration_minutes
                .map_or(NEUTRAL_DURATION.to_owned(), spoken::duration),
        ),
        (
            "appointment_location",
            or_neutral(location.unwrap_or_default(), NEUTRAL_LOCATION),
        ),
        ("provider_name", shown(facts.provider, NEUTRAL_PROVIDER)),
        (
            "special_instructions",
            permitted(facts.instructions, mode, LONGEST_INSTRUCTIONS)
                .unwrap_or_else(|| NEUTRAL_INSTRUCTIONS.to_owned()),
        ),
    ]
}

pub(crate) fn business(
    business: &BusinessFacts<'_>,
    locale: Locale,
) -> [(&'static str, String); 3] {
    let number = business
        .callback_number
        .map(|number| number.for_people(business.country));
    [
        (
            "business_name",
            or_neutral(clean(business.name, LONGEST_TEXT), NEUTRAL_BUSINESS),
        ),
        (
            "callback_number",
            number.unwrap_or_else(|| NEUTRAL_NUMBER.to_owned()),
        ),
        (
            "business_hours",
            or_neutral(spoken::hours(business.hours, locale), NEUTRAL_HOURS),
        ),
    ]
}

/// The announcements that hold today. In health mode, one with a medical word is left out.
pub(crate) fn announced(
    announcements: &[Announcement],
    mode: Mode,
    today: Date,
) -> BTreeMap<String, String> {
    let holds = |announcement: &&Announcement| {
        announcement.from.is_none_or(|from| from <= today)
            && announcement.until.is_none_or(|until| today <= until)
    };
    let told = |announcement: &Announcement| {
        let text = permitted(Some(&announcement.text), mode, LONGEST_INSTRUCTIONS)?;
        Some((announcement.name.clone(), text))
    };
    announcements
        .iter()
        .filter(holds)
        .filter_map(told)
        .collect()
}
