//! What a call's process does next: place it, look for it, wait for the provider's events, or end.

use jiff::{SignedDuration, Timestamp};

use crate::call::{CallOutcome, CallView};

coded_enum! {
    /// How far the request to dial has come. `Dialing` is committed before the request leaves.
    DialState {
        Authorized = "authorized",
        Dialing = "dialing",
        Placed = "placed",
        /// Never sent, and never will be.
        Abandoned = "abandoned",
    }
}

/// Everything the next step of a call is decided from.
#[derive(Debug, Clone)]
pub struct CallFacts {
    pub dial: DialState,
    /// The provider is not asked for anything before then (it told us so, or did not answer).
    pub not_before: Option<Timestamp>,
    pub dialing_at: Option<Timestamp>,
    /// Requests to dial that have left, each of which might have rung.
    pub requests: u32,
    pub placed_at: Option<Timestamp>,
    /// When this process first saw that the call had ended.
    pub ended_at: Option<Timestamp>,
    /// How often, and when last, the provider was asked about the call since the dial.
    pub checks: u32,
    pub checked_at: Option<Timestamp>,
    pub outcome: Option<CallOutcome>,
    pub view: CallView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStep {
    /// Send the request to dial.
    Place,
    /// A request left and nothing is known: search the provider's list for it.
    LookUp,
    /// The search found nothing for so long that the provider never had it: it may be dialed again.
    DialAgain,
    /// The events did not come: read the call.
    Fetch,
    Wait {
        until: Timestamp,
    },
    Finish(CallOutcome),
}

/// A call that the provider has not listed for this long after the request was never there. A registered
/// call that does not start ends by itself after 5 minutes (providers' note, section 6), and then is listed.
const NEVER_LISTED: SignedDuration = SignedDuration::from_secs(360);
/// Searching goes on for this long when the provider cannot be asked; then a person has to look.
const GIVE_UP_SEARCH: SignedDuration = SignedDuration::from_mins(60);
/// Requests for one attempt, counting those that provably never reached a phone.
const MAX_REQUESTS: u32 = 4;
/// Longest call a provider permits (2 h), with room.
const LONGEST_CALL: SignedDuration = SignedDuration::from_mins(150);
/// How long the analysis may take after the end of the call.
const ANALYSIS_PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// The next step of a call at `now`.
pub fn next_step(now: Timestamp, facts: &CallFacts) -> CallStep {
    if let Some(outcome) = facts.outcome.or_else(|| settled(&facts.view)) {
        return CallStep::Finish(outcome);
    }
    let step = match facts.dial {
        DialState::Abandoned => CallStep::Finish(CallOutcome::NotPlaced),
        _ if facts.view.ended => awaiting_analysis(now, facts),
        DialState::Authorized => authorized(facts),
        DialState::Dialing => uncertain(now, facts),
        DialState::Placed => under_way(now, facts),
    };
    match facts.not_before.filter(|at| *at > now) {
        Some(until) if asks_provider(step) => CallStep::Wait { until },
        _ => step,
    }
}

fn asks_provider(step: CallStep) -> bool {
    matches!(step, CallStep::Place | CallStep::LookUp | CallStep::Fetch)
}

/// The outcome the events agree on, once no further event can change it in the usual order.
fn settled(view: &CallView) -> Option<CallOutcome> {
    view.outcome.filter(|_| view.ended)
}

fn authorized(facts: &CallFacts) -> CallStep {
    if facts.requests >= MAX_REQUESTS {
        CallStep::Finish(CallOutcome::Failed)
    } else {
        CallStep::Place
    }
}

/// Seconds after the dial at which the provider is searched; the last counts as proof.
const SEARCHES: [i64; 4] = [0, 20, 120, NEVER_LISTED.as_secs()];

fn uncertain(now: Timestamp, facts: &CallFacts) -> CallStep {
    let Some(dialed) = facts.dialing_at else {
        return CallStep::LookUp;
    };
    if facts
        .checked_at
        .is_some_and(|checked| checked >= dialed + NEVER_LISTED)
    {
        return CallStep::DialAgain;
    }
    if now >= dialed + GIVE_UP_SEARCH {
        return CallStep::Finish(CallOutcome::Uncertain);
    }
    let searched = |due: Timestamp| facts.checked_at.is_some_and(|checked| checked >= due);
    let next = SEARCHES
        .iter()
        .map(|after| dialed + SignedDuration::from_secs(*after))
        .find(|due| !searched(*due));
    match next {
        Some(due) if due > now => CallStep::Wait { until: due },
        _ => CallStep::LookUp,
    }
}

/// Pauses between reads of a call whose end has not been heard of.
const FOLLOW_UPS: [i64; 4] = [5, 5, 10, 20];

fn under_way(now: Timestamp, facts: &CallFacts) -> CallStep {
    let Some(placed) = facts.placed_at else {
        return CallStep::Fetch;
    };
    if now >= placed + LONGEST_CALL {
        return CallStep::Finish(CallOutcome::Uncertain);
    }
    fetch_after(now, facts, placed, &FOLLOW_UPS)
}

/// Pauses between reads of a call that has ended and not been analyzed.
const ANALYSIS_READS: [i64; 3] = [2, 4, 8];

fn awaiting_analysis(now: Timestamp, facts: &CallFacts) -> CallStep {
    let ended = facts.ended_at.unwrap_or(now);
    if now >= ended + ANALYSIS_PATIENCE {
        return CallStep::Finish(facts.view.outcome_without_analysis());
    }
    fetch_after(now, facts, ended, &ANALYSIS_READS)
}

fn fetch_after(now: Timestamp, facts: &CallFacts, since: Timestamp, pauses: &[i64]) -> CallStep {
    let read = facts.checked_at.filter(|at| *at > since);
    let reads = if read.is_some() { facts.checks } else { 0 };
    let place = usize::try_from(reads)
        .unwrap_or(usize::MAX)
        .min(pauses.len().saturating_sub(1));
    let pause = SignedDuration::from_mins(pauses.get(place).copied().unwrap_or(5));
    let due = read.unwrap_or(since) + pause;
    if due > now {
        CallStep::Wait { until: due }
    } else {
        CallStep::Fetch
    }
}
