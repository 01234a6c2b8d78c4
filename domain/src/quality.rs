//! How good calls are: which are too short or too long, and when too many of them are poor (CALL-7).

use crate::{
    call::{CallOutcome, CallView, Direction},
    settings::Quality,
};

coded_enum! {
    /// What is odd about a call's length.
    CallFlag {
        /// Whoever answered was gone at once.
        Short = "short",
        Long = "long",
        /// So long that the agent may have been stuck.
        VeryLong = "very_long",
    }
}

impl CallFlag {
    /// In plain words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Short => "short: whoever answered was gone at once",
            Self::Long => "long",
            Self::VeryLong => "very long: the agent may have been stuck",
        }
    }
}

coded_enum! {
    /// Of what there is too much.
    QualityProblem {
        TooShort = "too_short",
        TooManyFailed = "too_many_failed",
    }
}

/// What is odd about the length of a call that ended so. A call to a machine is short for a good reason.
pub fn flag(view: &CallView, outcome: CallOutcome, limits: &Quality) -> Option<CallFlag> {
    let talked = is_conversation(outcome);
    if !talked && outcome != CallOutcome::Voicemail {
        return None;
    }
    let length = view.duration_ms.filter(|_| view.answered)?;
    let over = |seconds: u32| length > u64::from(seconds) * 1_000;
    if talked && length < u64::from(limits.short_seconds) * 1_000 {
        Some(CallFlag::Short)
    } else if over(limits.very_long_seconds) {
        Some(CallFlag::VeryLong)
    } else if over(limits.long_seconds) {
        Some(CallFlag::Long)
    } else {
        None
    }
}

/// Calls that were made of late, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallTally {
    /// Or came in, however they ended.
    pub made: u64,
    /// Of them, those that failed: the line, the provider, or a number that cannot be called.
    pub failed: u64,
    /// Of those made, those in which somebody talked with the agent.
    pub conversations: u64,
    /// Of the conversations.
    pub short: u64,
}

impl CallTally {
    /// Counts in some calls that ended the same way.
    pub fn add(&mut self, outcome: CallOutcome, flag: Option<CallFlag>, calls: u64) {
        if outcome == CallOutcome::NotPlaced {
            return;
        }
        self.made += calls;
        if is_failure(outcome) {
            self.failed += calls;
        }
        if is_conversation(outcome) {
            self.conversations += calls;
            if flag == Some(CallFlag::Short) {
                self.short += calls;
            }
        }
    }

    /// Each problem there can be, with the words of it if it stands. A share of few calls says nothing, and a limit itself is
    /// not over the limit.
    pub fn problems(
        &self,
        direction: Direction,
        limits: &Quality,
    ) -> [(QualityProblem, Option<String>); 2] {
        let which = match direction {
            Direction::Outbound => "",
            Direction::Inbound => " that came in",
        };
        let short = over(
            (self.short, self.conversations),
            limits.short_percent,
            limits,
        )
        .then(|| {
            format!(
                "{} of the last {} conversations{which} took less than {} seconds",
                self.short, self.conversations, limits.short_seconds
            )
        });
        let failed = over((self.failed, self.made), limits.failure_percent, limits).then(|| {
            format!(
                "{} of the last {} calls{which} failed",
                self.failed, self.made
            )
        });
        [
            (QualityProblem::TooShort, short),
            (QualityProblem::TooManyFailed, failed),
        ]
    }
}

fn over((part, whole): (u64, u64), percent: u8, limits: &Quality) -> bool {
    whole >= u64::from(limits.least_calls.max(1))
        && u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

/// Whether somebody talked with the agent.
const fn is_conversation(outcome: CallOutcome) -> bool {
    match outcome {
        CallOutcome::Confirmed
        | CallOutcome::Cancelled
        | CallOutcome::Rescheduled
        | CallOutcome::NoClearAnswer
        | CallOutcome::DoNotCall => true,
        CallOutcome::NoAnswer
        | CallOutcome::Busy
        | CallOutcome::Voicemail
        | CallOutcome::Failed
        | CallOutcome::SystemicFailure
        | CallOutcome::InvalidNumber
        | CallOutcome::Uncertain
        | CallOutcome::NotPlaced => false,
    }
}

const fn is_failure(outcome: CallOutcome) -> bool {
    matches!(
        outcome,
        CallOutcome::Failed
            | CallOutcome::SystemicFailure
            | CallOutcome::InvalidNumber
            | CallOutcome::Uncertain
    )
}

#[cfg(test)]
mod tests;
