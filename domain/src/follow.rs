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
    /// The provider is not asked for anything before then (it told us so, or did not answer). Forgotten when
    /// a request leaves and when the call is placed.
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
    /// The provider has spoken of this call, whether or not what it said could be read.
    pub heard: bool,
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

/// The next step of a call at `now`. A wait always ends after `now`.
pub fn next_step(now: Timestamp, facts: &CallFacts) -> CallStep {
    if let Some(outcome) = facts.outcome.or_else(|| settled(&facts.view)) {
        return CallStep::Finish(outcome);
    }
    match facts.dial {
        DialState::Abandoned => CallStep::Finish(CallOutcome::NotPlaced),
        _ if facts.view.ended => awaiting_analysis(now, facts),
        DialState::Authorized => authorized(now, facts),
        DialState::Dialing => uncertain(now, facts),
        DialState::Placed => under_way(now, facts),
    }
}

/// The outcome the events agree on, once no further event can change it in the usual order.
fn settled(view: &CallView) -> Option<CallOutcome> {
    view.outcome.filter(|_| view.ended)
}

fn authorized(now: Timestamp, facts: &CallFacts) -> CallStep {
    // It has the call and did not say under which id, so it can be neither dialed again nor read.
    if facts.heard {
        return CallStep::Finish(CallOutcome::Uncertain);
    }
    if facts.requests >= MAX_REQUESTS {
        return CallStep::Finish(CallOutcome::Failed);
    }
    match facts.not_before.filter(|at| *at > now) {
        Some(until) => CallStep::Wait { until },
        None => CallStep::Place,
    }
}

/// Seconds after the dial at which the provider is searched; the last counts as proof.
const SEARCHES: [i64; 4] = [0, 20, 120, NEVER_LISTED.as_secs()];
/// Between further searches for a call that the provider has spoken of and does not list.
const SEARCH_PAUSE: SignedDuration = SignedDuration::from_mins(10);

fn uncertain(now: Timestamp, facts: &CallFacts) -> CallStep {
    let Some(dialed) = facts.dialing_at else {
        return CallStep::Finish(CallOutcome::Uncertain);
    };
    let searched = |due: Timestamp| facts.checked_at.is_some_and(|checked| checked >= due);
    if searched(dialed + NEVER_LISTED) && !facts.heard {
        return CallStep::DialAgain;
    }
    let due = SEARCHES
        .iter()
        .map(|after| dialed + SignedDuration::from_secs(*after))
        .find(|due| !searched(*due))
        .or_else(|| facts.checked_at.map(|checked| checked + SEARCH_PAUSE));
    let search = Question {
        step: CallStep::LookUp,
        due: due.unwrap_or(now),
        deadline: dialed + GIVE_UP_SEARCH,
        in_the_end: CallOutcome::Uncertain,
    };
    search.at(now, facts)
}

/// Minutes between reads of a call whose end has not been heard of.
const FOLLOW_UPS: [i64; 4] = [5, 5, 10, 20];

fn under_way(now: Timestamp, facts: &CallFacts) -> CallStep {
    let Some(placed) = facts.placed_at.or(facts.dialing_at) else {
        return CallStep::Finish(CallOutcome::Uncertain);
    };
    let read = Question {
        step: CallStep::Fetch,
        due: read_due(facts, placed, &FOLLOW_UPS),
        deadline: placed + LONGEST_CALL,
        in_the_end: CallOutcome::Uncertain,
    };
    read.at(now, facts)
}

/// Minutes between reads of a call that has ended and not been analyzed.
const ANALYSIS_READS: [i64; 3] = [2, 4, 9];

fn awaiting_analysis(now: Timestamp, facts: &CallFacts) -> CallStep {
    let ended = facts.ended_at.unwrap_or(now);
    let deadline = ended + ANALYSIS_PATIENCE;
    let in_the_end = facts.view.outcome_without_analysis();
    // It can be read only by the provider's own id, which we learn with the placement.
    if facts.dial != DialState::Placed {
        return if now < deadline {
            CallStep::Wait { until: deadline }
        } else {
            CallStep::Finish(in_the_end)
        };
    }
    let read = Question {
        step: CallStep::Fetch,
        due: read_due(facts, ended, &ANALYSIS_READS),
        deadline,
        in_the_end,
    };
    read.at(now, facts)
}

fn read_due(facts: &CallFacts, since: Timestamp, pauses: &[i64]) -> Timestamp {
    let read = facts.checked_at.filter(|at| *at > since);
    let reads = if read.is_some() { facts.checks } else { 0 };
    let place = usize::try_from(reads)
        .unwrap_or(usize::MAX)
        .min(pauses.len().saturating_sub(1));
    let pause = SignedDuration::from_mins(pauses.get(place).copied().unwrap_or(5));
    read.unwrap_or(since) + pause
}

/// Something the provider is asked again and again, until a deadline.
struct Question {
    step: CallStep,
    due: Timestamp,
    deadline: Timestamp,
    in_the_end: CallOutcome,
}

impl Question {
    /// The last word is an answer (or a failure to get one) at the deadline or after: whoever was stopped
    /// over the deadline asks once before giving up. A pause the provider asked for does not outlast it.
    fn at(&self, now: Timestamp, facts: &CallFacts) -> CallStep {
        let answered = facts.checked_at.is_some_and(|at| at >= self.deadline);
        let refused = facts.not_before.is_some_and(|at| at > self.deadline);
        if now >= self.deadline && (answered || refused) {
            return CallStep::Finish(self.in_the_end);
        }
        let due = facts.not_before.map_or(self.due, |at| at.max(self.due));
        let due = due.min(self.deadline);
        if due > now {
            CallStep::Wait { until: due }
        } else {
            self.step
        }
    }
}

#[cfg(test)]
mod tests;
