//! How far ahead has to be looked for a wish. Most are met in the days to come; only what is not takes reading, in a
//! business with many appointments, all that stand until the horizon.

use jiff::{SignedDuration, Timestamp};

use super::{Deed, Want, Wanted, Wish, decide::MOST_FREE_TIMES};
use crate::settings::Settings;

/// So many days from the first time that suits are looked through first.
const NEAR_DAYS: i64 = 5;

/// The same settings with a nearer horizon, for a wish to be decided by first; `None` when it reaches as far as theirs.
pub fn near(now: Timestamp, wish: &Wish, settings: &Settings) -> Option<Settings> {
    let zone = settings.tenant.zone_or_utc();
    let wanted = match &wish.want {
        Want::FreeSlots(search) => match search.from {
            Some(day) => day.to_zoned(zone).ok()?.timestamp(),
            None => now,
        },
        Want::Book { at: wanted, .. } | Want::Reschedule { to: wanted } => match (*wanted)? {
            Wanted::At(at, _) => at,
            Wanted::Day(day) => day.to_zoned(zone).ok()?.timestamp(),
        },
        _ => return None,
    };
    nearer(now, wanted, settings)
}

/// The same settings with a horizon some days from the first time that can be booked after `wanted`.
pub fn nearer(now: Timestamp, wanted: Timestamp, settings: &Settings) -> Option<Settings> {
    let notice = SignedDuration::from_hours(settings.booking.notice_hours.into());
    let ahead = wanted.duration_since(now).max(notice);
    let days = u16::try_from(ahead.as_hours().checked_div(24)? + NEAR_DAYS).ok()?;
    (days < settings.booking.horizon_days).then(|| {
        let mut near = settings.clone();
        near.booking.horizon_days = days;
        near
    })
}

/// Whether what was decided by a nearer horizon is what the farther one would have led to.
pub fn is_the_same_farther(deed: &Deed, wish: &Wish) -> bool {
    let offers_all = || {
        let offered = deed
            .answer
            .json
            .get("free_times")
            .and_then(|told| told.as_array());
        offered.is_some_and(|told| told.len() >= MOST_FREE_TIMES)
    };
    deed.refusal.is_none() && (!matches!(wish.want, Want::FreeSlots(_)) || offers_all())
}
