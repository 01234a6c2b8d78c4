//! What was said in a call with a voice agent is read like what is said on the business's own lines (TEXT-2).

use domain::{
    followup::Uttered,
    ids::CallId,
    settings::Settings,
    text::{Number, Passage, PassageKind, passage_of_talk},
};
use jiff::Timestamp;
use store::{PassageSource, Result, Talk, TenantTx};

use crate::voice;

/// A call has ended, or more was heard of one that has: what was said is to be read.
pub(crate) async fn call_settled(tx: &mut TenantTx, call: CallId, now: Timestamp) -> Result<()> {
    let settings = tx.tenant_row().await?.settings;
    if !settings.extraction.enabled {
        return Ok(());
    }
    let Some(talk) = tx.talk(call).await? else {
        return Ok(());
    };
    let whose = tx.recognise(Some(&talk.e164), &settings).await?;
    if whose.person.is_none_or(|person| person.id != talk.contact) {
        return Ok(());
    }
    let Some(passage) = passage(&talk, &settings.extraction.read, &settings) else {
        return Ok(());
    };
    let (source, fingerprint) = (PassageSource::Call(call), passage.fingerprint());
    let is_news = tx
        .queue_passage(source, talk.contact, passage.kind, fingerprint, now)
        .await?;
    match is_news {
        true => tx.wake_reading().await,
        false => Ok(()),
    }
}

/// What there is to read of a call, of the kinds that are wanted. Every event of its end may hold the transcript, the
/// newest the whole of it.
pub(super) fn passage(talk: &Talk, kinds: &[PassageKind], settings: &Settings) -> Option<Passage> {
    let transcript = settings.retention.keep_transcripts.then(|| {
        let mut bodies = talk.bodies.iter();
        bodies.find_map(|body| voice::transcript(talk.provider, body))
    });
    let transcript = transcript.flatten();
    passage_of_talk(transcript.as_ref(), talk.summary.as_deref(), kinds, talk.at)
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
