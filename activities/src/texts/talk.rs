//! What was said in a call with a voice agent is read like what is said on the business's own lines (TEXT-2).

use domain::{
    call::Direction,
    followup::Uttered,
    ids::CallId,
    settings::Settings,
    text::{Number, Passage, PassageKind, Transcript, passage_of_talk},
};
use jiff::Timestamp;
use store::{CallRow, PassageSource, Result, Talk, TenantTx};

use crate::voice;

/// A call has ended, or more was heard of one that has: what was said is to be read.
pub(crate) async fn call_settled(tx: &mut TenantTx, row: &CallRow, now: Timestamp) -> Result<()> {
    // Before its analysis nobody knows whether a call of ours was taken by a machine.
    if row.direction == Direction::Outbound && !row.facts.view.analyzed {
        return Ok(());
    }
    let settings = tx.tenant_row().await?.settings;
    if !settings.extraction.enabled {
        return Ok(());
    }
    let Some(talk) = tx.talk(row.id).await? else {
        return Ok(());
    };
    let whose = tx.recognise(Some(&talk.e164), &settings).await?;
    if whose.person.is_none_or(|person| person.id != talk.contact) {
        return Ok(());
    }
    let kinds = &settings.extraction.read;
    let Some(passage) = passage(tx, row.id, &talk, kinds, &settings).await? else {
        return Ok(());
    };
    let (source, fingerprint) = (PassageSource::Call(row.id), fingerprint(row.id, &passage));
    let is_news = tx
        .queue_passage(source, talk.contact, passage.kind, fingerprint, now)
        .await?;
    match is_news {
        true => tx.wake_reading().await,
        false => Ok(()),
    }
}

/// Of the call too: summaries of two calls may say the same in the same words, and mean two wishes.
pub(super) fn fingerprint(call: CallId, passage: &Passage) -> [u8; 32] {
    passage.fingerprint_in(call.uuid().as_bytes())
}

/// What there is to read of a call, of the kinds that are wanted.
pub(super) async fn passage(
    tx: &mut TenantTx,
    call: CallId,
    talk: &Talk,
    kinds: &[PassageKind],
    settings: &Settings,
) -> Result<Option<Passage>> {
    let is_wanted = settings.retention.keep_transcripts && kinds.contains(&PassageKind::Transcript);
    let transcript = match is_wanted {
        true => transcript(tx, call, talk).await?,
        false => None,
    };
    let summary = talk.summary.as_deref();
    Ok(passage_of_talk(
        transcript.as_ref(),
        summary,
        kinds,
        talk.at,
    ))
}

/// Each event of a call's end may hold the transcript, or a part of it.
async fn transcript(tx: &mut TenantTx, call: CallId, talk: &Talk) -> Result<Option<Transcript>> {
    let told = tx.told_of_call(call).await?;
    let told = told.iter();
    Ok(Transcript::longest(
        told.filter_map(|body| voice::transcript(talk.provider, body)),
    ))
}

pub(super) fn uttered(talk: &Talk, settings: &Settings) -> Uttered {
    let country = settings.tenant.country();
    let line = talk.line.as_deref();
    Uttered {
        e164: talk.e164.clone(),
        line: line.and_then(|line| Number::read(line, country)),
        ended_at: talk.ended_at,
    }
}
