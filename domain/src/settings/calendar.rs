//! Settings of the calendars that say when the business is free. No secret is a setting: each calendar's is
//! stored encrypted, under the calendar's name.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::Span;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// By the tenant's own name for each. A time is free when it is free in all of them.
    pub calendars: BTreeMap<String, CalendarSource>,
    /// From one reading to the next.
    pub refresh_minutes: u16,
    /// What was read longer ago is not known any more.
    pub stale_minutes: u16,
    /// How far ahead is read.
    pub horizon_days: u16,
}

/// Where one calendar is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarSource {
    /// Always there in settings without problems.
    pub kind: Option<CalendarKind>,
    /// Google: the calendar, usually a mail address. Cal.com: the event type, as its number or `user/slug`.
    pub id: Option<String>,
}

coded_enum! {
    /// Whose calendar it is.
    CalendarKind {
        Google = "google",
        CalCom = "cal_com",
        /// A feed in the iCalendar format.
        Ical = "ical",
    }
}

coded_enum! {
    /// What has to be stored, encrypted, to read a calendar.
    CalendarSecret {
        /// The JSON file from Google with a service account's key, or with a refresh token.
        GoogleCredentials = "google_credentials",
        /// `cal_…`
        CalComKey = "cal_com_key",
        /// The feed's https address: whoever knows it can read the calendar.
        IcalAddress = "ical_address",
    }
}

impl CalendarKind {
    pub const fn secret(self) -> CalendarSecret {
        match self {
            CalendarKind::Google => CalendarSecret::GoogleCredentials,
            CalendarKind::CalCom => CalendarSecret::CalComKey,
            CalendarKind::Ical => CalendarSecret::IcalAddress,
        }
    }

    /// Whether nothing can be read without its secret. Cal.com tells anybody the times of a public event type.
    pub const fn needs_secret(self) -> bool {
        !matches!(self, CalendarKind::CalCom)
    }
}

impl Calendar {
    /// From one reading to the next.
    pub fn refresh_every(&self) -> SignedDuration {
        SignedDuration::from_mins(self.refresh_minutes.into())
    }

    /// The age from which on a reading says nothing.
    pub fn stale_after(&self) -> SignedDuration {
        SignedDuration::from_mins(self.stale_minutes.into())
    }

    /// What a reading asks for: from now to the horizon.
    pub fn asked(&self, now: Timestamp) -> Span {
        let ahead = SignedDuration::from_hours(24 * i64::from(self.horizon_days));
        Span {
            start: now,
            end: now.checked_add(ahead).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Calendar {
            calendars: BTreeMap::new(),
            refresh_minutes: 5,
            stale_minutes: 30,
            horizon_days: 60,
        }
    }
}
