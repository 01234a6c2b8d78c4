//! What happens next with one text that is to be sent. A text in doubt is looked for before anything else (TEXT-4).

use jiff::{SignedDuration, Timestamp};

use super::TextConsent;
use crate::{
    alert::{FailureClass, SendFailure},
    hours::shift,
};

/// Longest text that the provider takes, in characters.
pub const LONGEST_TEXT: usize = 1600;

coded_enum! {
    /// What a text is sent for.
    OutboundPurpose {
        /// To a person, by an operator or a process.
        Person = "person",
        /// To a line of our own.
        LineCheck = "line_check",
    }
}

coded_enum! {
    /// Why a text is not sent, or why nobody knows whether it was.
    TextRefusal {
        OptedOut = "opted_out",
        NumberMissing = "number_missing",
        /// No line of the business is set up to send from.
        LineMissing = "line_missing",
        Empty = "empty",
        TooLong = "too_long",
        /// The provider read it and will not take it.
        ProviderRefused = "provider_refused",
        /// Nothing can be sent until an operator changes something: key, credits, the line.
        Misconfigured = "misconfigured",
        /// It could not be sent while it was still news.
        TooLate = "too_late",
        /// Whether it was sent could not be found out. A person should look, and nothing is sent again.
        Uncertain = "uncertain",
    }
}

/// Everything the next step of a text is decided from, read in the transaction that acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundFacts {
    pub purpose: OutboundPurpose,
    pub created_at: Timestamp,
    /// In characters.
    pub length: usize,
    pub has_number: bool,
    pub has_line: bool,
    pub consent: TextConsent,
    /// The request left at that time, and its answer was not recorded: a crash lies between.
    pub sending_since: Option<Timestamp>,
    pub tries: u32,
    pub last_failure: Option<SendFailure>,
    /// The newest look at the provider's list that was answered and did not have it.
    pub not_found_at: Option<Timestamp>,
    pub sent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundStep {
    /// Record that the request leaves, in a committed transaction, then send once.
    Send,
    /// Look in the provider's list for it before anything else.
    Look {
        since: Timestamp,
    },
    Wait {
        until: Timestamp,
    },
    Refuse(TextRefusal),
    /// The provider has it. Whether it arrives is told later.
    Sent,
}

/// After so long a text is no news any more.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// A list may lag behind: only what it lacks so long after the request was never taken.
const LISTED_BY: SignedDuration = SignedDuration::from_mins(5);
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// So long a doubt is looked into.
const DOUBT: SignedDuration = SignedDuration::from_mins(30);
/// A request that left is answered within this time, or never.
const IN_FLIGHT: SignedDuration = SignedDuration::from_mins(1);

/// The next step of a text at `now`. A wait always ends after `now`.
pub fn outbound_step(now: Timestamp, facts: &OutboundFacts) -> OutboundStep {
    if facts.sent {
        return OutboundStep::Sent;
    }
    if let Some(since) = doubt_since(facts)
        && let Some(step) = doubtful(now, since, facts)
    {
        return step;
    }
    if let Some(refusal) = refusal(facts) {
        return OutboundStep::Refuse(refusal);
    }
    let due = due(facts).unwrap_or(now);
    if due.max(now) > shift(facts.created_at, PATIENCE) {
        return OutboundStep::Refuse(TextRefusal::TooLate);
    }
    match due > now {
        true => OutboundStep::Wait { until: due },
        false => OutboundStep::Send,
    }
}

/// Since when it may have been sent without our knowing.
fn doubt_since(facts: &OutboundFacts) -> Option<Timestamp> {
    let uncertain = facts
        .last_failure
        .filter(|failure| failure.class == FailureClass::Uncertain);
    let failed_at = uncertain.map(|failure| failure.at);
    facts.sending_since.or(failed_at)
}

/// What to do about a text in doubt; `None` when it was provably never taken.
fn doubtful(now: Timestamp, since: Timestamp, facts: &OutboundFacts) -> Option<OutboundStep> {
    let proven = shift(since, LISTED_BY);
    if facts.not_found_at.is_some_and(|looked| looked >= proven) {
        return None;
    }
    if now >= shift(since, DOUBT) {
        return Some(OutboundStep::Refuse(TextRefusal::Uncertain));
    }
    let answered = facts
        .last_failure
        .is_some_and(|failure| failure.at >= since);
    let in_flight = match answered {
        true => since,
        false => shift(since, IN_FLIGHT),
    };
    let next_look = facts.not_found_at.filter(|looked| *looked >= since);
    let next_look = next_look.map_or(in_flight, |looked| shift(looked, LOOK_EVERY).max(in_flight));
    Some(match next_look > now {
        true => OutboundStep::Wait { until: next_look },
        false => OutboundStep::Look { since },
    })
}

/// Why it may not be sent, by what is known now.
fn refusal(facts: &OutboundFacts) -> Option<TextRefusal> {
    let opted_out = facts.consent.opted_out_since().is_some();
    let failure = facts.last_failure.filter(|failure| !failure.may_pass);
    match failure.map(|failure| failure.class) {
        _ if opted_out && facts.purpose == OutboundPurpose::Person => Some(TextRefusal::OptedOut),
        _ if !facts.has_number => Some(TextRefusal::NumberMissing),
        _ if !facts.has_line => Some(TextRefusal::LineMissing),
        _ if facts.length == 0 => Some(TextRefusal::Empty),
        _ if facts.length > LONGEST_TEXT => Some(TextRefusal::TooLong),
        Some(FailureClass::Misconfigured) => Some(TextRefusal::Misconfigured),
        Some(_) => Some(TextRefusal::ProviderRefused),
        None => None,
    }
}

/// 10 seconds after the first failure, then three times as long after each, and not before the provider permits.
fn due(facts: &OutboundFacts) -> Option<Timestamp> {
    let failure = facts.last_failure?;
    let growth = 3_i32.saturating_pow(facts.tries.saturating_sub(1));
    let pause = FIRST_PAUSE.saturating_mul(growth).min(LONGEST_PAUSE);
    let pause_ends = shift(failure.at, pause);
    Some(
        failure
            .not_before
            .map_or(pause_ends, |permitted| permitted.max(pause_ends)),
    )
}
