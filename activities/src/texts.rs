//! Texts and calls on the lines at OpenPhone: heard, read, sent, and their sound kept (TEXT-1 to TEXT-6).

mod account;
mod approval;
mod hear;
mod late;
mod outbound;
mod reading;
mod results;
mod sound;
mod talk;

use jiff::Timestamp;
use store::{Result, Store};
use workflows::contract::{At, TextStep, TextSubject, TextWorkInput};

pub use account::TextOptions;
pub use approval::{Answered, answer};
pub use outbound::request as request_text;

pub(crate) use account::openphone;
pub(crate) use hear::hear;
pub(crate) use late::is_late;
pub(crate) use talk::call_settled;

/// Why a request was not made or its answer not recorded. What a provider answered is no failure, but recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextFailure {
    #[error("the store failed")]
    Store(#[from] store::Error),
    /// A question that may be asked again at any time.
    #[error("the provider gave no answer to a question")]
    Unanswered(#[from] providers::error::ReadError),
}

/// What is next for a tenant's reading, a text or a sound.
pub(crate) async fn advance(store: &Store, input: &At<TextWorkInput>) -> Result<TextStep> {
    let tenant = store.tenant(input.of.tenant);
    match input.of.of {
        TextSubject::Reading => reading::advance(&tenant, input.now).await,
        TextSubject::Text(text) => outbound::advance(&tenant, text, input.now).await,
        TextSubject::Sound(sound) => sound::advance(&tenant, sound, input.now).await,
    }
}

/// Makes the request that is due, if one is.
pub(crate) async fn ask(
    store: &Store,
    options: &TextOptions,
    input: &TextWorkInput,
    now: Timestamp,
) -> Result<(), TextFailure> {
    let tenant = store.tenant(input.tenant);
    let keys = store.keys();
    match input.of {
        TextSubject::Reading => reading::read(&tenant, keys, options, now).await?,
        TextSubject::Text(text) => outbound::ask(&tenant, keys, options, text, now).await?,
        TextSubject::Sound(sound) => sound::fetch(&tenant, keys, options, sound, now).await?,
    }
    Ok(())
}
