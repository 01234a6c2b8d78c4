//! What is known of the time that is taken: our own appointments, and what the calendars said when they were last read.

use domain::{
    desk::{Taken, nearer},
    settings::Settings,
    slots::{self, Calendar, Offer, Reading, Span},
};
use jiff::{SignedDuration, Timestamp};
use store::{Result, TenantTx};

/// As many free times as are ever told.
const MOST_FREE: usize = 8;
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Everything but the hours that free times are found from.
pub(crate) struct Times {
    pub(crate) calendar: Calendar,
    pub(crate) taken: Vec<Taken>,
}

impl Default for Times {
    /// Where no time is given away.
    fn default() -> Self {
        Self {
            calendar: Calendar::NotKept,
            taken: Vec::new(),
        }
    }
}

impl Times {
    /// Reads what is stored; no calendar is asked.
    pub(crate) async fn of(
        tx: &mut TenantTx,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Times> {
        if !settings.booking.enabled {
            return Ok(Times::default());
        }
        Ok(Times {
            calendar: calendar(tx, settings, now).await?,
            taken: taken(tx, settings, now).await?,
        })
    }

    /// The first times that can be booked; `None` when it is not known which they are. The next days mostly have as
    /// many as are told, so that no more has to be read.
    pub(crate) async fn first_free(
        tx: &mut TenantTx,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Option<Vec<Timestamp>>> {
        if let Some(near) = nearer(now, now, settings) {
            let free = Times::of(tx, &near, now).await?.free(&near, now);
            if free.as_ref().is_some_and(|free| free.len() >= MOST_FREE) {
                return Ok(free);
            }
        }
        Ok(Times::of(tx, settings, now).await?.free(settings, now))
    }

    fn free(&self, settings: &Settings, now: Timestamp) -> Option<Vec<Timestamp>> {
        let taken: Vec<Span> = self.taken.iter().map(|each| each.span).collect();
        match slots::free(now, settings, &self.calendar, &taken, MOST_FREE) {
            Offer::Free(slots) => Some(slots.iter().map(|slot| slot.starts_at).collect()),
            Offer::NothingFree => Some(Vec::new()),
            Offer::Unknown => None,
        }
    }
}

/// All calendars that are set up as one. What was never read, or too long ago, is unknown.
async fn calendar(tx: &mut TenantTx, settings: &Settings, now: Timestamp) -> Result<Calendar> {
    let stale_after = settings.calendar.stale_after();
    let read = tx.free_busy(settings).await?.into_values();
    let readings: Vec<Reading> = read
        .map(|read| Reading::of(read, stale_after, now))
        .collect();
    Ok(Calendar::of(&readings))
}

async fn taken(tx: &mut TenantTx, settings: &Settings, now: Timestamp) -> Result<Vec<Taken>> {
    let horizon = SignedDuration::from_hours(24 * i64::from(settings.booking.horizon_days));
    // The last that can be booked may meet one that starts after the horizon.
    let taken = tx.taken(now, now + horizon + A_DAY).await?;
    Ok(taken
        .into_iter()
        .map(|each| {
            let minutes = settings.booking.minutes(each.duration_minutes);
            Taken {
                appointment: each.appointment,
                span: Span {
                    from: each.starts_at,
                    until: each.starts_at + SignedDuration::from_mins(minutes.into()),
                },
            }
        })
        .collect())
}
