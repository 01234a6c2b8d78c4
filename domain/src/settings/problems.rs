//! What is wrong with settings: invalid, contradictory or never dialing.

mod alerts;
mod booking;
mod calendar;
mod crm;
mod inbound;
mod quality;
mod retention;
mod texts;
mod vapi;

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::{Announcement, DAY_MINUTES, Settings, WeekHours, Window};
use crate::{
    context,
    country::Country,
    inbound as calls,
    script::{self, Mode},
};

const LONGEST_LEAD_HOURS: u16 = 168;
const LONGEST_RETRY_HOURS: u16 = 24;
const MOST_RETRIES: u8 = 5;
const LONGEST_COOLDOWN_MINUTES: u32 = 7 * 24 * 60;

/// One thing wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsProblem {
    /// The key with its section and place, such as `hours.monday[1]`.
    pub field: String,
    /// What was written there.
    pub value: String,
    /// What is wrong with it and what to write instead.
    pub reason: String,
}

impl SettingsProblem {
    pub fn new(
        field: impl Into<String>,
        value: impl fmt::Display,
        reason: impl Into<String>,
    ) -> SettingsProblem {
        SettingsProblem {
            field: field.into(),
            value: value.to_string(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.as_str() {
            "" => write!(f, "{}: {}", self.field, self.reason),
            value => write!(f, "{} = {value}: {}", self.field, self.reason),
        }
    }
}

pub(super) fn problems(settings: &Settings) -> Vec<SettingsProblem> {
    let mut found = Found(Vec::new());
    tenant(settings, &mut found);
    reminders(settings, &mut found);
    hours(&settings.hours, &mut found);
    retries(settings, &mut found);
    limits(settings, &mut found);
    quality::problems(&settings.quality, &mut found);
    retell(settings, &mut found);
    vapi::problems(&settings.vapi, &mut found);
    inbound::problems(&settings.inbound, &mut found);
    booking::problems(settings, &mut found);
    calendar::problems(&settings.calendar, &mut found);
    crm::problems(&settings.crm, &mut found);
    texts::problems(settings, &mut found);
    retention::problems(&settings.retention, &mut found);
    scripts(settings, &mut found);
    announcements(&settings.announcements, &mut found);
    alerts::problems(settings, &mut found);
    found.0
}

pub(super) fn advice(settings: &Settings) -> Vec<SettingsProblem> {
    let mut found = Found(Vec::new());
    let minutes = settings.reminders.last_start_minutes;
    let longest = longest_opening(&settings.hours);
    if longest > 0 && longest < minutes.into() {
        found.add(
            "reminders.last_start_minutes",
            minutes,
            format!("the longest calling hours last {longest} minutes, so no call can ever be moved to an earlier time"),
        );
    }
    let reminders = &settings.reminders;
    if reminders.minimum_lead_hours > reminders.call_before_hours {
        found.add(
            "reminders.minimum_lead_hours",
            reminders.minimum_lead_hours,
            "longer than call_before_hours, so a call in closed hours is always moved to an earlier time first",
        );
    }
    found.0
}

struct Found(Vec<SettingsProblem>);

impl Found {
    fn add(
        &mut self,
        field: impl Into<String>,
        value: impl fmt::Display,
        reason: impl Into<String>,
    ) {
        self.0.push(SettingsProblem::new(field, value, reason));
    }

    fn within(&mut self, field: &str, value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            self.add(field, value, format!("must be {least} to {most}"));
        }
    }

    fn at_least_one(&mut self, field: &str, value: u32) {
        if value == 0 {
            self.add(
                field,
                value,
                "with 0 nobody would ever be dialed; to stop dialing set tenant.live = false",
            );
        }
    }
}

fn tenant(settings: &Settings, found: &mut Found) {
    let tenant = &settings.tenant;
    if let Err(unknown) = tenant.zone() {
        found.add("tenant.timezone", &tenant.timezone, unknown.to_string());
    }
    if !is_country(&tenant.country) {
        let reason = match tenant.country.parse::<Country>() {
            Ok(country) => format!("write {}", country.code()),
            Err(unknown) => unknown.to_string(),
        };
        found.add("tenant.country", &tenant.country, reason);
    }
    if !is_locale(&tenant.locale) {
        found.add(
            "tenant.locale",
            &tenant.locale,
            "must be a language and a country, such as en-GB",
        );
    }
    if let Some(number) = &tenant.callback_number
        && !is_speakable_number(number)
    {
        found.add("tenant.callback_number", number, "must be a phone number");
    }
    if tenant.live {
        for field in settings.missing_for_dialing() {
            found.add(field, "", "needed before tenant.live can be true");
        }
    }
}

fn reminders(settings: &Settings, found: &mut Found) {
    let reminders = &settings.reminders;
    let (ahead, lead, buffer) = (
        reminders.call_before_hours,
        reminders.minimum_lead_hours,
        reminders.appointment_buffer_hours,
    );
    let most = LONGEST_LEAD_HOURS.into();
    found.within("reminders.call_before_hours", ahead.into(), 1, most);
    found.within("reminders.minimum_lead_hours", lead.into(), 0, most);
    found.within("reminders.appointment_buffer_hours", buffer.into(), 0, most);
    found.within(
        "reminders.last_start_minutes",
        reminders.last_start_minutes.into(),
        0,
        u32::from(DAY_MINUTES) - 1,
    );
    if lead < buffer {
        let reason = format!("must not be less than appointment_buffer_hours ({buffer})");
        found.add("reminders.minimum_lead_hours", lead, reason);
    }
    if ahead < buffer {
        let reason =
            format!("lies inside appointment_buffer_hours ({buffer}), when nobody is called");
        found.add("reminders.call_before_hours", ahead, reason);
    }
}

fn hours(hours: &WeekHours, found: &mut Found) {
    for (day, windows) in hours.days() {
        for (index, window) in windows.iter().enumerate() {
            let earlier = windows.iter().take(index);
            if let Some(reason) = window_problem(*window, earlier.copied()) {
                found.add(format!("hours.{day}[{index}]"), window, reason);
            }
        }
    }
    if hours.days().iter().all(|(_, windows)| windows.is_empty()) {
        found.add(
            "hours",
            "",
            "no calling hours on any day of the week: nobody would ever be dialed",
        );
    }
}

fn window_problem(window: Window, mut earlier: impl Iterator<Item = Window>) -> Option<String> {
    if window.from() == window.to() {
        return Some("is empty: it ends when it starts; all day is \"00:00-24:00\"".to_owned());
    }
    if window.to() < window.from() {
        let evening = Window::new(window.from(), DAY_MINUTES);
        let advice = match window.to() {
            0 => format!("ends before it starts; write \"{evening}\""),
            to => {
                let morning = Window::new(0, to);
                format!(
                    "ends before it starts; write two windows on two days: \"{evening}\" and \"{morning}\" on the next day"
                )
            }
        };
        return Some(advice);
    }
    let overlapping =
        earlier.find(|other| other.from() < window.to() && window.from() < other.to())?;
    Some(format!("overlaps \"{overlapping}\" on the same day"))
}

fn retries(settings: &Settings, found: &mut Found) {
    let retries = &settings.retries;
    found.within(
        "retries.max_retries",
        retries.max_retries.into(),
        0,
        MOST_RETRIES.into(),
    );
    for (field, hours) in [
        ("retries.no_answer_hours", retries.no_answer_hours),
        ("retries.voicemail_hours", retries.voicemail_hours),
        ("retries.busy_hours", retries.busy_hours),
        ("retries.failed_hours", retries.failed_hours),
    ] {
        found.within(field, hours.into(), 1, LONGEST_RETRY_HOURS.into());
    }
}

fn limits(settings: &Settings, found: &mut Found) {
    let limits = &settings.limits;
    found.at_least_one("limits.per_15_minutes", limits.per_15_minutes);
    found.at_least_one("limits.per_day", limits.per_day);
    found.at_least_one("limits.concurrent", limits.concurrent);
    let cooldown = limits.same_number_cooldown_minutes;
    found.within(
        "limits.same_number_cooldown_minutes",
        cooldown,
        0,
        LONGEST_COOLDOWN_MINUTES,
    );
}

const NUMBER: &str = "must be an E.164 number: + and the country code, 8 to 15 digits, no spaces";

fn retell(settings: &Settings, found: &mut Found) {
    let retell = &settings.retell;
    if let Some(number) = retell.from_number.as_deref()
        && !number.trim().is_empty()
        && !is_e164(number)
    {
        found.add("retell.from_number", number, NUMBER);
    }
    if let Some(agent) = retell.agent_id.as_deref()
        && agent.contains(char::is_whitespace)
    {
        found.add(
            "retell.agent_id",
            agent,
            "must be Retell's id of the agent, without spaces",
        );
    }
    if !is_variable_name(&retell.outcome_field) {
        found.add(
            "retell.outcome_field",
            &retell.outcome_field,
            "must be a name of letters, digits and _",
        );
    }
}

/// Both scripts are checked, whichever mode is on: switching it must not be what brings a bad one to light.
fn scripts(settings: &Settings, found: &mut Found) {
    let announced = settings.announcements.iter();
    let own_names: Vec<&str> = announced.map(|each| each.name.as_str()).collect();
    for (field, mode, template) in [
        ("scripts.health", Mode::Health, &settings.scripts.health),
        ("scripts.general", Mode::General, &settings.scripts.general),
    ] {
        let checked = template
            .as_deref()
            .map(|text| script::check(text, mode, &own_names));
        for problem in checked.and_then(Result::err).into_iter().flatten() {
            // The reason names the place; the whole script would only bury it.
            found.add(field, "", problem.to_string());
        }
    }
}

fn announcements(announcements: &[Announcement], found: &mut Found) {
    let mut names = BTreeSet::new();
    for (index, announcement) in announcements.iter().enumerate() {
        let field = |key: &str| format!("announcements[{index}].{key}");
        if !is_variable_name(&announcement.name) {
            found.add(
                field("name"),
                &announcement.name,
                "must be a name of letters, digits and _",
            );
        }
        let mut taken = context::VARIABLES.iter().chain(calls::VARIABLES);
        if taken.any(|name| *name == announcement.name) {
            found.add(
                field("name"),
                &announcement.name,
                "is a variable of every call already; choose another name",
            );
        }
        if !names.insert(announcement.name.as_str())
            && announcement.from.is_none()
            && announcement.until.is_none()
        {
            found.add(
                field("name"),
                &announcement.name,
                "is announced twice; give each its dates",
            );
        }
        if announcement.text.trim().is_empty() {
            found.add(field("text"), "", "says nothing");
        }
        if let (Some(from), Some(until)) = (announcement.from, announcement.until)
            && until < from
        {
            found.add(
                field("until"),
                until,
                format!("is before its first day, {from}"),
            );
        }
    }
}

/// The longest stretch of calling hours in the week in minutes, counted across midnight.
fn longest_opening(hours: &WeekHours) -> u32 {
    let (mut longest, mut current, mut closes) = (0, 0, None);
    // Twice around, so that Sunday night may run into Monday.
    for day in 0..14 {
        let start = day * u32::from(DAY_MINUTES);
        let days = hours.days();
        let Some((_, windows)) = days.get(day as usize % 7) else {
            continue;
        };
        let mut windows = windows.to_vec();
        windows.sort_unstable();
        for window in windows {
            let opens = start + u32::from(window.from());
            current = if closes == Some(opens) { current } else { 0 } + u32::from(window.minutes());
            closes = Some(start + u32::from(window.to()));
            longest = longest.max(current);
        }
    }
    longest
}

fn is_country(code: &str) -> bool {
    code.parse::<Country>()
        .is_ok_and(|country| country.code() == code)
}

fn is_locale(locale: &str) -> bool {
    let (language, country) = locale.split_once('-').unwrap_or((locale, "GB"));
    language.len() == 2
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && is_country(country)
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_speakable_number(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (3..=15).contains(&digits)
        && number
            .chars()
            .all(|char| char.is_ascii_digit() || "+ -().".contains(char))
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && name
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_')
}

#[cfg(test)]
mod tests;
