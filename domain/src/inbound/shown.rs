//! What of the facts an agent is told: chosen by the tenant, discreet in health mode, cut to length.
//!
//! Variables, summary and JSON are made of this alone, so that each rule of privacy stands in one place. As JSON, what is
//! not known or not told has no key.

mod profile;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{Caller, Line, MemoryFacts, Trend, discretion::Discretion, sentiment};
use crate::{
    context::{
        self, AppointmentFacts, LONGEST_INSTRUCTIONS, LONGEST_TEXT, NEUTRAL_INSTRUCTIONS, names,
    },
    script::Mode,
    settings::Told,
    spoken::{self, Locale},
};
use profile::Profile;
pub(super) use profile::{Call, Contact, Past};

const MOST_APPOINTMENTS: usize = 5;
const MOST_ISSUES: usize = 5;
/// Beside what they left in words.
const AWAITED: &str = "a colleague is to call them back";
const MOST_FREE_TIMES: usize = 8;
/// In characters.
const LONGEST_TOPIC: usize = 80;
const LONGEST_SUMMARY: usize = 300;

#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(skip)]
    pub(super) line: Line,
    pub(super) caller: Caller,
    pub(super) is_known: bool,
    /// Always: somebody else may hold the phone.
    pub(super) ask_name: bool,
    /// Nobody unless one contact is known, on a line of ours.
    #[serde(flatten)]
    pub(super) person: Option<Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) free_times: Option<FreeTimes>,
}

#[derive(Serialize)]
pub(super) struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_name: Option<String>,
    /// All that are to come; `None` when they are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) appointment_count: Option<usize>,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) appointments: Vec<Appointment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_call: Option<PastCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sentiment: Option<Trend>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) issues: Vec<String>,
    #[serde(flatten)]
    pub(super) profile: Profile,
    /// That something is held back, not what.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) held_back: bool,
}

#[derive(Serialize)]
pub(super) struct Appointment {
    #[serde(flatten)]
    pub(super) time: Time,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instructions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration_minutes: Option<u16>,
    #[serde(skip)]
    pub(super) at: Timestamp,
    /// The same as a reminder tells.
    #[serde(skip)]
    pub(super) variables: [(&'static str, String); 9],
}

#[derive(Serialize)]
pub(super) struct PastCall {
    pub(super) date: Date,
    /// `yesterday`, `on Friday the 2nd of January`.
    #[serde(skip)]
    pub(super) day: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FreeTimes {
    Unknown,
    #[serde(untagged)]
    Known(Vec<Time>),
}

#[derive(Serialize)]
pub(super) struct Time {
    /// RFC 3339, with the offset of the place.
    starts_at: String,
    pub(super) spoken: String,
}

impl Person {
    /// `Jason`; the whole name of somebody whose first name is not known, as `Mr Smith`.
    pub(super) fn called(&self) -> Option<&str> {
        self.first_name.as_deref().or(self.name.as_deref())
    }

    pub(super) fn last_topic(&self) -> Option<&str> {
        self.last_call.as_ref()?.topic.as_deref()
    }
}

impl Shown {
    pub(super) fn of(facts: &MemoryFacts<'_>, now: Timestamp) -> Shown {
        // Whether somebody is known is not told on a foreign line either.
        let caller = match (facts.line, facts.caller) {
            (Line::Ours, caller) => caller,
            (_, Caller::Withheld) => Caller::Withheld,
            _ => Caller::Unknown,
        };
        let choice = Choice {
            facts,
            now,
            discretion: Discretion::of(facts),
        };
        let is_known = caller == Caller::Known;
        Shown {
            line: facts.line,
            caller,
            is_known,
            ask_name: true,
            person: is_known.then(|| choice.person()),
            free_times: choice.free_times(),
        }
    }
}

struct Choice<'a> {
    facts: &'a MemoryFacts<'a>,
    now: Timestamp,
    discretion: Discretion,
}

impl Choice<'_> {
    fn tells(&self, what: Told) -> bool {
        self.facts.tell.contains(&what)
    }

    fn person(&self) -> Person {
        let facts = self.facts;
        let is_general = facts.mode == Mode::General;
        let [(_, name), (_, first_name)] = context::person(facts.name, facts.mode);
        let named =
            |name: String| (self.tells(Told::Name) && name != names::NOBODY).then_some(name);
        let appointments = self.tells(Told::Appointments).then_some(facts.appointments);
        let told = appointments.unwrap_or_default().iter();
        Person {
            name: named(name),
            first_name: named(first_name),
            appointment_count: appointments.map(<[_]>::len),
            appointments: told
                .take(MOST_APPOINTMENTS)
                .map(|each| self.appointment(each))
                .collect(),
            last_call: self.last_call(),
            sentiment: (self.tells_of_the_past(Told::Sentiment) && is_general)
                .then(|| sentiment::trend(facts.sentiments))
                .flatten(),
            issues: self.issues(),
            profile: self.profile(),
            held_back: facts.held_back && is_general && self.tells(Told::Issues),
        }
    }

    /// What waits for a person may be what the last call was about: until then nothing is told of either.
    fn tells_of_the_past(&self, what: Told) -> bool {
        self.tells(what) && !self.facts.held_back
    }

    fn appointment(&self, facts: &AppointmentFacts<'_>) -> Appointment {
        let (mode, locale) = (self.facts.mode, self.facts.locale);
        let text = |text: Option<&str>, limit| self.discretion.text(text?, limit);
        let detail = |text: Option<&str>| self.discretion.detail(text?, LONGEST_TEXT);
        let location = text(facts.location, LONGEST_TEXT);
        let instructions = text(facts.instructions, LONGEST_INSTRUCTIONS);
        let given = facts.instructions.filter(|given| !given.trim().is_empty());
        let discreet = AppointmentFacts {
            location: location.as_deref(),
            instructions: given.map(|_| instructions.as_deref().unwrap_or(NEUTRAL_INSTRUCTIONS)),
            ..*facts
        };
        Appointment {
            time: Time::of(facts.starts_at, facts.zone, locale),
            at: facts.starts_at,
            kind: detail(facts.kind),
            provider: detail(facts.provider),
            variables: context::appointment(&discreet, mode, locale),
            location,
            instructions,
            duration_minutes: facts.duration_minutes,
        }
    }

    fn last_call(&self) -> Option<PastCall> {
        let facts = self.facts;
        let call = facts.last_call.filter(|_| self.tells(Told::LastCall))?;
        let words = |text: Option<&str>, limit| {
            let text = text.filter(|_| self.tells_of_the_past(Told::LastCall))?;
            self.discretion.phrase(text, limit)
        };
        let date = facts.zone.to_datetime(call.at).date();
        Some(PastCall {
            date,
            day: self.day(date),
            topic: words(call.topic, LONGEST_TOPIC),
            summary: words(call.summary, LONGEST_SUMMARY),
        })
    }

    fn issues(&self) -> Vec<String> {
        if !self.tells_of_the_past(Told::Issues) {
            return Vec::new();
        }
        let issues = self.facts.issues.iter();
        let issues = issues.filter_map(|issue| self.discretion.phrase(issue, LONGEST_TEXT));
        let awaited = self.facts.awaits_call.then(|| AWAITED.to_owned());
        awaited
            .into_iter()
            .chain(issues)
            .take(MOST_ISSUES)
            .collect()
    }

    /// The free times to come. A list of nothing but the past is out of date: what is free now is unknown.
    fn free_times(&self) -> Option<FreeTimes> {
        let facts = self.facts;
        if !self.tells(Told::FreeTimes) || facts.line != Line::Ours {
            return None;
        }
        let Some(slots) = facts.free_slots else {
            return Some(FreeTimes::Unknown);
        };
        let times: Vec<Time> = slots
            .iter()
            .filter(|at| **at > self.now)
            .take(MOST_FREE_TIMES)
            .map(|at| Time::of(*at, facts.zone, facts.locale))
            .collect();
        if times.is_empty() && !slots.is_empty() {
            return Some(FreeTimes::Unknown);
        }
        Some(FreeTimes::Known(times))
    }
}

impl Time {
    fn of(at: Timestamp, zone: &TimeZone, locale: Locale) -> Time {
        Time {
            starts_at: at.display_with_offset(zone.to_offset(at)).to_string(),
            spoken: spoken::day_and_time(zone.to_datetime(at), locale),
        }
    }
}

/// With the year, where it is another one.
fn past_day(date: Date, today: Date, locale: Locale) -> String {
    if date == today {
        return "today".to_owned();
    }
    if date.tomorrow().is_ok_and(|next| next == today) {
        return "yesterday".to_owned();
    }
    let day = spoken::day_and_date(date, locale);
    let comma = if locale == Locale::American { "," } else { "" };
    if date.year() == today.year() {
        format!("on {day}")
    } else {
        format!("on {day}{comma} {}", date.year())
    }
}
