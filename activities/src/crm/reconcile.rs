//! The nightly comparison: what no notification told of (CRM-5).

use std::{collections::BTreeSet, time::Instant};

use domain::{
    crm::{PageToken, Phase, ReconcileFacts, ReconcileStep, Record, next_reconcile},
    ids::ContactId,
    settings::Settings,
};
use jiff::Timestamp;
use providers::zoho::CrmError;
use store::{CrmTask, Result, TenantTx};
use workflows::contract::CrmStep;

use super::{Desk, Halt, LONGEST, Work, at, clean, contact::planned, find::stranger};

pub(super) async fn advance(
    tx: &mut TenantTx,
    settings: &Settings,
    now: Timestamp,
) -> Result<CrmStep> {
    if !settings.crm.is_on() {
        return Ok(CrmStep::Finished);
    }
    let mut account = tx.lock_crm().await?;
    if account.reconcile.is_some() {
        return Ok(CrmStep::Work);
    }
    let zone = settings.tenant.zone_or_utc();
    let due = match account.compared_at {
        Some(last) if !account.compare_now => {
            next_reconcile(last, settings.crm.reconcile_at, &zone)
        }
        // The first finds who is who, and need not wait for the night.
        _ => now,
    };
    if due <= now {
        account.reconcile = Some(ReconcileFacts::begin(now, account.compare_from));
        account.compare_now = false;
    }
    tx.save_crm(&account).await?;
    Ok(at(now, Some(due)))
}

pub(super) async fn work(desk: &Desk<'_>) -> Work {
    let begun = Instant::now();
    // A page of people who become contacts takes a while: what is left is another piece of work.
    while begun.elapsed() < LONGEST {
        let mut tx = desk.tenant.begin().await?;
        let mut account = tx.lock_crm().await?;
        let Some(facts) = &mut account.reconcile else {
            return Ok(());
        };
        match facts.next_step(desk.now) {
            ReconcileStep::Read { phase, since, page } => {
                drop(tx);
                read(desk, phase, since, page).await?;
            }
            ReconcileStep::Rest => {
                facts.go_on();
                tx.save_crm(&account).await?;
                tx.commit().await?;
                return Ok(());
            }
            ReconcileStep::Finished { next_since } => {
                account.compared_at = Some(facts.started_at);
                // Somebody may have asked meanwhile for one from the beginning.
                if !account.compare_now {
                    account.compare_from = Some(next_since);
                }
                account.reconcile = None;
                tx.save_crm(&account).await?;
                // The channel may have waited for what was missed.
                tx.wake_crm_channel().await?;
                tx.commit().await?;
                metrics::counter!("bellhop_crm_comparisons_total").increment(1);
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads one page, and has what differs compared.
async fn read(
    desk: &Desk<'_>,
    phase: Phase,
    since: Option<Timestamp>,
    page: Option<PageToken>,
) -> Work {
    match phase {
        Phase::Changed => {
            let (client, permit) = desk.permit(1).await?;
            let answer = client.changed(&desk.table, since, page.as_ref()).await;
            let Some(read) = placed(desk, page, desk.told(permit, answer).await).await? else {
                return Ok(());
            };
            let newest = read
                .items
                .iter()
                .filter_map(|each| each.version.modified_at);
            let newest = newest.max();
            let whose = whose(desk, read.items).await?;
            for (record, _) in whose.iter().filter(|(_, contact)| contact.is_none()) {
                stranger(desk, record).await?;
            }
            let mut tx = desk.tenant.begin().await?;
            let mut differ = BTreeSet::new();
            let ours = whose
                .into_iter()
                .filter_map(|(record, contact)| Some((record, contact?)));
            for (record, contact) in ours {
                let known = tx.crm_contact(contact).await?;
                let known = known.filter(|known| known.record.as_ref() == Some(&record.id));
                if known.is_some_and(|known| !planned(desk, &known, &record).is_in_step()) {
                    differ.insert(contact);
                }
            }
            for contact in differ {
                let task = CrmTask::Contact(contact);
                tx.crm_queue(&task, Some(contact), desk.now).await?;
            }
            has_read(desk, tx, read.next, newest).await
        }
        Phase::Deleted => {
            let (client, permit) = desk.permit(1).await?;
            let answer = client.deleted(&desk.table, since, page.as_ref()).await;
            let Some(read) = placed(desk, page, desk.told(permit, answer).await).await? else {
                return Ok(());
            };
            let mut tx = desk.tenant.begin().await?;
            for deleted in &read.items {
                if let Some(contact) = tx.crm_contact_of(&deleted.id).await? {
                    let task = CrmTask::Contact(contact);
                    tx.crm_queue(&task, Some(contact), desk.now).await?;
                }
            }
            has_read(desk, tx, read.next, None).await
        }
        Phase::Ours | Phase::Finished => {
            let mut tx = desk.tenant.begin().await?;
            tx.crm_queue_unlinked(desk.now).await?;
            has_read(desk, tx, None, None).await
        }
    }
}

/// Each record with the contact that it is.
async fn whose(desk: &Desk<'_>, records: Vec<Record>) -> Work<Vec<(Record, Option<ContactId>)>> {
    let mut tx = desk.tenant.begin().await?;
    let mut whose = Vec::new();
    for record in records.into_iter().map(clean) {
        let contact = tx.crm_contact_of(&record.id).await?;
        whose.push((record, contact));
    }
    Ok(whose)
}

/// A page that is refused where one was asked for by its place: the place is not known any more.
async fn placed<T>(desk: &Desk<'_>, page: Option<PageToken>, read: Work<T>) -> Work<Option<T>> {
    match read {
        Err(Halt::Crm(CrmError::Refused(_))) if page.is_some() => {
            let mut tx = desk.tenant.begin().await?;
            let mut account = tx.lock_crm().await?;
            if let Some(facts) = &mut account.reconcile {
                facts.lost_place();
            }
            tx.save_crm(&account).await?;
            tx.commit().await?;
            Ok(None)
        }
        // Others' turn first: the same page is asked for again.
        Err(Halt::Crm(error)) => {
            tracing::warn!(%error, "a comparison with the CRM has to wait");
            Err(Halt::NotYet(desk.now + super::RETRY))
        }
        read => read.map(Some),
    }
}

async fn has_read(
    desk: &Desk<'_>,
    mut tx: TenantTx,
    next: Option<PageToken>,
    newest: Option<Timestamp>,
) -> Work {
    let mut account = tx.lock_crm().await?;
    if let Some(facts) = &mut account.reconcile {
        facts.read(desk.now, next, newest);
    }
    tx.save_crm(&account).await?;
    Ok(tx.commit().await?)
}
