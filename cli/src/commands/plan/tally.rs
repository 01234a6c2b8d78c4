//! The plan in a few numbers.

use std::collections::BTreeMap;

use domain::{plan::Adjustment, settings::Settings};
use jiff::{SignedDuration, Timestamp};

use super::{forecast::Forecast, table::local};

/// What the limit of calls is counted in.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

#[derive(Default)]
pub(super) struct Tally {
    /// Left out: the call lies after the period.
    pub(super) later: u64,
    planned: BTreeMap<Adjustment, u64>,
    refused: BTreeMap<&'static str, u64>,
    calls: Vec<Timestamp>,
}

impl Tally {
    pub(super) fn count(&mut self, forecast: &Forecast) {
        if let Some(reason) = forecast.refused {
            *self.refused.entry(reason.code()).or_default() += 1;
        } else {
            *self.planned.entry(forecast.adjustment).or_default() += 1;
        }
        self.calls.extend(forecast.planned_at);
    }

    pub(super) fn words(mut self, until: Timestamp, settings: &Settings) -> Vec<String> {
        let zone = settings.tenant.zone_or_utc();
        let (called, refused) = (
            self.planned.values().sum::<u64>(),
            self.refused.values().sum::<u64>(),
        );
        let planned = parts(
            self.planned
                .iter()
                .map(|(adjustment, count)| (adjustment_words(*adjustment), count)),
        );
        let not = parts(self.refused.iter().map(|(reason, count)| (*reason, count)));
        let mut lines = vec![format!(
            "{} until {}: {called} to be called{planned}, {refused} not called{not}",
            appointments(called + refused),
            local(until, &zone)
        )];
        if self.later > 0 {
            lines.push(format!(
                "{} left out: the call lies later; --days shows more",
                appointments(self.later)
            ));
        }
        let limit = settings.limits.per_15_minutes;
        if let Some((from, calls)) = self.rush(limit) {
            let minutes = 15 * u64::from(calls.div_ceil(limit.max(1)));
            lines.push(format!(
                "{calls} first calls fall within 15 minutes from {}; the limit of {limit} spreads them over about {minutes} minutes",
                local(from, &zone)
            ));
        }
        lines
    }

    /// The fullest quarter of an hour, if it holds more calls than the limit.
    fn rush(&mut self, limit: u32) -> Option<(Timestamp, u32)> {
        self.calls.sort_unstable();
        let mut last = 0;
        let fullest = self.calls.iter().enumerate().map(|(first, from)| {
            let within = |at: &&Timestamp| at.duration_since(*from) < QUARTER;
            last += self.calls.iter().skip(last).take_while(within).count();
            (last - first, *from)
        });
        // Of equal ones the earliest.
        let (calls, from) =
            fullest.reduce(|best, other| if other.0 > best.0 { other } else { best })?;
        let calls = u32::try_from(calls).ok()?;
        (calls > limit).then_some((from, calls))
    }
}

pub(super) fn appointments(count: u64) -> String {
    match count {
        1 => "1 appointment".to_owned(),
        count => format!("{count} appointments"),
    }
}

/// Such as ` (3 late, 1 moved forward)`.
fn parts<'a>(counts: impl Iterator<Item = (&'static str, &'a u64)>) -> String {
    let parts: Vec<String> = counts
        .map(|(words, count)| format!("{count} {words}"))
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}

fn adjustment_words(adjustment: Adjustment) -> &'static str {
    match adjustment {
        Adjustment::None => "as asked",
        Adjustment::Forward => "moved forward",
        Adjustment::Backward => "moved backward",
        Adjustment::Late => "late",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rush(minutes: &[i64], limit: u32) -> Option<(i64, u32)> {
        let at = |minute: &i64| Timestamp::from_second(minute * 60).unwrap();
        let mut tally = Tally {
            calls: minutes.iter().map(at).collect(),
            ..Tally::default()
        };
        tally
            .rush(limit)
            .map(|(from, calls)| (from.as_second() / 60, calls))
    }

    #[test]
    fn a_rush_is_more_calls_within_15_minutes_than_the_limit() {
        assert_eq!(rush(&[], 1), None);
        assert_eq!(rush(&[0, 15, 30], 1), None);
        assert_eq!(rush(&[0, 14], 1), Some((0, 2)));
        assert_eq!(rush(&[40, 20, 34, 33, 5, 19], 2), Some((19, 3)));
        assert_eq!(rush(&[7; 61], 61), None);
        assert_eq!(rush(&[7; 62], 61), Some((7, 62)));
    }
}
