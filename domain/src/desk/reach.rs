//! How far is looked for free times. The days next to the time that is wanted mostly tell; only what they do not takes
//! reading, in a business with many appointments, all that stand until the horizon.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    Deed, Refusal, Want, Wanted, Wish, decide::MOST_ALTERNATIVES, decide::MOST_FREE_TIMES,
};
use crate::{hours::shift, settings::Settings, slots::Span};

/// A part of the time that can be booked, or all of it.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub within: Span,
    breadth: Breadth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breadth {
    /// From what is wanted on.
    Ahead,
    /// With all that other times are chosen from when the one that is wanted is not free.
    Around,
    Whole,
}

/// Days before and after the first time that suits, in the order in which they are looked through.
const STEPS: [(Breadth, i64, i64); 3] = [
    (Breadth::Ahead, 0, 1),
    (Breadth::Ahead, 0, 5),
    (Breadth::Around, 14, 15),
];

impl Reach {
    /// What is looked through for a time from `wanted` on, one after the other until one is enough; the last is all.
    pub fn steps(now: Timestamp, wanted: Timestamp, settings: &Settings) -> Vec<Reach> {
        let hours = |from, hours| shift(from, SignedDuration::from_hours(hours));
        let days = |from, days: i64| hours(from, days.saturating_mul(24));
        let first = wanted.max(hours(now, settings.booking.notice_hours.into()));
        let whole = Reach {
            within: Span {
                from: now,
                until: days(now, settings.booking.horizon_days.into()),
            },
            breadth: Breadth::Whole,
        };
        let steps = STEPS.map(|(breadth, before, after)| Reach {
            within: Span {
                from: days(first, -before).max(now),
                until: days(first, after),
            },
            breadth,
        });
        let nearer = steps
            .into_iter()
            .filter(|step| step.within.until < whole.within.until);
        nearer.chain([whole]).collect()
    }

    /// What is looked through for a wish; nothing where no times matter.
    pub fn for_wish(now: Timestamp, wish: &Wish, settings: &Settings) -> Vec<Reach> {
        let start = |day: Date| day_start(day, settings).unwrap_or(now);
        let wanted = match &wish.want {
            Want::FreeSlots(search) => search.from.map(start),
            Want::Book { at: wanted, .. } | Want::Reschedule { to: wanted } => {
                wanted.map(|wanted| match wanted {
                    Wanted::At(at, _) => at,
                    Wanted::Day(day) => start(day),
                })
            }
            _ => return Vec::new(),
        };
        Reach::steps(now, wanted.unwrap_or(now), settings)
    }

    /// Whether there is nothing more to look through.
    pub fn is_whole(&self) -> bool {
        self.breadth == Breadth::Whole
    }

    /// Whether what was decided by it is what the whole would have led to.
    pub fn settles(&self, deed: &Deed, wish: &Wish, settings: &Settings) -> bool {
        let told = free_times(deed);
        match (deed.refusal, &wish.want) {
            _ if self.is_whole() => true,
            (None, Want::FreeSlots(search)) => {
                told >= MOST_FREE_TIMES || self.covers(search.until, settings)
            }
            (None, _) => true,
            (Some(Refusal::TimeMissing), _) => told >= MOST_ALTERNATIVES,
            (Some(why), _) if !why.is_about_times() => true,
            (Some(_), Want::FreeSlots(search)) => {
                self.breadth == Breadth::Around
                    && told >= MOST_ALTERNATIVES
                    && self.covers(search.until, settings)
            }
            (Some(_), _) => self.breadth == Breadth::Around && told >= MOST_ALTERNATIVES,
        }
    }

    /// Whether all of the day lies before its end.
    fn covers(&self, last: Option<Date>, settings: &Settings) -> bool {
        let end = last.and_then(|last| day_start(last.tomorrow().ok()?, settings));
        end.is_some_and(|end| end <= self.within.until)
    }
}

fn day_start(day: Date, settings: &Settings) -> Option<Timestamp> {
    let zone = settings.tenant.zone_or_utc();
    Some(day.to_zoned(zone).ok()?.timestamp())
}

/// How many were told.
fn free_times(deed: &Deed) -> usize {
    let told = deed.answer.json.get("free_times");
    told.and_then(|told| told.as_array()).map_or(0, Vec::len)
}
