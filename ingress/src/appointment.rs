//! A stored appointment as the domain takes it.

use domain::context::AppointmentFacts;
use jiff::tz::TimeZone;
use store::Upcoming;

/// An appointment whose zone is read.
pub(crate) struct Zoned {
    pub(crate) stored: Upcoming,
    zone: TimeZone,
}

impl From<Upcoming> for Zoned {
    fn from(stored: Upcoming) -> Self {
        Self {
            // Stored zones were checked when they came in; an unknown one would be spoken as UTC.
            zone: TimeZone::get(&stored.time_zone).unwrap_or(TimeZone::UTC),
            stored,
        }
    }
}

impl Zoned {
    pub(crate) fn facts(&self) -> AppointmentFacts<'_> {
        let stored = &self.stored;
        AppointmentFacts {
            starts_at: stored.starts_at,
            zone: &self.zone,
            kind: stored.kind.as_deref(),
            provider: stored.practitioner.as_deref(),
            location: stored.location.as_deref(),
            instructions: stored.instructions.as_deref(),
            duration_minutes: stored.duration_minutes,
        }
    }
}
