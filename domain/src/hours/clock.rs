//! One zone's clock on the wall, followed forward through its changes.

use jiff::{
    SignedDuration, Timestamp,
    tz::{Offset, TimeZone},
};

use super::{Open, Week, shift};
use crate::settings::DAY_MINUTES;

/// Remembers the offset that holds around the last instant asked for, since the database is slow to ask.
pub(super) struct Clock<'h> {
    zone: &'h TimeZone,
    steady: Option<Steady>,
}

/// A stretch in which the zone's offset does not change.
#[derive(Clone, Copy)]
struct Steady {
    from: Timestamp,
    until: Timestamp,
    offset: Offset,
}

impl<'h> Clock<'h> {
    pub(super) fn new(zone: &'h TimeZone) -> Clock<'h> {
        Clock { zone, steady: None }
    }

    /// The first open stretch at or after `from` that starts by `limit`. It ends at its window's end or where
    /// the offset changes, and so may go on in a touching one.
    pub(super) fn first_piece(
        &mut self,
        week: &Week,
        from: Timestamp,
        limit: Timestamp,
    ) -> Option<Open> {
        let mut at = from;
        while at <= limit {
            let steady = self.steady(at);
            let local = steady.offset.to_datetime(at);
            let midnight = shift(at, -since_midnight(local.time()));
            let on_the_wall =
                |minutes: u16| shift(midnight, SignedDuration::from_mins(minutes.into()));
            let windows = week.open_windows(local.date()).iter();
            let ahead =
                windows.map(|window| (on_the_wall(window.from()), on_the_wall(window.to())));
            let next = ahead
                .filter(|(_, closes)| *closes > at)
                .find(|(opens, _)| *opens < steady.until);
            if let Some((opens, closes)) = next {
                let piece = Open {
                    from: opens.max(at),
                    until: closes.min(steady.until),
                };
                return (piece.from <= limit).then_some(piece);
            }
            let next_day = on_the_wall(DAY_MINUTES).min(steady.until);
            if next_day <= at {
                return None; // the end of time
            }
            at = next_day;
        }
        None
    }

    fn steady(&mut self, at: Timestamp) -> Steady {
        if let Some(steady) = self.steady
            && (steady.from..steady.until).contains(&at)
        {
            return steady;
        }
        let change = self.zone.following(at).next();
        let steady = Steady {
            from: at,
            until: change.map_or(Timestamp::MAX, |change| change.timestamp()),
            offset: self.zone.to_offset(at),
        };
        self.steady = Some(steady);
        steady
    }
}

fn since_midnight(time: jiff::civil::Time) -> SignedDuration {
    time.duration_since(jiff::civil::Time::midnight())
}
