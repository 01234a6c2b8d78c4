//! A notification of the CRM: no more than a reason to look.

use jiff::Timestamp;
use providers::zoho::{Change, ChangeKind};
use store::{CrmTask, Result, StoredEvent, TenantTx};

use crate::advance_event::Followed;

/// Has the records that it names read again. Late, doubled or our own, it changes nothing.
pub(crate) async fn heard(
    tx: &mut TenantTx,
    event: &StoredEvent,
    with_effects: bool,
    now: Timestamp,
) -> Result<Followed> {
    let change = match Change::read(&event.body) {
        Ok(change) => change,
        Err(problem) => return Ok(Followed::invalid(&problem)),
    };
    let crm = tx.tenant_row().await?.settings.crm;
    if !crm.is_on() || change.module != crm.module {
        return Ok(Followed::kept("is about nothing that is kept in step"));
    }
    if !with_effects {
        return Ok(Followed::kept("read again; nothing was compared"));
    }
    for record in change.records {
        match tx.crm_contact_of(&record).await? {
            Some(contact) => {
                tx.crm_queue(&CrmTask::Contact(contact), Some(contact), now)
                    .await?;
            }
            None if change.kind == ChangeKind::Deleted => {}
            None => tx.crm_queue(&CrmTask::Record(record), None, now).await?,
        }
    }
    Ok(Followed::done())
}
