//! What happens next with one notice on its way to one address (ALERT-4).

use jiff::{SignedDuration, Timestamp};

use super::{Channel, Severity};
use crate::hours::shift;

coded_enum! {
    /// Where one notice to one address stands.
    DeliveryState {
        Pending = "pending",
        /// A worker has it in hand, or had and is gone.
        Sending = "sending",
        Sent = "sent",
        /// Given up.
        Dead = "dead",
    }
}

impl DeliveryState {
    /// Whether it may still be sent.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sending)
    }
}

coded_enum! {
    /// Why a notice was not sent, or may not have been.
    FailureClass {
        /// The message was read and not taken.
        Refused = "refused",
        RateLimited = "rate_limited",
        /// The channel could not be reached, or is out of order.
        Unavailable = "unavailable",
        /// It left, and whether it was taken is not known.
        Uncertain = "uncertain",
        /// Nothing can go this way until an operator changes something. The channel is not used until then.
        Misconfigured = "misconfigured",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SendFailure {
    pub class: FailureClass,
    /// Whether the same message may be taken later.
    pub may_pass: bool,
    pub at: Timestamp,
    /// The channel asked to be left alone until then.
    pub not_before: Option<Timestamp>,
}

/// Everything the next step of a delivery is decided from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryFacts {
    pub channel: Channel,
    pub severity: Severity,
    pub created_at: Timestamp,
    pub tries: u32,
    pub last_failure: Option<SendFailure>,
    pub sent: bool,
    /// The channel was found misconfigured, and its settings and secret have not changed since.
    pub disabled: bool,
    /// Another channel has been used instead of this one.
    pub fell_back: bool,
    /// What [`super::fallback`] offers.
    pub stand_in: Option<Channel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStep {
    /// `look_first`: it may have been sent already. Whoever sends looks among the recent messages before.
    SendNow {
        look_first: bool,
    },
    Wait {
        until: Timestamp,
    },
    /// Make deliveries for every address of this channel too; this one goes on by itself.
    FallBackTo(Channel),
    GiveUp,
    /// It is sent.
    Done,
}

/// After so long, a notice is no news any more.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// A mail server that greylists wants to be asked again after 5 to 15 minutes.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// Failures after which something critical goes another way too.
const FAILURES_BORNE: u32 = 2;
/// Something critical waits no longer than this for a channel.
const WAIT_BORNE: SignedDuration = SignedDuration::from_mins(1);

/// The next step of a delivery at `now`. A wait always ends after `now`.
pub fn deliver_step(now: Timestamp, facts: &DeliveryFacts) -> DeliveryStep {
    if facts.sent {
        return DeliveryStep::Done;
    }
    let due = due(now, facts);
    if facts.severity == Severity::Critical
        && !facts.fell_back
        && let Some(stand_in) = facts.stand_in
        && is_unreliable(now, facts, due)
    {
        return DeliveryStep::FallBackTo(stand_in);
    }
    match due {
        None => DeliveryStep::GiveUp,
        Some(until) if until > now => DeliveryStep::Wait { until },
        Some(_) => DeliveryStep::SendNow {
            look_first: may_have_arrived(facts),
        },
    }
}

/// When it may be sent next; `None` when it never will be.
fn due(now: Timestamp, facts: &DeliveryFacts) -> Option<Timestamp> {
    let deadline = shift(facts.created_at, PATIENCE);
    let due = match facts.last_failure {
        None => now,
        Some(failure) if !failure.may_pass => return None,
        // A failure of tomorrow was taken from a clock that was wrong.
        Some(failure) if failure.at > shift(now, LONGEST_PAUSE) => now,
        Some(failure) => {
            let pause_ends = shift(failure.at, pause(facts.tries));
            failure
                .not_before
                .map_or(pause_ends, |permitted| permitted.max(pause_ends))
        }
    };
    // The first try is made however late: the process may have slept.
    let is_in_time = facts.tries == 0 || due.max(now) <= deadline;
    (!facts.disabled && is_in_time).then_some(due)
}

/// 10 seconds, then three times as long after each failure.
fn pause(tries: u32) -> SignedDuration {
    let growth = 3_i32.saturating_pow(tries.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(growth).min(LONGEST_PAUSE)
}

fn is_unreliable(now: Timestamp, facts: &DeliveryFacts, due: Option<Timestamp>) -> bool {
    facts.tries >= FAILURES_BORNE || due.is_none_or(|due| due > shift(now, WAIT_BORNE))
}

/// A second text costs money and frightens; a second mail folds into the first by its id, and in Slack it
/// does no harm.
fn may_have_arrived(facts: &DeliveryFacts) -> bool {
    let class = facts.last_failure.map(|failure| failure.class);
    facts.channel == Channel::Sms && class == Some(FailureClass::Uncertain)
}

#[cfg(test)]
mod tests;
