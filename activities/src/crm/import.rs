//! Records of the CRM that become contacts here (CRM-1).

use domain::{
    crm::{Field, Record, joined_name},
    phone::PhoneNumber,
};
use store::{CrmTask, NewContact};

use super::{
    Desk, Work,
    contact::taken,
    find::{number_of, numbers_of},
};

/// Makes a contact of a record that is nobody's, and gives it what the record holds. Somebody whom the CRM has twice,
/// under one name and number, is one contact here. Without a number nobody is made.
///
/// `called_from`: the number that nobody had and that somebody called from, which no other record has. Only then it is
/// known whose the calls from it were.
pub(super) async fn import(
    desk: &Desk<'_>,
    record: &Record,
    called_from: Option<&PhoneNumber>,
) -> Work {
    let Some((new, e164)) = new_contact(desk, record, called_from) else {
        return Ok(());
    };
    let mut tx = desk.tenant.begin().await?;
    if tx.crm_contact_of(&record.id).await?.is_some() {
        return Ok(());
    }
    let contact = match tx.namesake(&e164, &new.name).await? {
        Some(known) => known,
        None => {
            let (contact, _) = tx.add_contact(&new).await?;
            tx.kept_contact(contact).await?.unwrap_or(contact)
        }
    };
    if let Some(number) = called_from {
        tx.lock_contact_with_calls(contact, number.e164()).await?;
    }
    let Some(known) = tx.lock_crm_contact(contact).await? else {
        return Ok(());
    };
    if known.record.is_some() {
        // A second record of the same person. Its values are not taken, but its wish holds.
        if record.values.get(Field::DoNotCall).is_some() {
            tx.opt_out_person(contact, None, "crm").await?;
        }
        return Ok(tx.commit().await?);
    }
    if !tx.crm_link(contact, &record.id, desk.now).await? {
        // Somebody else was quicker: nobody is made.
        return Ok(());
    }
    if let Some(linked) = tx.lock_crm_contact(contact).await?
        && !taken(desk, &mut tx, &linked, record).await?.push.is_empty()
    {
        let task = CrmTask::Contact(contact);
        tx.crm_queue(&task, Some(contact), desk.now).await?;
    }
    if let Some(number) = called_from
        && tx.people_with(number.e164()).await? == 1
    {
        tx.calls_were_from(number.e164(), contact).await?;
    }
    tx.commit().await?;
    metrics::counter!("bellhop_crm_imports_total").increment(1);
    Ok(())
}

/// The contact that a record would be, and the number it is reached by.
fn new_contact(
    desk: &Desk<'_>,
    record: &Record,
    called_from: Option<&PhoneNumber>,
) -> Option<(NewContact, String)> {
    let values = &record.values;
    let called_from = called_from.map(|number| number.e164().to_owned());
    let e164 = number_of(desk, record, Field::Phone)
        .or(called_from)
        .or_else(|| numbers_of(desk, record).into_iter().next())?;
    let name = joined_name(values.get(Field::FirstName), values.get(Field::LastName));
    let new = NewContact {
        name: name.unwrap_or_default(),
        email: values.get(Field::Email).map(str::to_owned),
        e164: Some(e164.clone()),
        zones: Vec::new(),
        consent_source: None,
        consent_at: None,
        preferences: None,
    };
    Some((new, e164))
}
