//! An event of OpenPhone or Quo becomes a part of a conversation; what follows from it begins in the same transaction.

use domain::{
    call::Direction,
    event::RetryScope,
    settings::Settings,
    text::{
        Choice, Entry, Keyword, SoundFacts, SoundKind, SoundStep, What, keyword, passages,
        sound_step,
    },
};
use jiff::Timestamp;
use providers::openphone::{entry, event};
use store::{EventTry, PassageSource, Result, StoredEntry, TenantTx};

use crate::{advance_event::Followed, transcripts};

pub(crate) async fn hear(tx: &mut TenantTx, each: &EventTry, now: Timestamp) -> Result<Followed> {
    let event = match event::read(&each.event.body) {
        Ok(event) => event,
        Err(problem) => return Ok(Followed::invalid(&problem)),
    };
    let settings = tx.tenant_row().await?.settings;
    let reading = entry::Reading {
        country: settings.tenant.country(),
        lines: &settings.texts.lines(),
    };
    let Some(mut heard) = entry::entry(&event, reading) else {
        return Ok(Followed::kept("tells of no text and no call"));
    };
    transcripts::leave_out(&mut heard, &settings);
    let tells_crm = matches!(&heard.what, What::Call(call) if call.tells_how_it_went());
    let stored = tx
        .join_entry(heard, each.event.received_at, &settings)
        .await?;
    let said = keyword_of(&stored.entry, &settings);
    if let Some(keyword) = said {
        choose(tx, &stored, keyword).await?;
    }
    if each.scope == Some(RetryScope::StateOnly) {
        return Ok(Followed::kept("joined to its conversation once more"));
    }
    if tells_crm {
        tell_crm(tx, &stored, now).await?;
    }
    if said.is_none() {
        have_read(tx, &stored, &settings, now).await?;
    }
    keep_sounds(tx, &stored, &settings, now).await?;
    Ok(Followed::done())
}

/// What a text from a person says that is nothing but a keyword.
pub(super) fn keyword_of(entry: &Entry, settings: &Settings) -> Option<Keyword> {
    let What::Text(text) = &entry.what else {
        return None;
    };
    let from_person = entry.parties.direction == Some(Direction::Inbound);
    let body = text.body.as_deref().filter(|_| from_person)?;
    keyword(body, &settings.texts)
}

/// Opt-outs take effect here and now, whoever the number belongs to (RULE-2).
async fn choose(tx: &mut TenantTx, stored: &StoredEntry, keyword: Keyword) -> Result<()> {
    let opted_out = match keyword {
        Keyword::OptOut => true,
        Keyword::OptIn => false,
        Keyword::Help => return Ok(()),
    };
    let Some(e164) = &stored.e164 else {
        return Ok(());
    };
    let choice = Choice {
        at: stored.at,
        opted_out,
    };
    tx.text_choice(e164, choice).await
}

/// A call that is over is written to the CRM (CRM-2).
async fn tell_crm(tx: &mut TenantTx, stored: &StoredEntry, now: Timestamp) -> Result<()> {
    match &stored.entry.what {
        What::Call(call) if call.stage(stored.entry.parties.direction).is_over() => {
            tx.crm_entry_finished(stored.id, stored.contact, now).await
        }
        _ => Ok(()),
    }
}

/// Words of a person whom nobody else shares the number with. Of anybody else nothing is guessed.
async fn have_read(
    tx: &mut TenantTx,
    stored: &StoredEntry,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    let (Some(contact), true) = (stored.contact, settings.extraction.enabled) else {
        return Ok(());
    };
    let mut is_news = false;
    for passage in passages(&stored.entry, &settings.extraction.read, now) {
        let (source, fingerprint) = (PassageSource::Entry(stored.id), passage.fingerprint());
        is_news |= tx
            .queue_passage(source, contact, passage.kind, fingerprint, now)
            .await?;
    }
    if is_news {
        tx.wake_reading().await?;
    }
    Ok(())
}

/// A call has one voicemail at most.
pub(super) const VOICEMAIL: &str = "voicemail";

async fn keep_sounds(
    tx: &mut TenantTx,
    stored: &StoredEntry,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    let What::Call(call) = &stored.entry.what else {
        return Ok(());
    };
    let recordings = call.recordings.keys().map(String::as_str);
    let recordings = recordings.map(|key| (SoundKind::Recording, key));
    let voicemail = call.voicemail.as_ref();
    let voicemail = voicemail.map(|_| (SoundKind::Voicemail, VOICEMAIL));
    for (kind, key) in recordings.chain(voicemail) {
        let new = SoundFacts {
            kind,
            has_address: true,
            failures: 0,
            last_failure: None,
            kept_at: None,
        };
        if sound_step(now, &new, &settings.texts) == SoundStep::NotWanted {
            continue;
        }
        if let Some(sound) = tx.add_sound(stored.id, kind, key).await? {
            tx.wake_sound(sound).await?;
        }
    }
    Ok(())
}
