//! A text of ours: refused with a reason, or sent at most once (TEXT-4).

use std::time::{Duration, Instant};

use domain::{
    call::Direction,
    ids::TextId,
    phone::PhoneNumber,
    text::{
        Entry, Number, OutboundStep, Text, TextConsent, TextRefusal, TextStatus, What,
        outbound_step,
    },
};
use jiff::Timestamp;
use providers::{
    channel::SendError,
    error::ReadError,
    openphone::client::{Accepted, Client},
};
use store::{KeyRing, NewText, Result, TenantStore, TenantTx, TextRow};
use workflows::contract::{TextRequest, TextStep};

use super::{TextFailure, TextOptions, account};
use crate::send::failure;

/// Notes that a text is wanted, and wakes its process; answers why it is refused, if it is.
pub async fn request(
    tx: &mut TenantTx,
    text: &NewText<'_>,
    now: Timestamp,
) -> Result<Option<TextRefusal>> {
    tx.add_text(text, now).await?;
    let Some(row) = tx.lock_text(text.id).await? else {
        return Ok(None);
    };
    if let OutboundStep::Refuse(refusal) = step(tx, &row, now).await? {
        tx.refuse_text(row.id, refusal).await?;
        return Ok(Some(refusal));
    }
    tx.wake_text(row.id).await?;
    Ok(None)
}

pub(super) async fn advance(
    tenant: &TenantStore,
    text: TextId,
    now: Timestamp,
) -> Result<TextStep> {
    let mut tx = tenant.begin().await?;
    let Some(row) = open(&mut tx, text).await? else {
        return Ok(TextStep::Finished);
    };
    Ok(match step(&mut tx, &row, now).await? {
        OutboundStep::Send => TextStep::Ask {
            request: TextRequest::Send,
        },
        OutboundStep::Look { .. } => TextStep::Ask {
            request: TextRequest::Look,
        },
        OutboundStep::Wait { until } => TextStep::Wait { until },
        OutboundStep::Sent => TextStep::Finished,
        OutboundStep::Refuse(refusal) => {
            tracing::warn!(text.id = %text, refusal = refusal.code(), "a text was not sent");
            tx.refuse_text(text, refusal).await?;
            tx.commit().await?;
            TextStep::Finished
        }
    })
}

/// The text, locked, unless it has come to its end.
async fn open(tx: &mut TenantTx, text: TextId) -> Result<Option<TextRow>> {
    let row = tx.lock_text(text).await?;
    Ok(row.filter(|row| matches!(row.state.as_str(), "pending" | "sending")))
}

async fn step(tx: &mut TenantTx, row: &TextRow, now: Timestamp) -> Result<OutboundStep> {
    let consent = match &row.e164 {
        Some(e164) => tx.text_consent(e164).await?,
        None => TextConsent::default(),
    };
    Ok(outbound_step(now, &row.facts(consent)))
}

/// A request that could not leave within this time of its claim stays where it is, in doubt: whoever comes later may have
/// taken the claim for a dead worker's.
const CLAIM_HOLDS: Duration = Duration::from_secs(10);

/// Sends it, or looks whether it was sent, as is due.
pub(super) async fn ask(
    tenant: &TenantStore,
    keys: &KeyRing,
    options: &TextOptions,
    text: TextId,
    now: Timestamp,
) -> Result<(), TextFailure> {
    let started = Instant::now();
    let mut tx = tenant.begin().await?;
    let Some(row) = open(&mut tx, text).await? else {
        return Ok(());
    };
    let step = step(&mut tx, &row, now).await?;
    let number = row
        .e164
        .as_deref()
        .and_then(|e164| PhoneNumber::from_e164(e164).ok());
    let (Some(to), Some(line)) = (number, row.line.clone()) else {
        return Ok(());
    };
    let settings = tx.tenant_row().await?.settings;
    let client = account::openphone(&mut tx, keys, options, &settings).await?;
    match step {
        OutboundStep::Send => {
            // In a committed transaction before the request leaves: whoever finds it so looks before anything else.
            let now = tx.text_leaves(text, now).await?;
            tx.commit().await?;
            if started.elapsed() > CLAIM_HOLDS {
                return Ok(());
            }
            let sent = match client {
                Ok(client) => client.send_text(&line, &to, &row.body).await,
                Err(error) => Err(error),
            };
            sent_or_not(tenant, &row, &to, sent, now).await?;
        }
        OutboundStep::Look { since } => {
            let accounted_for = tx.texts_accounted_for(to.e164()).await?;
            drop(tx);
            let client = client.map_err(|error| ReadError::Failed(error.to_string()))?;
            let line_id = line_id(&client, &line).await?;
            let found = client
                .find_text(&line_id, &to, since, &row.body, &accounted_for)
                .await?;
            match found {
                Some(accepted) => sent_or_not(tenant, &row, &to, Ok(accepted), now).await?,
                None => {
                    let mut tx = tenant.begin().await?;
                    tx.text_not_found(text, now).await?;
                    tx.commit().await?;
                }
            }
        }
        OutboundStep::Wait { .. } | OutboundStep::Refuse(_) | OutboundStep::Sent => {}
    }
    Ok(())
}

/// OpenPhone's id of a line: settings may name its number, which lists do not take.
async fn line_id(client: &Client, line: &str) -> Result<String, ReadError> {
    if line.starts_with("PN") {
        return Ok(line.to_owned());
    }
    let lines = client.lines().await?;
    let found = lines.into_iter().find(|each| each.number.e164() == line);
    found
        .map(|line| line.id)
        .ok_or_else(|| ReadError::Unreadable("the line is not in the list".to_owned()))
}

async fn sent_or_not(
    tenant: &TenantStore,
    row: &TextRow,
    to: &PhoneNumber,
    sent: Result<Accepted, SendError>,
    now: Timestamp,
) -> Result<()> {
    let result = sent.as_ref().map_or_else(SendError::class, |_| "sent");
    metrics::counter!("bellhop_texts_total", "result" => result).increment(1);
    let mut tx = tenant.begin().await?;
    tx.before_erasures().await?;
    match sent {
        Ok(accepted) => {
            if tx.text_sent(row.id, &accepted.message_id, now).await? {
                let settings = tx.tenant_row().await?.settings;
                let entry = as_entry(row, to, accepted, now);
                tx.join_entry(entry, now, &settings).await?;
            } else {
                tx.text_was_erased(&accepted.message_id, now).await?;
            }
        }
        Err(error) => {
            tracing::warn!(text.id = %row.id, %error, "a text was not sent, or may not have been");
            tx.text_failed(row.id, &failure(&error, now), error.detail())
                .await?;
        }
    }
    tx.commit().await
}

/// Its part of the conversation. What becomes of it is told by webhooks.
fn as_entry(row: &TextRow, to: &PhoneNumber, accepted: Accepted, now: Timestamp) -> Entry {
    let mut entry = Entry::text(accepted.message_id);
    entry.parties.direction = Some(Direction::Outbound);
    entry.parties.person = Some(Number::Dialable(to.clone()));
    let line = row
        .line
        .as_deref()
        .and_then(|line| PhoneNumber::from_e164(line).ok());
    entry.parties.line = line.map(Number::Dialable);
    entry.parties.line_id = accepted.line_id;
    entry.at = Some(now);
    entry.what = What::Text(Text {
        body: Some(row.body.clone()),
        status: Some(TextStatus::Queued),
        ..Text::default()
    });
    entry
}
