//! What is known of the time that is taken: our own appointments, and what the calendars said when they were last read.

use domain::{
    desk::{Reach, Taken},
    settings::Settings,
    slots::{Calendar, Offer, Reading, Slots, Span},
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
    /// Where `taken` is all there is.
    pub(crate) looked_through: Span,
}

impl Times {
    /// What no time can be given away by.
    pub(crate) fn none() -> Self {
        let nowhere = Span {
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
        };
        Self {
            calendar: Calendar::NotKept,
            taken: Vec::new(),
            looked_through: nowhere,
        }
    }

    /// Reads what the calendars said; none is asked.
    pub(crate) async fn begin(
        tx: &mut TenantTx,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Times> {
        Ok(Times {
            calendar: calendar(tx, settings, now).await?,
            ..Times::none()
        })
    }

    /// Reads which appointments reach into that time.
    pub(crate) async fn look_through(
        &mut self,
        tx: &mut TenantTx,
        settings: &Settings,
        within: Span,
    ) -> Result<()> {
        self.taken = taken(tx, settings, within).await?;
        self.looked_through = within;
        Ok(())
    }

    /// The first times that can be booked; `None` when it is not known which they are.
    pub(crate) async fn first_free(
        tx: &mut TenantTx,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Option<Vec<Timestamp>>> {
        let mut times = Times::begin(tx, settings, now).await?;
        let mut free = None;
        for reach in Reach::steps(now, now, settings) {
            times.look_through(tx, settings, reach.within).await?;
            free = times.free(settings, now);
            if free.as_ref().is_some_and(|free| free.len() >= MOST_FREE) {
                break;
            }
        }
        Ok(free)
    }

    fn free(&self, settings: &Settings, now: Timestamp) -> Option<Vec<Timestamp>> {
        let taken: Vec<Span> = self.taken.iter().map(|each| each.span).collect();
        let slots = Slots::new(now, settings, &self.calendar, &taken).within(self.looked_through);
        let minutes = settings.booking.minutes(None);
        match slots.offer(slots.bookable(), minutes, MOST_FREE) {
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

async fn taken(tx: &mut TenantTx, settings: &Settings, within: Span) -> Result<Vec<Taken>> {
    // The last that can be booked may meet one that starts after it.
    let taken = tx.taken(within.from, within.until + A_DAY).await?;
    Ok(taken
        .into_iter()
        .map(|each| {
            let minutes = settings.booking.minutes(each.duration_minutes);
            Taken {
                appointment: each.appointment,
                span: Span::of_minutes(each.starts_at, minutes),
            }
        })
        .collect())
}
