//! One contact and its record: read, compared by field, taken, written.

use domain::{
    crm::{Plan, Record, RecordId, Rules, Version, divided_as, first_push, plan},
    ids::ContactId,
};
use jiff::SignedDuration;
use providers::zoho::{NewRecord, Update};
use store::{CrmContact, CrmTrouble, CrmWork, TenantTx};

use super::{
    Desk, Halt, Work, find,
    ours::{change, keep_quiet, ours, wish},
};

/// A search may still find what was deleted, and not find yet what was made.
const SEARCH_LAG: SignedDuration = SignedDuration::from_mins(10);

/// Finds or makes the record, and brings both sides together. Each step may be repeated.
pub(super) async fn compare(desk: &Desk<'_>, work: &CrmWork, id: ContactId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let contact = tx.lock_crm_contact(id).await?;
    tx.commit().await?;
    let Some(contact) = contact else {
        return desk.done(work).await;
    };
    let record = match &contact.record {
        Some(record) => Some(record.clone()),
        None => record_of(desk, &contact).await?,
    };
    let Some(record) = record else {
        return desk.done(work).await;
    };
    let Some(theirs) = desk.record(&record).await? else {
        return gone(desk, work, id).await;
    };
    let Some(plan) = take(desk, work, id, &theirs).await? else {
        return Ok(());
    };
    let (client, permit) = desk.permit(1).await?;
    let update = Update::new(plan.record.clone(), plan.pushed_values());
    let answer = client
        .update(&desk.table, &update, plan.unmodified_since)
        .await;
    let written = desk.told(permit, answer).await?;
    metrics::counter!("bellhop_crm_pushes_total").increment(1);
    pushed(desk, work, id, &plan, written.version).await
}

/// The record of a contact that has none yet: found, or made. `None` when there is none to be.
async fn record_of(desk: &Desk<'_>, contact: &CrmContact) -> Work<Option<RecordId>> {
    match find::record_of(desk, contact).await? {
        find::Found::One(record) => return linked(desk, contact.id, record).await,
        find::Found::Several => {
            trouble(desk, contact.id, CrmTrouble::Several).await?;
            return Ok(None);
        }
        // Somebody deleted it there: we do not make it again.
        find::Found::Nobody if contact.trouble == Some(CrmTrouble::Gone) => return Ok(None),
        find::Found::Nobody => {}
    }
    let Some(values) = first_push(&ours(contact).values, rules(desk)) else {
        trouble(desk, contact.id, CrmTrouble::Incomplete).await?;
        return Ok(None);
    };
    let new = NewRecord {
        contact: contact.id,
        values,
    };
    let (client, permit) = desk.permit(1).await?;
    let answer = client.upsert(&desk.table, std::slice::from_ref(&new)).await;
    let made = desk.told(permit, answer).await?.into_iter().next();
    let record = match made {
        Some(Ok(written)) => written.id,
        Some(Err(problem)) => match problem.duplicate_of.clone() {
            Some(there) => there,
            None => return Err(Halt::Crm(problem.into())),
        },
        None => return Err(Halt::Crm(providers::zoho::CrmError::Uncertain)),
    };
    linked(desk, contact.id, record).await
}

/// `None` when another contact is this record.
async fn linked(desk: &Desk<'_>, id: ContactId, record: RecordId) -> Work<Option<RecordId>> {
    let mut tx = desk.tenant.begin().await?;
    let is_ours = tx.crm_link(id, &record, desk.now).await?;
    if !is_ours {
        tx.crm_unlink(id, CrmTrouble::Several).await?;
    }
    tx.commit().await?;
    Ok(is_ours.then_some(record))
}

async fn trouble(desk: &Desk<'_>, id: ContactId, trouble: CrmTrouble) -> Work {
    let mut tx = desk.tenant.begin().await?;
    tx.crm_unlink(id, trouble).await?;
    Ok(tx.commit().await?)
}

/// The record was deleted: the contact stays, and is not made again there. Somebody may have made another, or joined it
/// with another, which was told before; so it is looked for once more.
async fn gone(desk: &Desk<'_>, work: &CrmWork, id: ContactId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    tx.crm_unlink(id, CrmTrouble::Gone).await?;
    tx.crm_put_off(work, Some(desk.now + SEARCH_LAG)).await?;
    Ok(tx.commit().await?)
}

/// Compares, and gives the contact what it is to have. `None` when nothing is to be written.
async fn take(
    desk: &Desk<'_>,
    work: &CrmWork,
    id: ContactId,
    theirs: &Record,
) -> Work<Option<Plan>> {
    let mut tx = desk.tenant.begin().await?;
    let contact = tx.lock_crm_contact(id).await?;
    let Some(contact) = contact.filter(|contact| contact.record.as_ref() == Some(&theirs.id))
    else {
        return Ok(None);
    };
    let plan = taken(desk, &mut tx, &contact, theirs).await?;
    let is_over = plan.push.is_empty();
    if is_over {
        tx.crm_done(work).await?;
    }
    tx.commit().await?;
    Ok((!is_over).then_some(plan))
}

/// Gives a contact, which is locked, what it is to have of its record. What the record is to have is still to be written.
pub(super) async fn taken(
    desk: &Desk<'_>,
    tx: &mut TenantTx,
    contact: &CrmContact,
    theirs: &Record,
) -> Work<Plan> {
    let plan = planned(desk, contact, theirs);
    let mut link = contact.link.clone();
    link.took(&plan);
    tx.change_contact_from_crm(contact.id, &change(&plan, contact), desk.now)
        .await?;
    tx.save_crm_link(contact.id, &link).await?;
    tx.crm_ask(contact.id, &plan.ask, desk.now).await?;
    if let Some(quiet) = wish(&plan) {
        tx.crm_wishes(contact.id, quiet).await?;
    }
    Ok(plan)
}

async fn pushed(
    desk: &Desk<'_>,
    work: &CrmWork,
    id: ContactId,
    plan: &Plan,
    version: Version,
) -> Work {
    let mut tx = desk.tenant.begin().await?;
    if let Some(contact) = tx.lock_crm_contact(id).await? {
        let mut link = contact.link;
        link.pushed(plan, version);
        tx.save_crm_link(id, &link).await?;
    }
    tx.crm_done(work).await?;
    Ok(tx.commit().await?)
}

/// What follows for a contact and its record.
pub(super) fn planned(desk: &Desk<'_>, contact: &CrmContact, theirs: &Record) -> Plan {
    let mut ours = ours(contact);
    ours.values = divided_as(ours.values, &theirs.values);
    let mut plan = plan(&ours, theirs, &contact.link, rules(desk));
    keep_quiet(&mut plan, contact);
    plan
}

fn rules<'a>(desk: &'a Desk<'_>) -> Rules<'a> {
    Rules {
        crm: &desk.settings.crm,
        country: desk.country,
    }
}
