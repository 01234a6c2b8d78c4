//! A slow second opinion on planning, written from product.md and sharing no code with the planner: it walks
//! minute by minute and reads the clock on the wall each time.
//!
//! It may step by whole minutes because, from 2024 to 2035, every zone's clocks change on whole minutes and
//! windows are written in minutes. Only the instant a walk starts from may lie between two.

use std::collections::BTreeSet;

use domain::{
    Reason,
    call::CallOutcome,
    plan::Adjustment,
    reminder::BestHour,
    settings::{LateBooking, RetryStrategy, Settings},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

pub(crate) struct Oracle<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) zones: &'a [TimeZone],
    pub(crate) holidays: &'a BTreeSet<Date>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) ideal_at: Timestamp,
    pub(crate) planned: Option<Timestamp>,
    pub(crate) adjustment: Adjustment,
    pub(crate) refused: Option<Reason>,
}

pub(crate) struct Appointment {
    pub(crate) starts_at: Timestamp,
    pub(crate) known_at: Timestamp,
    pub(crate) call_before_hours: u16,
}

impl Oracle<'_> {
    /// Whether every zone's clock shows a time in a window of a day that is no holiday.
    pub(crate) fn is_open(&self, instant: Timestamp) -> bool {
        self.zones.iter().all(|zone| {
            let wall = zone.to_datetime(instant);
            let minute = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
            let (_, windows) =
                self.settings.hours.days()[wall.weekday().to_monday_zero_offset() as usize];
            let mut in_window = false;
            for window in windows {
                in_window |= minute >= i32::from(window.from()) && minute < i32::from(window.to());
            }
            in_window && !self.holidays.contains(&wall.date())
        })
    }

    pub(crate) fn latest(&self, starts_at: Timestamp) -> Timestamp {
        match self.settings.reminders.appointment_buffer_hours {
            0 => starts_at - MINUTE,
            hours => starts_at - SignedDuration::from_hours(hours.into()),
        }
    }

    pub(crate) fn first_open(&self, from: Timestamp, limit: Timestamp) -> Option<Timestamp> {
        let mut instant = from;
        while instant <= limit {
            if self.is_open(instant) {
                return Some(instant);
            }
            instant = minute_of(instant) + MINUTE;
        }
        None
    }

    /// The latest instant that stays open for `minutes`.
    pub(crate) fn last_start(
        &self,
        from: Timestamp,
        minutes: u16,
        earliest: Timestamp,
    ) -> Option<Timestamp> {
        if from >= earliest && self.is_open(from) {
            let end = from + MINUTE * minutes.into();
            let mut instant = minute_of(from) + MINUTE;
            while instant < end && self.is_open(instant) {
                instant += MINUTE;
            }
            if instant >= end {
                return Some(from);
            }
        }
        let mut instant = minute_of(from) + MINUTE * minutes.into();
        let mut open_minutes = 0;
        while instant >= earliest {
            open_minutes = if self.is_open(instant) {
                open_minutes + 1
            } else {
                0
            };
            if instant <= from && open_minutes >= minutes.max(1) {
                return Some(instant);
            }
            instant -= MINUTE;
        }
        None
    }

    pub(crate) fn plan(&self, appointment: &Appointment) -> Verdict {
        let Appointment {
            starts_at,
            known_at,
            call_before_hours,
        } = *appointment;
        let rules = &self.settings.reminders;
        let ideal_at = starts_at - SignedDuration::from_hours(call_before_hours.into());
        let verdict = |planned, adjustment, refused| Verdict {
            ideal_at,
            planned,
            adjustment,
            refused,
        };
        let refused = |adjustment, reason| verdict(None, adjustment, Some(reason));
        if known_at >= starts_at {
            return refused(Adjustment::None, Reason::AppointmentPast);
        }
        let latest = self.latest(starts_at);
        if known_at > ideal_at {
            if rules.late_booking == LateBooking::Skip {
                return refused(Adjustment::Late, Reason::LateBooking);
            }
            return match self.first_open(known_at, latest) {
                Some(soon) => verdict(Some(soon), Adjustment::Late, None),
                None => refused(Adjustment::Late, Reason::NoOpenTime),
            };
        }
        let by_distance = |planned: Timestamp| {
            if planned == ideal_at {
                verdict(Some(planned), Adjustment::None, None)
            } else if planned > ideal_at {
                verdict(Some(planned), Adjustment::Forward, None)
            } else {
                verdict(Some(planned), Adjustment::Backward, None)
            }
        };
        let forward = self.first_open(ideal_at, latest);
        let lead = SignedDuration::from_hours(rules.minimum_lead_hours.into());
        match forward {
            Some(forward) if starts_at.duration_since(forward) >= lead => {
                return by_distance(forward);
            }
            _ => {}
        }
        let not_in_buffer = if ideal_at < latest { ideal_at } else { latest };
        if let Some(backward) = self.last_start(not_in_buffer, rules.last_start_minutes, known_at) {
            return by_distance(backward);
        }
        match forward {
            Some(forward) => by_distance(forward),
            None => refused(Adjustment::None, Reason::NoOpenTime),
        }
    }

    /// When the call after an unlucky one is made; the reason for a person's review if it is not.
    pub(crate) fn retry(&self, call: &UnluckyCall) -> Result<Timestamp, Reason> {
        let rules = &self.settings.retries;
        if call.retry > u32::from(rules.max_retries) {
            return Err(Reason::RetriesSpent);
        }
        let cooldown = MINUTE
            * self
                .settings
                .limits
                .same_number_cooldown_minutes
                .try_into()
                .unwrap();
        let cooled = call.dialed_at + cooldown;
        let wanted = match self.wanted(call, cooled) {
            Some(wanted) => wanted,
            None => return Err(Reason::TooClose),
        };
        let earliest = if wanted > cooled { wanted } else { cooled };
        self.first_open(earliest, self.latest(call.starts_at))
            .ok_or(Reason::TooClose)
    }

    fn wanted(&self, call: &UnluckyCall, cooled: Timestamp) -> Option<Timestamp> {
        let rules = &self.settings.retries;
        let hours = match call.outcome {
            CallOutcome::NoAnswer => rules.no_answer_hours,
            CallOutcome::Voicemail => rules.voicemail_hours,
            CallOutcome::Busy => rules.busy_hours,
            CallOutcome::Failed => rules.failed_hours,
            other => panic!("{other} is not retried"),
        };
        let after_hours =
            |hours: f64| call.ended_at + SignedDuration::from_secs((hours * 3600.0).round() as i64);
        let hours = f64::from(hours);
        if rules.strategy == RetryStrategy::Backoff {
            let growth = [1.0, 1.5, 2.25, 3.375, 5.0625][call.retry as usize - 1];
            return Some(after_hours((hours * growth).min(24.0)));
        }
        match (call.outcome, call.retry) {
            (CallOutcome::NoAnswer, 1) | (CallOutcome::Voicemail, 1) | (CallOutcome::Busy, _) => {
                Some(after_hours(hours))
            }
            (CallOutcome::NoAnswer, _) => match call.best_hour {
                Some(best) if best.confidence > 0.7 => Some(self.next_hour(
                    best.hour,
                    if cooled > call.ended_at {
                        cooled
                    } else {
                        call.ended_at
                    },
                )),
                _ => Some(after_hours(8.0)),
            },
            (CallOutcome::Voicemail, _) => {
                let left = call.starts_at.duration_since(call.ended_at);
                (left > SignedDuration::from_hours(24)).then(|| after_hours(24.0))
            }
            (_, retry) => Some(after_hours((hours * f64::from(retry).powf(1.5)).min(12.0))),
        }
    }

    /// Walks until the first zone's clock comes to the full hour, or jumps over it, for the first time that day.
    fn next_hour(&self, hour: u8, earliest: Timestamp) -> Timestamp {
        let zone = &self.zones[0];
        let mut reached = BTreeSet::new();
        let mut instant = minute_of(earliest) - SignedDuration::from_hours(30);
        let mut wall = zone.to_datetime(instant);
        loop {
            instant += MINUTE;
            let next = zone.to_datetime(instant);
            for date in [wall.date(), next.date()] {
                let full_hour = date.at(hour.try_into().unwrap(), 0, 0, 0);
                if wall < full_hour
                    && full_hour <= next
                    && reached.insert(full_hour)
                    && instant >= earliest
                {
                    return instant;
                }
            }
            wall = next;
        }
    }
}

pub(crate) struct UnluckyCall {
    pub(crate) starts_at: Timestamp,
    pub(crate) outcome: CallOutcome,
    /// 1 after the first call.
    pub(crate) retry: u32,
    pub(crate) dialed_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) best_hour: Option<BestHour>,
}

/// The whole minute at or before an instant.
fn minute_of(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second().div_euclid(60) * 60).unwrap()
}
