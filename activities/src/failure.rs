//! Failures as the engine sees them. The type names are read in its screens: they are a wire format.

use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

/// Why a request to the provider was not completed on our side. What the provider answered is no failure:
/// it is recorded, and the call's process decides what it means.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialFailure {
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("the provider's client could not be made")]
    Client(#[from] providers::error::ClientError),
}

/// A failure of the store: the process asks again, with a fresh time.
pub(crate) fn transient(error: store::Error) -> ActivityError {
    tracing::warn!(error = &error as &dyn std::error::Error, "activity failed");
    failure("StoreFailed", error)
}

pub(crate) fn dial(error: DialFailure) -> ActivityError {
    tracing::warn!(error = &error as &dyn std::error::Error, "activity failed");
    failure("DialFailed", error)
}

pub(crate) fn text(error: crate::texts::TextFailure) -> ActivityError {
    tracing::warn!(error = &error as &dyn std::error::Error, "activity failed");
    failure("TextFailed", error)
}

pub(crate) fn schedule(error: crate::schedule::ScheduleFailure) -> ActivityError {
    tracing::warn!(error = &error as &dyn std::error::Error, "activity failed");
    failure("ScheduleFailed", error)
}

/// Something that cannot be, short of a defect.
pub(crate) fn broken(what: &'static str) -> ActivityError {
    failure("Broken", std::io::Error::other(what))
}

fn failure(kind: &str, error: impl std::error::Error + Send + Sync + 'static) -> ActivityError {
    ApplicationFailure::builder(error)
        .type_name(kind.to_owned())
        .build()
        .into()
}
