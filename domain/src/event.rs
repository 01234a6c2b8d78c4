//! A received webhook's life: its states, its importance, and what follows a failure (HOOK-5 to HOOK-7).

mod kind;
mod operator;
mod retry;

pub use kind::{EventKind, Priority, kind_of, priority_of};
pub use operator::{RetryScope, retry_key, retry_words};
pub use retry::{AfterFailure, ErrorClass, RetryPolicy, Worth, after_failure, retry_policy};

coded_enum! {
    /// Where an event stands.
    EventState {
        /// Committed; its process does not know of it yet.
        Received = "received",
        /// Its process has been told.
        Queued = "queued",
        Processing = "processing",
        Succeeded = "succeeded",
        /// A try failed, and another will be made.
        Failed = "failed",
        /// Given up, until an operator has it tried again.
        Dead = "dead",
        /// Says again what another event has said.
        Duplicate = "duplicate",
        /// Cannot be read, and a further try would read the same bytes.
        Invalid = "invalid",
    }
}

impl EventState {
    /// Whether nothing happens to the event any more by itself.
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Dead | Self::Duplicate | Self::Invalid
        )
    }

    /// Whether an operator may have it tried again. Not a duplicate: the event it repeats is the one to try.
    pub const fn may_be_retried(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Dead | Self::Invalid | Self::Succeeded
        )
    }

    /// Whether an event in this state may come into that one next. An event that a call's process reads goes
    /// from `received` to its end at once; one whose worker died is `processing` again.
    pub const fn may_become(self, next: EventState) -> bool {
        let ends = matches!(
            next,
            Self::Succeeded | Self::Failed | Self::Dead | Self::Duplicate | Self::Invalid
        );
        match self {
            Self::Received => !matches!(next, Self::Received),
            Self::Queued => ends || matches!(next, Self::Processing),
            Self::Processing => ends || matches!(next, Self::Processing),
            Self::Failed => matches!(next, Self::Queued | Self::Processing | Self::Dead),
            Self::Dead | Self::Invalid | Self::Succeeded => {
                matches!(next, Self::Queued | Self::Processing)
            }
            Self::Duplicate => false,
        }
    }
}

#[cfg(test)]
mod tests;
