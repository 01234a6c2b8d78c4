//! What follows a call that reached nobody (REM-7): another call, or a person who looks.

mod words;

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use crate::{
    Reason,
    call::CallOutcome,
    hours::{Hours, shift},
    plan,
    reminder::BestHour,
    settings::{Limits, Retries, RetryStrategy, Settings},
};

/// Above this confidence a contact's best hour is believed.
const BELIEVED: f64 = 0.7;
/// Adaptive: a second unanswered call without a best hour.
const SECOND_NO_ANSWER_HOURS: u16 = 8;
/// Adaptive: after a second voicemail, if the appointment is further away than that.
const SECOND_VOICEMAIL_HOURS: u16 = 24;
const LONGEST_FAILED: SignedDuration = SignedDuration::from_hours(12);
const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_hours(24);

/// The call that ended, and what decides about the next.
#[derive(Debug, Clone, Copy)]
pub struct RetryRequest<'a> {
    pub settings: &'a Settings,
    /// The hours of `settings` in the zones of the appointment.
    pub hours: &'a Hours,
    pub starts_at: Timestamp,
    pub best_hour: Option<BestHour>,
    pub outcome: CallOutcome,
    /// Which retry this would be: 1 after the first call.
    pub retry: u32,
    pub dialed_at: Timestamp,
    /// When the outcome became known; delays count from here.
    pub ended_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    At(RetryAt),
    ManualReview(Reason),
    TechnicalReview(Reason),
    /// Never again, and nothing for a person to do about it.
    Refused(Reason),
    /// The call reached its aim; there is nothing to retry.
    Settled,
}

/// When to call again, and how that came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAt {
    /// An open instant the buffer permits.
    pub at: Timestamp,
    /// Before the cooldown and the calling hours had their say.
    pub wanted_at: Timestamp,
    /// The end of the number's cooldown, if that is later.
    pub cooled_at: Timestamp,
    pub rule: Rule,
}

/// What the wanted instant was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Delay(SignedDuration),
    /// The local hour in which this contact answers best.
    BestHour(u8),
}

impl RetryAt {
    /// Why the call is later than wanted, if it is.
    pub fn reason(&self, hours: &Hours) -> Option<Reason> {
        let earliest = self.wanted_at.max(self.cooled_at);
        let closed = (self.at > earliest)
            .then(|| hours.closed_reason(earliest))
            .flatten();
        let cooling = (self.cooled_at > self.wanted_at).then_some(Reason::SameNumberCooldown);
        closed.or(cooling)
    }

    /// The same in plain words.
    pub fn words(&self, request: &RetryRequest<'_>) -> Vec<String> {
        words::words(self, request)
    }
}

/// What follows the call of this request.
pub fn next(request: &RetryRequest<'_>) -> Retry {
    match request.outcome {
        CallOutcome::Confirmed | CallOutcome::Cancelled | CallOutcome::Rescheduled => {
            return Retry::Settled;
        }
        CallOutcome::DoNotCall => return Retry::Refused(Reason::OptedOut),
        CallOutcome::InvalidNumber => return Retry::Refused(Reason::NumberInvalid),
        CallOutcome::NoClearAnswer => return Retry::ManualReview(Reason::NoClearAnswer),
        CallOutcome::Uncertain => return Retry::ManualReview(Reason::DialUncertain),
        CallOutcome::SystemicFailure => return Retry::TechnicalReview(Reason::SystemicFailure),
        // No phone rang, so nothing is spent and nothing has to pass.
        CallOutcome::NotPlaced => {
            return open_at(request, Rule::Delay(SignedDuration::ZERO), request.ended_at);
        }
        CallOutcome::NoAnswer
        | CallOutcome::Busy
        | CallOutcome::Voicemail
        | CallOutcome::Failed => {}
    }
    let retries = &request.settings.retries;
    if request.retry > retries.max_retries.into() {
        return Retry::ManualReview(Reason::RetriesSpent);
    }
    let rule = match retries.strategy {
        RetryStrategy::Backoff => Some(Rule::Delay(backoff(
            retries,
            request.outcome,
            request.retry,
        ))),
        RetryStrategy::Adaptive => adaptive(retries, request),
    };
    match rule {
        Some(rule) => open_at(request, rule, wanted(request, rule)),
        None => Retry::ManualReview(Reason::TooClose),
    }
}

/// Moves a wanted instant behind the cooldown and forward into open hours.
fn open_at(request: &RetryRequest<'_>, rule: Rule, wanted_at: Timestamp) -> Retry {
    let cooled_at = cooled(request);
    let latest = plan::latest(request.starts_at, request.settings);
    match request
        .hours
        .first_open_at_or_after(wanted_at.max(cooled_at), latest)
    {
        Some(at) => Retry::At(RetryAt {
            at,
            wanted_at,
            cooled_at,
            rule,
        }),
        None => Retry::ManualReview(Reason::TooClose),
    }
}

/// The outcome's delay × 1.5 for each retry already made: the first retry waits the plain delay.
fn backoff(retries: &Retries, outcome: CallOutcome, retry: u32) -> SignedDuration {
    let plain = f64::from(base_hours(retries, outcome)) * 3600.0;
    let growth = 1.5_f64.powi(i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX));
    seconds(plain * growth).min(LONGEST_BACKOFF)
}

/// `None` when the appointment is too near for what the outcome asks.
fn adaptive(retries: &Retries, request: &RetryRequest<'_>) -> Option<Rule> {
    let base = hours_long(base_hours(retries, request.outcome));
    let delay = match (request.outcome, request.retry) {
        (CallOutcome::NoAnswer, 2..) => match believed(request.best_hour) {
            Some(hour) => return Some(Rule::BestHour(hour)),
            None => hours_long(SECOND_NO_ANSWER_HOURS),
        },
        (CallOutcome::Voicemail, 2..) => {
            let last = hours_long(SECOND_VOICEMAIL_HOURS);
            if request.starts_at.duration_since(request.ended_at) <= last {
                return None;
            }
            last
        }
        (CallOutcome::Failed, retry) => {
            let retry = f64::from(retry);
            seconds(base.as_secs_f64() * retry * retry.sqrt()).min(LONGEST_FAILED)
        }
        _ => base,
    };
    Some(Rule::Delay(delay))
}

fn base_hours(retries: &Retries, outcome: CallOutcome) -> u16 {
    match outcome {
        CallOutcome::NoAnswer => retries.no_answer_hours,
        CallOutcome::Voicemail => retries.voicemail_hours,
        CallOutcome::Busy => retries.busy_hours,
        _ => retries.failed_hours,
    }
}

fn believed(best: Option<BestHour>) -> Option<u8> {
    best.filter(|best| best.confidence > BELIEVED && best.hour < 24)
        .map(|best| best.hour)
}

fn wanted(request: &RetryRequest<'_>, rule: Rule) -> Timestamp {
    match rule {
        Rule::Delay(delay) => shift(request.ended_at, delay),
        Rule::BestHour(hour) => {
            let earliest = cooled(request).max(request.ended_at);
            next_local_hour(hour, earliest, request.hours.first_zone())
        }
    }
}

/// When this number may be dialed again.
fn cooled(request: &RetryRequest<'_>) -> Timestamp {
    let Limits {
        same_number_cooldown_minutes: minutes,
        ..
    } = request.settings.limits;
    shift(request.dialed_at, SignedDuration::from_mins(minutes.into()))
}

/// The next time from `earliest` on at which the zone's clocks come to that full hour. Where they skip it, the
/// instant of the skip; where they come to it twice, the first.
fn next_local_hour(hour: u8, earliest: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = zone.to_datetime(earliest).date();
    let time = Time::new(i8::try_from(hour).unwrap_or(0), 0, 0, 0).unwrap_or(Time::midnight());
    let days = std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(4);
    let mut hours = days.filter_map(|day| reached(zone, day.to_datetime(time)));
    hours
        .find(|instant| *instant >= earliest)
        .unwrap_or(Timestamp::MAX)
}

/// When the clocks of the zone first show this local time or a later one.
fn reached(zone: &TimeZone, local: jiff::civil::DateTime) -> Option<Timestamp> {
    use jiff::tz::AmbiguousOffset;
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let before_the_skip = after.to_timestamp(local).ok()?;
            zone.following(before_the_skip)
                .next()
                .map(|skip| skip.timestamp())
        }
    }
}

fn hours_long(hours: u16) -> SignedDuration {
    SignedDuration::from_hours(hours.into())
}

/// Whole seconds, so that instants stay readable.
fn seconds(seconds: f64) -> SignedDuration {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes its end"
    )]
    let whole = seconds.round() as i64;
    SignedDuration::from_secs(whole)
}

#[cfg(test)]
mod tests;
