//! Notes and calls, each written to the CRM once.

use domain::{
    crm::{AppendFacts, AppendStep, Failure, RecordId, SentAs},
    ids::{ContactId, NoteId},
};
use providers::zoho::{Client, CrmError, Mark, NewCall, NewNote};
use store::{CrmTask, CrmWork};

use super::{Desk, Halt, Work};

#[derive(Clone)]
pub(super) enum Entry {
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

/// The record that it belongs to. `None` while there is none: it has its turn as soon as there is.
pub(super) async fn person(
    desk: &Desk<'_>,
    work: &CrmWork,
    contact: ContactId,
) -> Work<Option<RecordId>> {
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
pub(super) async fn append(desk: &Desk<'_>, work: &CrmWork, entry: &Entry) -> Work {
    let mut facts = work.append.clone();
    loop {
        match facts.next_step(desk.now) {
            AppendStep::Done => return desk.done(work).await,
            AppendStep::Wait { until } => return desk.put_off(work, Some(until)).await,
            AppendStep::Look => {
                let (client, permit) = desk.permit(1).await?;
                let sent = entry.as_sent(facts.sent_as.as_ref());
                let answer = sent.find(desk, &client).await;
                let Some(record) = desk.told(permit, answer).await? else {
                    facts.missed_at = Some(desk.now);
                    save(desk, work, &facts).await?;
                    continue;
                };
                facts.made = true;
                made(desk, work, &facts, &record).await?;
                // More may be known of a call than when it was sent.
                if let Entry::Call(call) = entry {
                    return rewrite(desk, work, &record, call).await;
                }
            }
            AppendStep::Send => {
                let (client, permit) = desk.permit(1).await?;
                facts.send(desk.now, entry.sent_as());
                save(desk, work, &facts).await?;
                let answer = entry.add(desk, &client).await;
                match desk.told(permit, answer).await {
                    Ok(record) => {
                        facts.made = true;
                        made(desk, work, &facts, &record).await?;
                    }
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

/// Writes a call anew that was written before. One that somebody deleted there stays deleted.
pub(super) async fn rewrite(
    desk: &Desk<'_>,
    work: &CrmWork,
    record: &RecordId,
    call: &NewCall,
) -> Work {
    let (client, permit) = desk.permit(1).await?;
    let answer = client.change_call(record, call).await;
    match desk.told(permit, answer).await {
        Err(Halt::Crm(error)) if error.failure() != Failure::Gone => Err(Halt::Crm(error)),
        Err(halt @ (Halt::Store(_) | Halt::NotYet(_))) => Err(halt),
        Ok(_) | Err(Halt::Crm(_)) => desk.done(work).await,
    }
}

/// It is there. Kept together with the record it became, so that what is known later finds it.
async fn made(desk: &Desk<'_>, work: &CrmWork, facts: &AppendFacts, record: &RecordId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    tx.crm_written(&work.task, record).await?;
    tx.crm_append(work, facts).await?;
    Ok(tx.commit().await?)
}

async fn save(desk: &Desk<'_>, work: &CrmWork, facts: &AppendFacts) -> Work {
    let mut tx = desk.tenant.begin().await?;
    tx.crm_append(work, facts).await?;
    Ok(tx.commit().await?)
}

impl Entry {
    fn sent_as(&self) -> SentAs {
        match self {
            Self::Note(note) => SentAs {
                person: note.person.clone(),
                started_at: None,
            },
            Self::Call(call) => SentAs {
                person: call.person.clone(),
                started_at: Some(call.started_at),
            },
        }
    }

    /// As it was when it was sent: whose it is, and when it began, may be known better by now.
    fn as_sent(&self, sent_as: Option<&SentAs>) -> Self {
        let mut sent = self.clone();
        let Some(sent_as) = sent_as else {
            return sent;
        };
        match &mut sent {
            Self::Note(note) => note.person = sent_as.person.clone(),
            Self::Call(call) => {
                call.person = sent_as.person.clone();
                call.started_at = sent_as.started_at.unwrap_or(call.started_at);
            }
        }
        sent
    }

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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use providers::zoho::CallKind;

    use super::*;

    fn call(person: &str, started_at: i64) -> NewCall {
        NewCall {
            person: person.parse().unwrap(),
            subject: "Call".to_owned(),
            kind: CallKind::Inbound,
            started_at: Timestamp::from_second(started_at).unwrap(),
            seconds: 62,
            text: "Asked for Friday.".to_owned(),
            mark: Mark::new("call_1").unwrap(),
        }
    }

    #[test]
    fn a_call_is_looked_for_as_it_was_sent_whatever_is_known_of_it_by_now() {
        let mut facts = AppendFacts::default();
        facts.send(Timestamp::UNIX_EPOCH, Entry::Call(call("1", 60)).sent_as());

        // Its person was merged, and its beginning is known better.
        let by_now = Entry::Call(call("2", 55));

        let Entry::Call(sent) = by_now.as_sent(facts.sent_as.as_ref()) else {
            panic!("it is a call");
        };
        let expected = call("1", 60);
        assert_eq!(sent.person, expected.person);
        assert_eq!(sent.started_at, expected.started_at);
    }
}
