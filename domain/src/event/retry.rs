//! What follows a try that failed: another, or giving up (HOOK-6).

use jiff::{SignedDuration, Timestamp};

use super::{EventKind, EventState, kind_of};
use crate::{hours::shift, settings::Events};

coded_enum! {
    /// Why a try to process an event failed.
    ErrorClass {
        /// The body is not what its sender documents.
        Unreadable = "unreadable",
        /// The database understood and said no: a value it cannot hold, a rule of the schema.
        RefusedByDatabase = "refused_by_database",
        /// The database could not be asked.
        Unavailable = "unavailable",
        Timeout = "timeout",
        /// A provider read our request and said no to it.
        ProviderRefused = "provider_refused",
        /// A provider refuses this account: key, payment, permission.
        ProviderDenied = "provider_denied",
        /// A provider asked to slow down.
        ProviderPace = "provider_pace",
        /// A provider is out of order or cannot be reached.
        ProviderUnavailable = "provider_unavailable",
        /// A provider is being left alone; it was not asked.
        CircuitOpen = "circuit_open",
        /// The worker was gone before the end; this event may be what killed it.
        Interrupted = "interrupted",
        /// Anything else, a mistake of ours included.
        Internal = "internal",
    }
}

/// Whether a further try can help, and whether the failed one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// The same again would fail the same way.
    Nothing,
    /// It may pass, and is tried as often as the policy permits.
    ATry,
    /// Not the event's fault, and sure to pass or to be seen to: tried again however long it lasts.
    Waiting,
}

impl ErrorClass {
    pub const fn worth(self) -> Worth {
        match self {
            Self::Unreadable
            | Self::RefusedByDatabase
            | Self::ProviderRefused
            | Self::ProviderDenied => Worth::Nothing,
            Self::Timeout | Self::ProviderUnavailable | Self::Interrupted | Self::Internal => {
                Worth::ATry
            }
            Self::Unavailable | Self::ProviderPace | Self::CircuitOpen => Worth::Waiting,
        }
    }

    /// For people: one plain sentence without a full stop.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "the body could not be read",
            Self::RefusedByDatabase => "the database refused what was to be stored",
            Self::Unavailable => "the database could not be reached",
            Self::Timeout => "it took too long",
            Self::ProviderRefused => "the provider refused the request",
            Self::ProviderDenied => "the provider refuses this account's key or payment",
            Self::ProviderPace => "the provider asked to slow down",
            Self::ProviderUnavailable => "the provider could not be reached or is out of order",
            Self::CircuitOpen => "the provider is failing and is being left alone for a while",
            Self::Interrupted => "the worker stopped in the middle of it",
            Self::Internal => "something went wrong inside Bellhop",
        }
    }
}

/// How often, and how far apart, the processing of an event is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// All tries together, the first included; at least 1.
    pub tries: u32,
    /// Between the first failure and the second try.
    pub first_delay: SignedDuration,
    /// Each further delay is so many times the one before.
    pub factor: f64,
    pub longest: SignedDuration,
}

impl RetryPolicy {
    const fn of(tries: u32, first_seconds: i64, factor: f64, longest_minutes: i64) -> RetryPolicy {
        RetryPolicy {
            tries,
            first_delay: SignedDuration::from_secs(first_seconds),
            factor,
            longest: SignedDuration::from_mins(longest_minutes),
        }
    }

    /// The wait after so many failures (1 for the first), in whole seconds, at least one.
    pub fn delay(&self, failures: u32) -> SignedDuration {
        let growth = self.factor.max(1.0).powi(exponent(failures));
        let seconds = self.first_delay.as_secs_f64() * growth;
        let longest = self.longest.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "bounded by the longest delay, which is a number of seconds"
        )]
        let whole = seconds.min(longest).max(1.0).round() as i64;
        SignedDuration::from_secs(whole)
    }
}

fn exponent(failures: u32) -> i32 {
    i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX)
}

/// The policy for events of this type; what the tenant's settings say goes before it.
pub fn retry_policy(provider: &str, event_type: &str, settings: &Events) -> RetryPolicy {
    let default = match kind_of(provider, event_type) {
        // Somebody waits, and only our own database is needed: what does not pass in a minute is a mistake.
        EventKind::Call
        | EventKind::Question
        | EventKind::Appointment
        | EventKind::IncomingText => RetryPolicy::of(3, 5, 6.0, 10),
        // Records are read back from the CRM, whose outages and quotas take their time.
        EventKind::Crm => RetryPolicy::of(6, 60, 4.0, 120),
        // Often not ready when announced; the vendor's note says to look after 1, 5, 15 and 60 minutes.
        EventKind::CallMaterial => RetryPolicy::of(5, 60, 4.0, 60),
        EventKind::TextStatus
        | EventKind::Conversation
        | EventKind::Contact
        | EventKind::AgentHook
        | EventKind::Unknown => RetryPolicy::of(3, 30, 4.0, 60),
    };
    let seconds = |chosen: Option<u32>, or: SignedDuration| {
        chosen.map_or(or, |seconds| SignedDuration::from_secs(seconds.into()))
    };
    RetryPolicy {
        tries: settings.tries.unwrap_or(default.tries),
        first_delay: seconds(settings.first_delay_seconds, default.first_delay),
        factor: settings.delay_factor.unwrap_or(default.factor),
        longest: seconds(settings.longest_delay_seconds, default.longest),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    Retry {
        at: Timestamp,
        /// False when the try that failed is not counted.
        counted: bool,
    },
    /// Given up: an alert, the daily report, and an operator's retry.
    Dead,
    /// Given up because it cannot be read.
    Invalid,
}

impl AfterFailure {
    /// The state the event is in from now on.
    pub const fn state(self) -> EventState {
        match self {
            Self::Retry { .. } => EventState::Failed,
            Self::Dead => EventState::Dead,
            Self::Invalid => EventState::Invalid,
        }
    }

    /// The same, no earlier than a provider or an open circuit permits.
    #[must_use]
    pub fn not_before(self, earliest: Option<Timestamp>) -> AfterFailure {
        match self {
            Self::Retry { at, counted } => Self::Retry {
                at: earliest.map_or(at, |earliest| at.max(earliest)),
                counted,
            },
            given_up => given_up,
        }
    }
}

/// Between tries that do not count.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
const PROVIDER_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// What follows a failure at `now`. `failures` are the counted ones before it.
pub fn after_failure(
    now: Timestamp,
    failures: u32,
    class: ErrorClass,
    policy: &RetryPolicy,
) -> AfterFailure {
    let failures = failures.saturating_add(1);
    match (class, class.worth()) {
        (ErrorClass::Unreadable, _) => AfterFailure::Invalid,
        (_, Worth::Nothing) => AfterFailure::Dead,
        (ErrorClass::Unavailable, _) => uncounted(now, PAUSE),
        (_, Worth::Waiting) => uncounted(now, PROVIDER_PAUSE),
        (_, Worth::ATry) if failures >= policy.tries => AfterFailure::Dead,
        (_, Worth::ATry) => AfterFailure::Retry {
            at: shift(now, policy.delay(failures)),
            counted: true,
        },
    }
}

fn uncounted(now: Timestamp, pause: SignedDuration) -> AfterFailure {
    AfterFailure::Retry {
        at: shift(now, pause),
        counted: false,
    }
}
