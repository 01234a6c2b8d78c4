//! Calls that nobody answered become follow-ups, whoever's line they came in on (MEM-9).

use domain::{
    call::{CallOutcome, Direction},
    followup::{self, FollowUpRules, Missed, MissedKind},
    hours::Hours,
    ids::ExtractionId,
    settings::Settings,
    text::{Entry, Number},
};
use jiff::Timestamp;
use providers::openphone::{
    self,
    entry::{Reading, entry},
};
use store::{CallRow, MissedCall, Result, StoredEvent, TALKED, TOO_SHORT_MS, TenantTx};

/// Events of one call that are read; more than so many tell nothing new.
const MOST_EVENTS: u32 = 50;

/// A call of a voice agent has ended so, or it was found out that it did.
pub(crate) async fn call_settled(
    tx: &mut TenantTx,
    row: &CallRow,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<()> {
    if row.direction == Direction::Outbound {
        // Whoever was spoken with waits for no call any more.
        if let (Some(e164), true) = (row.e164.as_deref(), TALKED.contains(&outcome))
            && tx.has_follow_up(e164).await?
        {
            consider(tx, e164, Some(e164), None, now).await?;
        }
        return Ok(());
    }
    let Some(provider_call_id) = row.provider_call_id.as_deref() else {
        return Ok(());
    };
    let e164 = row.e164.as_deref();
    let who = e164.unwrap_or(provider_call_id);
    let came = tx.call_came(row.id).await?;
    match missed_kind(row, outcome) {
        Some(kind) => {
            let missed = MissedCall {
                provider: &came.provider,
                provider_call_id,
                who,
                call: Some(row.id),
                kind,
                at: came.placed_at.unwrap_or(now),
                line: came.line.as_deref(),
                wanted_at: None,
            };
            tx.call_missed(&missed).await?;
        }
        None => {
            tx.call_not_missed(&came.provider, provider_call_id).await?;
            if !tx.has_follow_up(who).await? {
                return Ok(());
            }
        }
    }
    consider(tx, who, e164, None, now).await
}

/// Whether somebody who called waits to be called, after a call that ended so.
fn missed_kind(row: &CallRow, outcome: CallOutcome) -> Option<MissedKind> {
    let length = row.facts.view.duration_ms.unwrap_or_default();
    let is_short = i64::try_from(length).is_ok_and(|length| length < TOO_SHORT_MS);
    match outcome {
        CallOutcome::Voicemail => Some(MissedKind::Voicemail),
        CallOutcome::NoClearAnswer if is_short => Some(MissedKind::Call),
        CallOutcome::NoAnswer
        | CallOutcome::Busy
        | CallOutcome::Failed
        | CallOutcome::SystemicFailure
        | CallOutcome::Uncertain => Some(MissedKind::Call),
        _ => None,
    }
}

/// Somebody wants to be called: so it was read out of what was written or said from this number.
pub(crate) async fn asked_for_call(
    tx: &mut TenantTx,
    extraction: ExtractionId,
    e164: &str,
    wish: &Missed,
    now: Timestamp,
) -> Result<()> {
    let line = wish.line.as_ref().and_then(Number::dialable);
    let missed = MissedCall {
        provider: "extraction",
        provider_call_id: &extraction.to_string(),
        who: e164,
        call: None,
        kind: wish.kind,
        at: wish.at,
        line: line.map(|line| line.e164()),
        wanted_at: wish.wanted_at,
    };
    tx.call_missed(&missed).await?;
    consider(tx, e164, Some(e164), None, now).await
}

/// What an event tells of a call on a line at OpenPhone. Its events come in any order, and each says only a part: all
/// of them are read together.
pub(crate) async fn heard(
    tx: &mut TenantTx,
    event: &StoredEvent,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    let Some(provider_call_id) = event.provider_call_id.as_deref() else {
        return Ok(());
    };
    let mut known: Option<Entry> = None;
    for body in tx.events_of_openphone_call(event, MOST_EVENTS).await? {
        let Some(told) = told(&body, settings) else {
            continue;
        };
        match &mut known {
            Some(known) => known.join(told),
            None => known = Some(told),
        }
    }
    let Some(known) = known else { return Ok(()) };
    let number = known.parties.person.as_ref().and_then(Number::dialable);
    let e164 = number.map(|number| number.e164());
    let who = e164.unwrap_or(provider_call_id);
    let talked_at = followup::talked_at(&known);
    match followup::missed(&known) {
        Some(missed) => {
            let line = missed.line.as_ref().and_then(Number::dialable);
            let missed = MissedCall {
                provider: "openphone",
                provider_call_id,
                who,
                call: None,
                kind: missed.kind,
                at: missed.at,
                line: line.map(|line| line.e164()),
                wanted_at: missed.wanted_at,
            };
            tx.call_missed(&missed).await?;
        }
        None => {
            tx.call_not_missed("openphone", provider_call_id).await?;
            if talked_at.is_none() && !tx.has_follow_up(who).await? {
                return Ok(());
            }
        }
    }
    consider(tx, who, e164, talked_at, now).await
}

/// The part of a conversation that an event of a line tells.
pub(crate) fn told(body: &[u8], settings: &Settings) -> Option<Entry> {
    let mut lines = settings.texts.lines();
    let check = &settings.line_check;
    let of_checks = [&check.main_number, &check.monitor_number];
    lines.extend(
        of_checks
            .into_iter()
            .flatten()
            .filter_map(|number| domain::phone::PhoneNumber::from_e164(number).ok()),
    );
    let reading = Reading {
        country: settings.tenant.country(),
        lines: &lines,
    };
    entry(&openphone::event::read(body).ok()?, reading)
}

/// Decides anew what is to be done for one number.
pub(crate) async fn consider(
    tx: &mut TenantTx,
    who: &str,
    e164: Option<&str>,
    talked_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let settings = tx.tenant_row().await?.settings;
    let facts = tx.follow_up_facts(who, e164, talked_at, now).await?;
    let rules = FollowUpRules {
        settings: &settings.followups,
        hours: &Hours::new(&settings, &[]),
    };
    let step = followup::next_step(now, &facts, rules);
    tx.write_follow_up(who, &step, now).await
}
