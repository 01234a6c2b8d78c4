//! The sound of a call or voicemail: fetched, kept, and deleted in its time (TEXT-5).

use domain::{
    ids::SoundId,
    settings::Settings,
    text::{SoundFailure, SoundKind, SoundStep, What, sound_step},
};
use jiff::{SignedDuration, Timestamp};
use providers::openphone::{
    client::{Audio, AudioError, Client},
    entry,
    event::Event,
};
use store::{KeyRing, Result, SoundRow, StoredEntry, TenantStore, TenantTx};
use workflows::contract::{TextRequest, TextStep};

use super::{TextOptions, account, hear::VOICEMAIL};

/// A shorter time in the settings is noticed within a day.
const LOOKS_AGAIN: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn advance(
    tenant: &TenantStore,
    sound: SoundId,
    now: Timestamp,
) -> Result<TextStep> {
    let mut tx = tenant.begin().await?;
    let Some((row, stored)) = open(&mut tx, sound).await? else {
        return Ok(TextStep::Finished);
    };
    let settings = tx.tenant_row().await?.settings;
    let why = match step(&row, &stored, &settings, now) {
        SoundStep::Fetch | SoundStep::AskAndFetch => {
            return Ok(TextStep::Ask {
                request: TextRequest::Fetch,
            });
        }
        SoundStep::Wait { until } => return Ok(TextStep::Wait { until }),
        SoundStep::Keep { until } => {
            let until = until.min(now + LOOKS_AGAIN);
            return Ok(TextStep::Wait { until });
        }
        SoundStep::Delete => "deleted",
        SoundStep::NotWanted => "not_wanted",
        SoundStep::GiveUp(failure) => failure.code(),
    };
    tracing::info!(sound.id = %sound, why, "a sound is not kept any more");
    tx.sound_ended(sound, why).await?;
    tx.commit().await?;
    Ok(TextStep::Finished)
}

/// The sound, locked, with its call, unless it has come to its end.
async fn open(tx: &mut TenantTx, sound: SoundId) -> Result<Option<(SoundRow, StoredEntry)>> {
    let Some(row) = tx
        .lock_sound(sound)
        .await?
        .filter(|row| row.ended.is_none())
    else {
        return Ok(None);
    };
    let stored = tx.entry(row.entry).await?;
    Ok(stored.map(|stored| (row, stored)))
}

fn step(row: &SoundRow, stored: &StoredEntry, settings: &Settings, now: Timestamp) -> SoundStep {
    let has_address = address(row, stored).is_some();
    sound_step(now, &row.facts(has_address), &settings.texts)
}

/// The newest that was told.
fn address(row: &SoundRow, stored: &StoredEntry) -> Option<String> {
    let What::Call(call) = &stored.entry.what else {
        return None;
    };
    let sound = match row.kind {
        SoundKind::Recording => call.recordings.get(&row.key),
        SoundKind::Voicemail => call.voicemail.as_ref().map(|voicemail| &voicemail.sound),
    };
    sound?.url.as_ref().map(|url| url.0.clone())
}

pub(super) async fn fetch(
    tenant: &TenantStore,
    keys: &KeyRing,
    options: &TextOptions,
    sound: SoundId,
    now: Timestamp,
) -> Result<()> {
    let mut tx = tenant.begin().await?;
    let Some((row, stored)) = open(&mut tx, sound).await? else {
        return Ok(());
    };
    let settings = tx.tenant_row().await?.settings;
    let due = step(&row, &stored, &settings, now);
    let client = account::openphone(&mut tx, keys, options, &settings).await?;
    drop(tx);
    let fetched = match (due, client) {
        (SoundStep::Fetch, client) => {
            let client = client.or_else(|_| account::for_sound(options, &settings));
            at(client.ok().as_ref(), address(&row, &stored)).await
        }
        (SoundStep::AskAndFetch, Ok(client)) => match asked(&client, &stored, &row, now).await {
            Ok(event) => at(Some(&client), fresh_address(&event, &row, &settings)).await,
            Err(failure) => Err(failure),
        },
        (SoundStep::AskAndFetch, Err(_)) => Err(SoundFailure::Unavailable),
        _ => return Ok(()),
    };
    let result = fetched
        .as_ref()
        .map_or_else(|failure| failure.code(), |_| "kept");
    metrics::counter!("bellhop_sounds_total", "result" => result).increment(1);
    let mut tx = tenant.begin().await?;
    match fetched {
        Ok(audio) => {
            let kind = audio.kind.as_deref();
            tx.sound_kept(sound, &audio.bytes, kind, now).await?;
        }
        Err(failure) => {
            tracing::warn!(sound.id = %sound, failure = failure.code(), "a sound was not fetched");
            tx.sound_failed(sound, failure, now).await?;
        }
    }
    tx.commit().await
}

async fn at(client: Option<&Client>, address: Option<String>) -> Result<Audio, SoundFailure> {
    let client = client.ok_or(SoundFailure::Unavailable)?;
    // OpenPhone has none (yet).
    let address = address.ok_or(SoundFailure::Gone)?;
    client.audio(&address).await.map_err(|error| match error {
        AudioError::NotPublic => SoundFailure::NotPublic,
        AudioError::Gone { .. } => SoundFailure::Gone,
        AudioError::TooLarge { .. } => SoundFailure::TooLarge,
        AudioError::NotAudio => SoundFailure::NotAudio,
        AudioError::RateLimited { .. } => SoundFailure::RateLimited,
        AudioError::Failed => SoundFailure::Unavailable,
    })
}

/// What OpenPhone says of the sound now, with a fresh address.
async fn asked(
    client: &Client,
    stored: &StoredEntry,
    row: &SoundRow,
    now: Timestamp,
) -> Result<Event, SoundFailure> {
    let call = stored.entry.id.as_str();
    let answer = match row.key.as_str() {
        VOICEMAIL if row.kind == SoundKind::Voicemail => client.voicemail(call, now).await,
        _ => client.recordings(call, now).await,
    };
    let event = answer.map_err(|error| {
        tracing::warn!(%error, "a fresh address could not be asked for");
        SoundFailure::Unavailable
    })?;
    event.ok_or(SoundFailure::Gone)
}

/// The fresh address in an answer. Webhooks know no ids of recordings and lists do, so that the only one is taken for
/// the one that is meant.
fn fresh_address(event: &Event, row: &SoundRow, settings: &Settings) -> Option<String> {
    let reading = entry::Reading {
        country: settings.tenant.country(),
        lines: &settings.texts.lines(),
    };
    let What::Call(call) = entry::entry(event, reading)?.what else {
        return None;
    };
    let sound = match row.kind {
        SoundKind::Voicemail => call.voicemail.as_ref().map(|voicemail| &voicemail.sound),
        SoundKind::Recording => {
            let only = call.recordings.values().next();
            let only = only.filter(|_| call.recordings.len() == 1);
            call.recordings.get(&row.key).or(only)
        }
    };
    sound?.url.as_ref().map(|url| url.0.clone())
}
