//! What is written to the CRM of a call: one record, and again when more is known of the call.

use domain::{
    call::Direction,
    crm::RecordId,
    ids::{CallId, ContactId, EntryId},
    text::{CallStage, PhoneCall, What},
};
use jiff::SignedDuration;
use providers::zoho::{CallKind, NewCall};
use store::{CallForCrm, CrmWork, StoredEntry};

use super::{
    Desk, Work,
    append::{self, Entry, person},
    find,
};

/// While somebody is being looked for, a call waits so long to be theirs.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(1);

/// A call of a voice agent.
pub(super) async fn of_agent(desk: &Desk<'_>, work: &CrmWork, id: CallId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let call = tx.call_for_crm(id).await?;
    drop(tx);
    let Some(call) = call.filter(|_| desk.settings.crm.push_calls) else {
        return desk.done(work).await;
    };
    let Some(contact) = call.contact else {
        return nobody_yet(desk, work, call.e164.as_deref()).await;
    };
    let Some(person) = person(desk, work, contact).await? else {
        return Ok(());
    };
    write(desk, work, call.record.clone(), of_call(&call, id, person)).await
}

/// A call with nobody known has its turn once its caller was looked for, or never.
async fn nobody_yet(desk: &Desk<'_>, work: &CrmWork, e164: Option<&str>) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let looked_for = match e164 {
        Some(e164) => tx.crm_looks_for(e164).await?,
        None => false,
    };
    drop(tx);
    match looked_for {
        true => desk.put_off(work, Some(desk.now + LOOKED_FOR)).await,
        false => desk.done(work).await,
    }
}

/// A call on one of the lines, which people answer.
pub(super) async fn on_line(desk: &Desk<'_>, work: &CrmWork, id: EntryId) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let found = tx.entry_for_crm(id).await?;
    drop(tx);
    let Some((stored, record)) = found.filter(|_| desk.settings.crm.push_calls) else {
        return desk.done(work).await;
    };
    let Some(contact) = known_by_now(desk, &stored).await? else {
        return desk.done(work).await;
    };
    let Some(person) = person(desk, work, contact).await? else {
        return Ok(());
    };
    match of_entry(&stored, person) {
        Some(call) => write(desk, work, record, call).await,
        None => desk.done(work).await,
    }
}

/// Whom a call on a line was with: who had the number then, or has it by now. A caller whom nobody knows is looked for
/// at the CRM; only here, because that takes several requests, and the number may come with any event of the call.
async fn known_by_now(desk: &Desk<'_>, stored: &StoredEntry) -> Work<Option<ContactId>> {
    let is_incoming = stored.entry.parties.direction == Some(Direction::Inbound);
    let known = owner(desk, stored).await?;
    match (&stored.e164, known) {
        (Some(e164), None) if is_incoming => {
            find::look_for(desk, e164).await?;
            owner(desk, stored).await
        }
        (_, known) => Ok(known),
    }
}

async fn owner(desk: &Desk<'_>, stored: &StoredEntry) -> Work<Option<ContactId>> {
    if stored.contact.is_some() {
        return Ok(stored.contact);
    }
    let mut tx = desk.tenant.begin().await?;
    let whose = tx.recognise(stored.e164.as_deref(), &desk.settings).await?;
    Ok(whose.person.map(|person| person.id))
}

async fn write(desk: &Desk<'_>, work: &CrmWork, record: Option<RecordId>, call: NewCall) -> Work {
    match record {
        Some(record) => append::rewrite(desk, work, &record, &call).await,
        None => append::append(desk, work, &Entry::Call(call)).await,
    }
}

fn of_call(call: &CallForCrm, id: CallId, person: RecordId) -> NewCall {
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

/// `None` for a text, and for a call that is not over.
fn of_entry(stored: &StoredEntry, person: RecordId) -> Option<NewCall> {
    let What::Call(call) = &stored.entry.what else {
        return None;
    };
    let outbound = stored.entry.parties.direction == Some(Direction::Outbound);
    let stage = call.stage(stored.entry.parties.direction);
    let (kind, subject) = match stage {
        stage if !stage.is_over() => return None,
        CallStage::NoAnswer => (CallKind::Outbound, "Call, not answered"),
        CallStage::Voicemail => (CallKind::Missed, "Voicemail"),
        CallStage::Missed => (CallKind::Missed, "Missed call"),
        _ if outbound => (CallKind::Outbound, "Call"),
        CallStage::Failed => (CallKind::Missed, "Missed call"),
        _ => (CallKind::Inbound, "Call"),
    };
    let talked = matches!(stage, CallStage::Answered | CallStage::Forwarded);
    let seconds = call.duration_s.filter(|_| talked);
    Some(NewCall {
        person,
        subject: subject.to_owned(),
        kind,
        started_at: stored.at,
        seconds: seconds
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or_default(),
        text: words_of(call),
        mark: stored.id.into(),
    })
}

/// What a colleague wants to read: the summary and what is to be done, or what was left on the voicemail.
fn words_of(call: &PhoneCall) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(summary) = &call.summary {
        lines.extend(summary.points.iter().map(|point| point.to_string()));
        let steps = summary.next_steps.iter();
        lines.extend(steps.map(|step| format!("Next: {}", &**step)));
    }
    let voicemail = call.voicemail.as_ref();
    let said = voicemail.and_then(|voicemail| voicemail.transcript.as_deref());
    lines.extend(said.map(str::to_owned));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use domain::text::{CallSign, Entry as Heard, Summary, Voicemail};
    use jiff::Timestamp;

    use super::*;

    fn written(direction: Direction, call: PhoneCall) -> Option<(CallKind, String, u32, String)> {
        let mut entry = Heard::call("AC1");
        entry.parties.direction = Some(direction);
        entry.what = What::Call(Box::new(call));
        let stored = StoredEntry {
            id: EntryId::generate(),
            entry,
            e164: None,
            contact: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let call = of_entry(&stored, "4876876000000123".parse().ok()?)?;
        Some((call.kind, call.subject, call.seconds, call.text))
    }

    fn call(signs: &[CallSign]) -> PhoneCall {
        PhoneCall {
            signs: signs.iter().copied().collect(),
            duration_s: Some(62),
            ..PhoneCall::default()
        }
    }

    #[test]
    fn a_call_is_written_when_it_is_over_as_what_it_was() {
        use CallSign::{Answered, Failed, Forwarded, Missed, Over, Rang};
        use Direction::{Inbound, Outbound};
        for (direction, signs, expected) in [
            (Inbound, &[Rang][..], None),
            (Inbound, &[Rang, Answered], None),
            (
                Inbound,
                &[Rang, Answered, Over],
                Some((CallKind::Inbound, "Call", 62)),
            ),
            (
                Inbound,
                &[Rang, Missed, Over],
                Some((CallKind::Missed, "Missed call", 0)),
            ),
            (
                Inbound,
                &[Rang, Forwarded],
                Some((CallKind::Inbound, "Call", 62)),
            ),
            (
                Inbound,
                &[Failed],
                Some((CallKind::Missed, "Missed call", 0)),
            ),
            (
                Outbound,
                &[Answered, Over],
                Some((CallKind::Outbound, "Call", 62)),
            ),
            (
                Outbound,
                &[Rang, Over],
                Some((CallKind::Outbound, "Call, not answered", 0)),
            ),
        ] {
            let written = written(direction, call(signs));
            let written = written
                .as_ref()
                .map(|(kind, subject, seconds, _)| (*kind, subject.as_str(), *seconds));
            assert_eq!(written, expected, "{direction:?} {signs:?}");
        }
    }

    #[test]
    fn its_words_are_the_summary_what_is_to_be_done_and_the_message() {
        let mut told = call(&[CallSign::Missed]);
        told.summary = Some(Summary {
            complete: true,
            points: vec!["Asked for Friday.".into(), "Is in pain.".into()],
            next_steps: vec!["Ring back".into()],
        });
        told.voicemail = Some(Voicemail {
            transcript: Some("Please ring me".into()),
            ..Voicemail::default()
        });
        let words = written(Direction::Inbound, told).map(|(.., words)| words);
        assert_eq!(
            words.as_deref(),
            Some("Asked for Friday.\nIs in pain.\nNext: Ring back\nPlease ring me")
        );
    }
}
