//! A person's answer about a value, and questions that nobody answers (TEXT-3).

use domain::{
    ids::ApprovalId,
    settings::Settings,
    text::{ApprovalStep, Field, Superseded, Verdict, approval_step},
};
use jiff::{SignedDuration, Timestamp};
use store::{ApprovalEntry, Change, ChangedBy, ContactRow, Result, TenantTx};

use super::results::{contact_now, phones};

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The value stands in the field now.
    Applied(Field),
    /// It is not proposed again.
    Rejected(Field),
    /// The question needs no answer any more; nothing was changed.
    Superseded(Superseded),
    /// With it the field would be too long: it goes on waiting.
    NoRoom(Field),
    /// It was settled before.
    Settled,
    NoSuchApproval,
}

/// Takes a person's answer, in one transaction with what follows from it.
pub async fn answer(
    tx: &mut TenantTx,
    id: ApprovalId,
    (verdict, by): (Verdict, &str),
    now: Timestamp,
) -> Result<Answered> {
    let settings = tx.tenant_row().await?.settings;
    let Some((mut entry, mut contact)) = tx.lock_approval(id).await? else {
        return Ok(Answered::NoSuchApproval);
    };
    entry.approval.verdict = Some(verdict);
    let step = step(&entry, &contact, &settings, now);
    let (outcome, answered) = match step {
        ApprovalStep::Apply { field, value } => {
            let change = Change {
                field,
                value: &value,
                by: ChangedBy::Person(by),
                cause: Some(id.uuid()),
            };
            tx.change_field(&mut contact, change, now).await?;
            ("applied", Answered::Applied(field))
        }
        ApprovalStep::Reject => ("rejected", Answered::Rejected(entry.approval.field)),
        ApprovalStep::Close(why) => (why.code(), Answered::Superseded(why)),
        ApprovalStep::NoRoom { field } => return Ok(Answered::NoRoom(field)),
        // With a verdict there is nothing to wait for.
        ApprovalStep::Done | ApprovalStep::Wait { .. } => return Ok(Answered::Settled),
    };
    tx.settle_approval(id, Some((verdict, by)), outcome, now)
        .await?;
    Ok(answered)
}

/// Settles the questions that nobody answered in time; answers when the next one's time is over.
pub(super) async fn expire(
    tx: &mut TenantTx,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let days = settings.extraction.approval_days;
    if days == 0 {
        return Ok(None);
    }
    while let Some((id, asked_at)) = tx.oldest_approval().await? {
        let expires = asked_at + SignedDuration::from_hours(24 * i64::from(days));
        if expires > now {
            return Ok(Some(expires));
        }
        let Some((entry, contact)) = tx.lock_approval(id).await? else {
            return Ok(None);
        };
        match step(&entry, &contact, settings, now) {
            ApprovalStep::Close(why) => tx.settle_approval(id, None, why.code(), now).await?,
            // Somebody answered in this moment.
            _ => return Ok(Some(now)),
        }
    }
    Ok(None)
}

fn step(
    entry: &ApprovalEntry,
    contact: &ContactRow,
    settings: &Settings,
    now: Timestamp,
) -> ApprovalStep {
    let phones = phones(contact);
    let contact = contact_now(contact, &phones, (&[], &[]), settings);
    let days = settings.extraction.approval_days;
    approval_step(now, &entry.approval, &contact, days)
}
