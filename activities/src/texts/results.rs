//! What was read out of one passage takes effect: an empty field is filled, another value is asked about (TEXT-3).

use domain::{
    followup::{self, Uttered},
    phone::PhoneNumber,
    settings::Settings,
    text::{
        CallbackWish, ContactNow, Field, Found, Passage, PassageKind, Proposal, Words, callback,
        proposals,
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Change, ChangedBy, ContactRow, NewNote, NewResult, PassageRow, Result, TenantTx};
use uuid::Uuid;

use crate::followups;

/// One passage, and what was found in it. Nobody has judged that yet.
pub(super) struct Read<'a> {
    pub(super) row: &'a PassageRow,
    pub(super) passage: &'a Passage,
    pub(super) uttered: &'a Uttered,
    pub(super) found: &'a Found,
    pub(super) batch: Uuid,
}

pub(super) async fn apply(
    tx: &mut TenantTx,
    read: &Read<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    let row = read.row;
    // Whose the words are by now: a contact may have been merged since they left to be read.
    let contact = tx.lock_kept_contact(row.contact).await?;
    if !tx.is_in_batch(row.id, read.batch).await? {
        return Ok(());
    }
    let Some(mut contact) = contact else {
        return tx.passage_superseded(row.id).await;
    };
    let (asked, rejected) = tx.asked_before(contact.id).await?;
    let phones = phones(&contact);
    let all = proposals(
        read.found,
        &read.passage.words,
        &contact_now(&contact, &phones, (&asked, &rejected), settings),
    );
    for proposal in &all {
        take_up(tx, proposal, &mut contact, row, now).await?;
    }
    let wish = callback(read.found, read.passage, &settings.tenant.zone_or_utc());
    if let Some(wish) = wish {
        note(tx, &contact, read.passage, wish, settings, now).await?;
        follow_up(tx, read, wish, now).await?;
    }
    let results = all.iter().map(told).collect();
    let result = NewResult {
        results: &results,
        wants_call: wish.map(|wish| wish.wanted_at),
    };
    tx.passage_read(row.id, &result, now).await
}

pub(super) fn phones(contact: &ContactRow) -> Vec<PhoneNumber> {
    let number = contact.e164.as_deref();
    number
        .and_then(|number| PhoneNumber::from_e164(number).ok())
        .into_iter()
        .collect()
}

type Values<'a> = &'a [(Field, Words)];

pub(super) fn contact_now<'a>(
    contact: &'a ContactRow,
    phones: &'a [PhoneNumber],
    (asked, rejected): (Values<'a>, Values<'a>),
    settings: &Settings,
) -> ContactNow<'a> {
    ContactNow {
        country: settings.tenant.country(),
        name: &contact.name,
        email: contact.email.as_deref().unwrap_or_default(),
        address: contact.address.as_deref().unwrap_or_default(),
        preferences: contact.remarks.as_deref().unwrap_or_default(),
        phones,
        asked,
        rejected,
    }
}

async fn take_up(
    tx: &mut TenantTx,
    proposal: &Proposal,
    contact: &mut ContactRow,
    row: &PassageRow,
    now: Timestamp,
) -> Result<()> {
    match proposal {
        Proposal::Fill { field, value } => {
            tracing::info!(contact.id = %contact.id, extraction.id = %row.id, field = field.code(), "an empty field was filled");
            let change = Change {
                field: *field,
                value,
                by: ChangedBy::Extraction,
                cause: Some(row.id.uuid()),
            };
            tx.change_field(contact, change, now).await
        }
        Proposal::Ask {
            field,
            now: shown,
            value,
        } => {
            tx.ask_approval(contact.id, row.id, (*field, shown, value), now)
                .await
        }
        Proposal::Same { .. } | Proposal::AskedBefore { .. } | Proposal::Dropped { .. } => Ok(()),
    }
}

/// Without the value.
fn told(proposal: &Proposal) -> Value {
    let (field, result, why) = match proposal {
        Proposal::Fill { field, .. } => (field, "filled", None),
        Proposal::Ask { field, .. } => (field, "asked", None),
        Proposal::Same { field } => (field, "same", None),
        Proposal::AskedBefore { field } => (field, "asked_before", None),
        Proposal::Dropped { field, why } => (field, "dropped", Some(why.code())),
    };
    json!({"field": field.code(), "result": result, "why": why})
}

/// Somebody has to call back: the number that the wish came from, as a call of it that nobody answered.
async fn follow_up(
    tx: &mut TenantTx,
    read: &Read<'_>,
    wish: CallbackWish,
    now: Timestamp,
) -> Result<()> {
    let wished = followup::wished(read.uttered, read.passage, wish.wanted_at, now);
    followups::asked_for_call(tx, read.row.id, &read.uttered.e164, &wished, now).await
}

/// For the person's history. The note holds none of their words: a voice agent may be told of it.
async fn note(
    tx: &mut TenantTx,
    contact: &ContactRow,
    passage: &Passage,
    wish: CallbackWish,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    let way = match passage.kind {
        PassageKind::Text => "by text",
        PassageKind::Voicemail => "in a voicemail",
        PassageKind::Transcript | PassageKind::Summary => "in a call",
    };
    let when = wish.wanted_at.map(|at| {
        let at = at.to_zoned(settings.tenant.zone_or_utc());
        format!(", at {}", at.strftime("%a %Y-%m-%d %H:%M"))
    });
    let body = format!("asked {way} to be called back{}", when.unwrap_or_default());
    let note = NewNote {
        contact: Some(contact.id),
        e164: contact.e164.as_deref(),
        body: &body,
        // Else the follow-up is what waits.
        wants_answer: !settings.followups.enabled,
        ..NewNote::default()
    };
    tx.add_note(&note, now).await
}
