//! Who of the CRM's people is who of ours, by number (CRM-1).

use domain::{
    crm::{Field, Match, Record, RecordId, by_number, number_in, same},
    phone::PhoneNumber,
    settings::CrmImport,
};
use store::{CrmContact, CrmTask, CrmTrouble, CrmWork};

use super::{Desk, Work, clean, import::import, ours::ours};

/// A search by number takes up to so many requests.
const SEARCH: u32 = 6;

/// The record of a contact, as far as it can be told.
pub(super) enum Found {
    Nobody,
    One(RecordId),
    Several,
}

/// Looks by our own id where the CRM keeps it, then by the contact's numbers. Of several people with a number it is the
/// one with the name, if there is one; nobody is guessed.
pub(super) async fn record_of(desk: &Desk<'_>, contact: &CrmContact) -> Work<Found> {
    if desk.settings.crm.reference_field.is_some() {
        let (client, permit) = desk.permit(1).await?;
        let answer = client.find_by_reference(&desk.table, contact.id).await;
        if let Some(record) = desk.told(permit, answer).await?.into_iter().next() {
            return Ok(Found::One(record.id));
        }
    }
    let numbers = [&contact.told.phone, &contact.told.mobile];
    for number in numbers.into_iter().flatten() {
        let Ok(number) = PhoneNumber::from_e164(number) else {
            continue;
        };
        let free = unowned(desk, with_number(desk, &number).await?).await?;
        match chosen(desk, contact, &free) {
            Found::Nobody => {}
            found => return Ok(found),
        }
    }
    Ok(Found::Nobody)
}

/// Who of those with a contact's number the contact is. In the place of a record that was deleted only one with the name
/// counts: whoever else has the number is somebody of the household.
fn chosen(desk: &Desk<'_>, contact: &CrmContact, free: &[Record]) -> Found {
    let was_deleted = contact.trouble == Some(CrmTrouble::Gone);
    match free {
        [] => Found::Nobody,
        [record] if !was_deleted => Found::One(record.id.clone()),
        several => match named(desk, contact, several) {
            Found::Several if was_deleted => Found::Nobody,
            found => found,
        },
    }
}

/// Of several with a number, the one with the contact's name. Two without any have no name in common.
fn named(desk: &Desk<'_>, contact: &CrmContact, several: &[Record]) -> Found {
    let values = ours(contact).values;
    if values.get(Field::LastName).is_none() {
        return Found::Several;
    }
    let is_named = |record: &&Record| {
        [Field::FirstName, Field::LastName].iter().all(|field| {
            let (one, other) = (values.get(*field), record.values.get(*field));
            same(*field, one, other, desk.country)
        })
    };
    let mut named = several.iter().filter(is_named);
    match (named.next(), named.next()) {
        (Some(record), None) => Found::One(record.id.clone()),
        _ => Found::Several,
    }
}

/// The people of the CRM who have this number.
async fn with_number(desk: &Desk<'_>, number: &PhoneNumber) -> Work<Vec<Record>> {
    let (client, permit) = desk.permit(SEARCH).await?;
    let answer = client
        .find_by_number(&desk.table, number, desk.country)
        .await;
    let found: Vec<Record> = desk
        .told(permit, answer)
        .await?
        .into_iter()
        .map(clean)
        .collect();
    let ids = match by_number(number, &found, desk.country) {
        Match::Nobody => Vec::new(),
        Match::One(id) => vec![id],
        Match::Several(ids) => ids,
    };
    let mut found: Vec<Record> = found
        .into_iter()
        .filter(|record| ids.contains(&record.id))
        .collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup_by(|one, other| one.id == other.id);
    Ok(found)
}

/// Those that are nobody's of ours.
async fn unowned(desk: &Desk<'_>, records: Vec<Record>) -> Work<Vec<Record>> {
    let mut tx = desk.tenant.begin().await?;
    let mut free = Vec::new();
    for record in records {
        if tx.crm_contact_of(&record.id).await?.is_none() {
            free.push(record);
        }
    }
    Ok(free)
}

/// Somebody unknown called.
pub(super) async fn who(desk: &Desk<'_>, work: &CrmWork, e164: &str) -> Work {
    look_for(desk, e164).await?;
    desk.done(work).await
}

/// If the CRM knows exactly one person with a number that is nobody's, it is a contact of ours from now on.
pub(super) async fn look_for(desk: &Desk<'_>, e164: &str) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let known = tx.people_with(e164).await? > 0;
    drop(tx);
    let number = match PhoneNumber::from_e164(e164) {
        // Who of many calls from a shared number no record tells.
        Ok(number) if !known && !desk.settings.inbound.is_shared(&number) => number,
        _ => return Ok(()),
    };
    let found = unowned(desk, with_number(desk, &number).await?).await?;
    let [record] = found.as_slice() else {
        return Ok(());
    };
    import(desk, record, Some(&number)).await
}

/// A record changed that is nobody's of ours, as far as we know: it may be that of the only contact with its number. A
/// search may not know it yet, but knows the others with that number.
pub(super) async fn whose(desk: &Desk<'_>, work: &CrmWork, id: &RecordId) -> Work {
    let Some(record) = desk.record(id).await? else {
        return desk.done(work).await;
    };
    let mut tx = desk.tenant.begin().await?;
    let candidates = tx.crm_unlinked_with(&numbers_of(desk, &record)).await?;
    let is_nobodys = tx.crm_contact_of(id).await?.is_none();
    let contact = match candidates.as_slice() {
        [contact] if is_nobodys => tx.lock_crm_contact(*contact).await?,
        _ => None,
    };
    tx.commit().await?;
    let is_left = match &contact {
        Some(contact) => claimed(desk, contact, &record).await?,
        None => is_nobodys && candidates.is_empty(),
    };
    if is_left && desk.settings.crm.import == CrmImport::All {
        import(desk, &record, None).await?;
    }
    desk.done(work).await
}

/// Gives a contact without a record the one that it is, of those with its numbers. `true` when `record`, which is one of
/// them, is nobody's still.
async fn claimed(desk: &Desk<'_>, contact: &CrmContact, record: &Record) -> Work<bool> {
    let mut found = vec![record.clone()];
    for number in numbers_of(desk, record) {
        if let Ok(number) = PhoneNumber::from_e164(&number) {
            found.extend(with_number(desk, &number).await?);
        }
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup_by(|one, other| one.id == other.id);
    let free = unowned(desk, found).await?;
    let mut tx = desk.tenant.begin().await?;
    let is_left = match chosen(desk, contact, &free) {
        Found::Nobody => true,
        Found::Several => {
            tx.crm_unlink(contact.id, CrmTrouble::Several).await?;
            false
        }
        Found::One(theirs) => {
            let is_linked = tx.crm_link(contact.id, &theirs, desk.now).await?;
            if is_linked {
                let task = CrmTask::Contact(contact.id);
                tx.crm_queue(&task, Some(contact.id), desk.now).await?;
            }
            is_linked && theirs != record.id
        }
    };
    tx.commit().await?;
    Ok(is_left)
}

/// A record that is nobody's of ours: it is looked at, if a contact without one has its number. Else it becomes a contact,
/// where all do.
pub(super) async fn stranger(desk: &Desk<'_>, record: &Record) -> Work {
    let numbers = numbers_of(desk, record);
    if numbers.is_empty() {
        return Ok(());
    }
    let mut tx = desk.tenant.begin().await?;
    if tx.crm_unlinked_with(&numbers).await?.is_empty() {
        drop(tx);
        return match desk.settings.crm.import {
            CrmImport::All => import(desk, record, None).await,
            CrmImport::Callers => Ok(()),
        };
    }
    let task = CrmTask::Record(record.id.clone());
    tx.crm_queue(&task, None, desk.now).await?;
    Ok(tx.commit().await?)
}

pub(super) fn number_of(desk: &Desk<'_>, record: &Record, field: Field) -> Option<String> {
    let number = number_in(record.values.get(field)?, desk.country)?;
    Some(number.e164().to_owned())
}

pub(super) fn numbers_of(desk: &Desk<'_>, record: &Record) -> Vec<String> {
    let numbers = Field::PHONES.iter();
    numbers
        .filter_map(|field| number_of(desk, record, *field))
        .collect()
}
