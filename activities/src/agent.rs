//! What the voice agent is told of a call: the stored facts, through the tenant's privacy rules.

use std::collections::BTreeMap;

use domain::{
    context::{self, BusinessFacts, ContextFacts},
    country::Country,
    phone::PhoneNumber,
    script::Mode,
    settings::Settings,
    spoken::{DayWindows, Locale},
};
use jiff::{Timestamp, tz::TimeZone};
use store::DialTarget;

pub(crate) fn variables(
    target: &DialTarget,
    settings: &Settings,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let tenant = &settings.tenant;
    let mode = Mode::of(tenant.health_mode);
    let script = match mode {
        Mode::Health => settings.scripts.health.as_deref(),
        Mode::General => settings.scripts.general.as_deref(),
    };
    let hours = settings.hours.days().map(|(_, windows)| {
        windows
            .iter()
            .map(|window| (window.from(), window.to()))
            .collect::<DayWindows>()
    });
    let callback_number = tenant
        .callback_number
        .as_deref()
        .or(settings.retell.from_number.as_deref());
    let callback_number = callback_number.and_then(|number| PhoneNumber::from_e164(number).ok());
    let facts = ContextFacts {
        mode,
        locale: Locale::of(&tenant.locale),
        name: &target.name,
        starts_at: target.reminder.appointment.starts_at,
        // Stored zones were checked when they came in; an unknown one would be spoken as UTC.
        zone: &TimeZone::get(&target.time_zone).unwrap_or(TimeZone::UTC),
        kind: target.kind.as_deref(),
        provider: target.practitioner.as_deref(),
        location: target.location.as_deref(),
        instructions: target.instructions.as_deref(),
        duration_minutes: target
            .duration_minutes
            .and_then(|minutes| u16::try_from(minutes).ok()),
        business: BusinessFacts {
            name: &tenant.name,
            country: tenant.country.parse().unwrap_or(Country::GB),
            callback_number: callback_number.as_ref(),
            hours: &hours,
        },
        script,
        announcements: &settings.announcements,
    };
    context::build(&facts, now)
}
