//! Notes and calls, each written to the CRM once.

use domain::{
    crm::{AppendFacts, AppendStep, RecordId},
    ids::{CallId, ContactId, NoteId},
};
use jiff::SignedDuration;
use providers::zoho::{CallKind, Client, CrmError, Mark, NewCall, NewNote};
use store::{CallForCrm, CrmTask, CrmWork};

use super::{Desk, Halt, Work};

/// While somebody is being looked for, a call waits so long to be theirs.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(1);

enum Entry {
    Note(NewNote),
    Call(NewCall),
}

pub(super) async fn note(desk: &Desk<'_>, work: &CrmWork, id: NoteId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let note = tx.note_for_crm(id).await?;
    drop(tx);
    let (Some((Some(contact), body)), Some(mark), true) = (
        note,
        Mark::new(&id.to_string()),
        desk.settings.crm.push_notes,
    ) else {
        return desk.done(work).await;
    };
    let Some(person) = person(desk, work, contact).await? else {
        return Ok(());
    };
    let entry = Entry::Note(NewNote {
        person,
        title: "Note from a call".to_owned(),
        text: body,
        mark,
    });
    append(desk, work, &entry).await
}

pub(super) async fn call(desk: &Desk<'_>, work: &CrmWork, id: CallId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let call = tx.call_for_crm(id).await?;
    let Some(call) = call.filter(|_| desk.settings.crm.push_calls) else {
        drop(tx);
        return desk.done(work).await;
    };
    let Some(contact) = call.contact else {
        let looked_for = match &call.e164 {
            Some(e164) => tx.crm_looks_for(e164).await?,
            None => false,
        };
        drop(tx);
        return match looked_for {
            true => desk.put_off(work, Some(desk.now + LOOKED_FOR)).await,
            false => desk.done(work).await,
        };
    };
    drop(tx);
    let Some(person) = person(desk, work, contact).await? else {
        return Ok(());
    };
    append(desk, work, &Entry::Call(record(&call, id, person))).await
}

fn record(call: &CallForCrm, id: CallId, person: RecordId) -> NewCall {
    let milliseconds = call.duration_ms.unwrap_or_default();
    let seconds = u32::try_from(milliseconds / 1000).unwrap_or_default();
    let kind = match (call.inbound, seconds) {
        (false, _) => CallKind::Outbound,
        (true, 0) => CallKind::Missed,
        (true, _) => CallKind::Inbound,
    };
    let lines = [
        call.summary.clone(),
        call.outcome.as_ref().map(|code| format!("Outcome: {code}")),
    ];
    let text: Vec<String> = lines.into_iter().flatten().collect();
    let subject = call.topic.clone().unwrap_or_else(|| {
        let words = match kind {
            CallKind::Outbound => "Call by the voice agent",
            CallKind::Inbound => "Call to the voice agent",
            CallKind::Missed => "Missed call",
        };
        words.to_owned()
    });
    NewCall {
        person,
        subject,
        kind,
        started_at: call.started_at,
        seconds,
        text: text.join("\n"),
        mark: id.into(),
    }
}

/// The record that it belongs to. `None` while there is none: it has its turn as soon as there is.
async fn person(desk: &Desk<'_>, work: &CrmWork, contact: ContactId) -> Work<Option<RecordId>> {
    let mut tx = desk.tenant.begin().await?;
    // Locked, so that nobody links the contact between the look and the note that this waits for it.
    let Some(known) = tx.lock_crm_contact(contact).await? else {
        drop(tx);
        desk.done(work).await?;
        return Ok(None);
    };
    if known.record.is_none() {
        tx.crm_is_about(work, contact).await?;
        tx.crm_put_off(work, None).await?;
        if known.trouble.is_none() {
            let task = CrmTask::Contact(contact);
            tx.crm_queue(&task, Some(contact), desk.now).await?;
        }
        tx.commit().await?;
    }
    Ok(known.record)
}

/// Sends it once; where the answer was lost, looks for it before it is sent again.
async fn append(desk: &Desk<'_>, work: &CrmWork, entry: &Entry) -> Work {
    let mut facts = work.append;
    loop {
        match facts.next_step(desk.now) {
            AppendStep::Done => return desk.done(work).await,
            AppendStep::Wait { until } => return desk.put_off(work, Some(until)).await,
            AppendStep::Look => {
                let (client, permit) = desk.permit(1).await?;
                let answer = entry.find(desk, &client).await;
                match desk.told(permit, answer).await? {
                    Some(_) => facts.made = true,
                    None => facts.missed_at = Some(desk.now),
                }
                save(desk, work, &facts).await?;
            }
            AppendStep::Send => {
                let (client, permit) = desk.permit(1).await?;
                facts.send(desk.now);
                save(desk, work, &facts).await?;
                let answer = entry.add(desk, &client).await;
                match desk.told(permit, answer).await {
                    Ok(_) => facts.made = true,
                    Err(Halt::Crm(error)) => {
                        facts.not_made = error.is_not_done();
                        save(desk, work, &facts).await?;
                        return Err(Halt::Crm(error));
                    }
                    Err(halt) => return Err(halt),
                }
            }
        }
    }
}

async fn save(desk: &Desk<'_>, work: &CrmWork, facts: &AppendFacts) -> Work {
    let mut tx = desk.tenant.begin().await?;
    tx.crm_append(work, facts).await?;
    Ok(tx.commit().await?)
}

impl Entry {
    async fn add(&self, desk: &Desk<'_>, client: &Client) -> Result<RecordId, CrmError> {
        match self {
            Self::Note(note) => client.add_note(&desk.settings.crm.module, note).await,
            Self::Call(call) => client.add_call(call).await,
        }
    }

    async fn find(&self, desk: &Desk<'_>, client: &Client) -> Result<Option<RecordId>, CrmError> {
        match self {
            Self::Note(note) => {
                client
                    .find_note(&desk.settings.crm.module, &note.person, &note.mark)
                    .await
            }
            Self::Call(call) => client.find_call(call).await,
        }
    }
}
