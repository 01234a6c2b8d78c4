//! When a calendar is read again.

use jiff::{SignedDuration, Timestamp};

/// After a first failure. Each further one doubles it.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// The longest, and the pause after a refusal, which only a person can mend.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What is known of the reading of one calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshFacts {
    pub read_at: Option<Timestamp>,
    /// Since it was last read.
    pub failures: u32,
    /// When the last of them was.
    pub failed_at: Option<Timestamp>,
    /// How long the last failure's answer asked to wait.
    pub retry_after: Option<SignedDuration>,
    /// The last failure was a refusal: of the key, the calendar, or the address.
    pub refused: bool,
    /// From one reading to the next.
    pub refresh_every: SignedDuration,
}

/// What to do about a calendar now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshStep {
    Read,
    /// Always later than the `now` that was asked about.
    Wait {
        until: Timestamp,
    },
}

/// Reads at once what was never read, then each `refresh_every`; after failures in growing pauses, and never
/// before the provider wants. A changed setting or secret is told by facts without failures.
pub fn next_step(now: Timestamp, facts: &RefreshFacts) -> RefreshStep {
    let (since, pause) = match (facts.failed_at, facts.read_at) {
        (Some(failed_at), _) if facts.failures > 0 => (failed_at, pause(facts)),
        (_, Some(read_at)) => (read_at, facts.refresh_every),
        (_, None) => return RefreshStep::Read,
    };
    // A clock that was put back must not make the pause longer.
    let until = after(since.min(now), pause);
    match until > now {
        true => RefreshStep::Wait { until },
        false => RefreshStep::Read,
    }
}

/// From when on people are to hear that a calendar cannot be read: at once when it is refused that could be read, which
/// only a person can mend; else when what was read last, or when it was set up, is `stale_after` ago. `None` while
/// nothing fails.
pub fn trouble_since(
    facts: &RefreshFacts,
    set_up_at: Timestamp,
    stale_after: SignedDuration,
) -> Option<Timestamp> {
    let failed_at = facts.failed_at.filter(|_| facts.failures > 0)?;
    match facts.read_at {
        Some(_) if facts.refused => Some(failed_at),
        read_at => Some(after(read_at.unwrap_or(set_up_at), stale_after)),
    }
}

/// How long to leave a calendar alone that could not be read.
fn pause(facts: &RefreshFacts) -> SignedDuration {
    let doublings = facts.failures.saturating_sub(1).min(16);
    let own = match facts.refused {
        true => LONGEST_PAUSE,
        false => (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE),
    };
    own.max(facts.retry_after.unwrap_or_default())
}

fn after(instant: Timestamp, pause: SignedDuration) -> Timestamp {
    instant.checked_add(pause).unwrap_or(Timestamp::MAX)
}
