//! The times of day at which a rule makes starts, and which of a period's starts it picks.

use jiff::civil::{Date, DateTime, Time};

use super::rule::{Frequency, Rule};

/// The times of day of a period's starts.
pub(super) struct Times {
    hours: Vec<i8>,
    minutes: Vec<i8>,
    seconds: Vec<i8>,
}

impl Times {
    /// A period of an hour or less has its own time, which a list can only let pass or not.
    pub(super) fn of(rule: &Rule, first: Time, own: Time) -> Times {
        let choose = |is_own: bool, list: &[i16], own: i8, first: i8| {
            let all = || list.iter().filter_map(|number| i8::try_from(*number).ok());
            match (is_own, list.is_empty()) {
                (true, true) => vec![own],
                (true, false) => all().filter(|number| *number == own).collect(),
                (false, true) => vec![first],
                (false, false) => all().collect(),
            }
        };
        let is_own = |frequency| rule.frequency <= frequency;
        Times {
            hours: choose(
                is_own(Frequency::Hourly),
                &rule.by_hour,
                own.hour(),
                first.hour(),
            ),
            minutes: choose(
                is_own(Frequency::Minutely),
                &rule.by_minute,
                own.minute(),
                first.minute(),
            ),
            seconds: choose(
                is_own(Frequency::Secondly),
                &rule.by_second,
                own.second(),
                first.second(),
            ),
        }
    }

    /// All of them on a day, in order. A leap second is the one before.
    pub(super) fn on(&self, day: Date) -> impl Iterator<Item = DateTime> {
        self.hours.iter().flat_map(move |hour| {
            self.minutes.iter().flat_map(move |minute| {
                self.seconds.iter().filter_map(move |second| {
                    let time = Time::new(*hour, *minute, (*second).min(59), 0).ok()?;
                    Some(day.to_datetime(time))
                })
            })
        })
    }
}

/// Those at the positions, counted from 1, or below zero from the end; in order.
pub(super) fn at_positions(all: &[DateTime], positions: &[i16]) -> Vec<DateTime> {
    let mut chosen: Vec<DateTime> = positions
        .iter()
        .filter_map(|&position| {
            let place = usize::from(position.unsigned_abs());
            match position > 0 {
                true => all.get(place - 1),
                false => all.get(all.len().checked_sub(place)?),
            }
        })
        .copied()
        .collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}
