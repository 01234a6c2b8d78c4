//! What the voice agent is told of a call: the stored facts, through the tenant's privacy rules.

use std::collections::BTreeMap;

use domain::{
    context::{self, Business, ContextFacts},
    script::Mode,
    settings::Settings,
    spoken::Locale,
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
    let business = Business::of(settings);
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
        business: business.facts(),
        script,
        announcements: &settings.announcements,
    };
    context::build(&facts, now)
}
