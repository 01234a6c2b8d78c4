//! A tenant's reading: what waits is read in requests of one or many, within the month's tokens (TEXT-2, TEXT-6).

use domain::{
    alert::AlertCause,
    breaker::{AskedOutcome, Permit},
    followup::Uttered,
    ids::{CallId, EntryId},
    settings::Settings,
    text::{ExtractionStep, ExtractionStop, Passage, Usage, extraction_step, month_of, passages},
};
use jiff::{SignedDuration, Timestamp};
use providers::extractor::{ExtractError, ExtractFailure, Extraction, Extractor};
use store::{
    KeyRing, PassageRow, PassageSource, ReadingFacts, ReadingPause, Result, Seen, TenantStore,
    TenantTx,
};
use uuid::Uuid;
use workflows::contract::{TextRequest, TextStep};

use super::{
    TextOptions,
    account::{self, GEMINI},
    approval, results, talk,
};
use crate::{
    alarm,
    circuit::{self, Asked},
};

/// After an answer that was none, before the breaker knows what to think.
const SHORT_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Nobody need wait longer for an operator's correction to be noticed; most corrections end the pause themselves.
const UNTIL_CORRECTED: SignedDuration = SignedDuration::from_mins(15);
/// Of words by themselves to which no readable answer comes.
const MOST_UNREADABLE: u32 = 3;

/// Why reading has stopped until somebody acts.
const MISCONFIGURED: &str = "misconfigured";

pub(super) async fn advance(tenant: &TenantStore, now: Timestamp) -> Result<TextStep> {
    let mut tx = tenant.begin().await?;
    tx.take_back_passages().await?;
    let settings = tx.tenant_row().await?.settings;
    let expires = approval::expire(&mut tx, &settings, now).await?;
    let facts = facts(&mut tx, now).await?;
    let step = extraction_step(
        now,
        &facts.facts,
        &settings.extraction,
        &settings.tenant.zone_or_utc(),
    );
    tell(&mut tx, &step, &facts, now).await?;
    tx.commit().await?;
    let wait = |until: Option<Timestamp>| {
        let until = until.into_iter().chain(expires).min();
        until.map_or(TextStep::Finished, |until| TextStep::Wait { until })
    };
    Ok(match step {
        ExtractionStep::Read { .. } => TextStep::Ask {
            request: TextRequest::Read,
        },
        ExtractionStep::Wait { until } => wait(Some(until)),
        ExtractionStep::Stop { until, .. } => wait(until),
        ExtractionStep::Idle => wait(None),
    })
}

/// What the next step is decided from; a provider that is left alone asks us to wait.
async fn facts(tx: &mut TenantTx, now: Timestamp) -> Result<ReadingFacts> {
    let mut reading = tx.reading_facts(now).await?;
    if reading.facts.waiting > 0
        && let Permit::Refused { until } = tx.lock_breaker(GEMINI, now).await?.may_ask(now)
    {
        reading.facts.not_before = reading.facts.not_before.max(Some(until));
    }
    Ok(reading)
}

/// People hear that nothing is read until somebody acts, and that it goes on.
async fn tell(
    tx: &mut TenantTx,
    step: &ExtractionStep,
    reading: &ReadingFacts,
    now: Timestamp,
) -> Result<()> {
    let spent = ExtractionStop::MonthlyLimit;
    let is_spent = matches!(step, ExtractionStep::Stop { why, .. } if *why == spent);
    let pause = reading.pause.as_ref().filter(|pause| pause.until > now);
    let is_misconfigured = pause.is_some_and(|pause| pause.why == MISCONFIGURED);
    for (why, stands) in [(spent.code(), is_spent), (MISCONFIGURED, is_misconfigured)] {
        let seen = match stands {
            true => Seen::Stands,
            false => Seen::Clears,
        };
        alarm::looked_at(tx, AlertCause::ReadingStopped, &[why], why, seen, now).await?;
    }
    Ok(())
}

/// A request that is about to leave.
struct Request {
    batch: Uuid,
    settings: Settings,
    rows: Vec<PassageRow>,
    passages: Vec<Passage>,
    /// Of each passage.
    uttered: Vec<Uttered>,
    extractor: Box<dyn Extractor>,
    generation: u64,
}

/// Makes one request, and records what came of it.
pub(super) async fn read(
    tenant: &TenantStore,
    keys: &KeyRing,
    options: &TextOptions,
    now: Timestamp,
) -> Result<()> {
    let Some(request) = claimed(tenant, keys, options, now).await? else {
        return Ok(());
    };
    let answer = request.extractor.extract(&request.passages).await;
    let outcome = answer
        .as_ref()
        .map_or_else(|failure| failure.error.class(), |_| "read");
    metrics::counter!("bellhop_extraction_requests_total", "result" => outcome).increment(1);
    match answer {
        Ok(extraction) => answered(tenant, &request, extraction, now).await,
        Err(failure) => failed(tenant, &request, &failure, now).await,
    }
}

/// Commits what the request will hold; `None` when nothing is to be asked.
async fn claimed(
    tenant: &TenantStore,
    keys: &KeyRing,
    options: &TextOptions,
    now: Timestamp,
) -> Result<Option<Request>> {
    let mut tx = tenant.begin().await?;
    let settings = tx.tenant_row().await?.settings;
    let facts = facts(&mut tx, now).await?;
    let step = extraction_step(
        now,
        &facts.facts,
        &settings.extraction,
        &settings.tenant.zone_or_utc(),
    );
    let ExtractionStep::Read { passages: most } = step else {
        return Ok(None);
    };
    let extractor = match account::extractor(&mut tx, keys, options, &settings).await? {
        Ok(extractor) => extractor,
        Err(error) => {
            tracing::warn!(%error, "nobody can be asked to read");
            misconfigured(&mut tx, now).await?;
            tx.commit().await?;
            return Ok(None);
        }
    };
    let batch = Uuid::now_v7();
    let (mut rows, mut passages, mut uttered) = (Vec::new(), Vec::new(), Vec::new());
    for row in tx.claim_passages(batch, most, now).await? {
        match words(&mut tx, &row, &settings, now).await? {
            Some((passage, when)) => {
                rows.push(row);
                passages.push(passage);
                uttered.push(when);
            }
            None => tx.passage_superseded(row.id).await?,
        }
    }
    if rows.is_empty() {
        tx.commit().await?;
        return Ok(None);
    }
    let generation = match circuit::ask(&mut tx, GEMINI, now).await? {
        Asked::Allowed { generation } => generation,
        // Nothing is claimed: the transaction is dropped.
        Asked::Refused { .. } => return Ok(None),
    };
    tx.commit().await?;
    Ok(Some(Request {
        batch,
        settings,
        rows,
        passages,
        uttered,
        extractor,
        generation,
    }))
}

/// The words, when they still stand there, and still can only be the contact's.
async fn words(
    tx: &mut TenantTx,
    row: &PassageRow,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<(Passage, Uttered)>> {
    let Some(source) = row.source else {
        return Ok(None);
    };
    let found = match source {
        PassageSource::Entry(entry) => in_entry(tx, row, entry, now).await?,
        PassageSource::Call(call) => in_call(tx, row, call, settings).await?,
    };
    let Some((passage, uttered)) = found else {
        return Ok(None);
    };
    let whose = tx.recognise(Some(&uttered.e164), settings).await?;
    let is_theirs = whose.person.is_some_and(|person| person.id == row.contact);
    Ok(is_theirs.then_some((passage, uttered)))
}

async fn in_entry(
    tx: &mut TenantTx,
    row: &PassageRow,
    entry: EntryId,
    now: Timestamp,
) -> Result<Option<(Passage, Uttered)>> {
    let Some(stored) = tx.entry(entry).await? else {
        return Ok(None);
    };
    let Some(e164) = stored.e164.as_deref() else {
        return Ok(None);
    };
    let mut found = passages(&stored.entry, &[row.kind], now).into_iter();
    let found = found.find(|passage| passage.fingerprint().as_slice() == row.fingerprint);
    Ok(found.map(|passage| (passage, Uttered::in_entry(&stored.entry, e164))))
}

/// Whoever proved in the call that they are somebody else is not whom its words were queued for.
async fn in_call(
    tx: &mut TenantTx,
    row: &PassageRow,
    call: CallId,
    settings: &Settings,
) -> Result<Option<(Passage, Uttered)>> {
    let Some(told) = tx.talk(call).await? else {
        return Ok(None);
    };
    if told.contact != row.contact {
        return Ok(None);
    }
    let passage = talk::passage(tx, call, &told, &[row.kind], settings).await?;
    let passage =
        passage.filter(|passage| talk::fingerprint(call, passage).as_slice() == row.fingerprint);
    Ok(passage.map(|passage| (passage, talk::uttered(&told, settings))))
}

async fn answered(
    tenant: &TenantStore,
    request: &Request,
    extraction: Extraction,
    now: Timestamp,
) -> Result<()> {
    let mut tx = tenant.begin().await?;
    count(&mut tx, request, extraction.usage, request.rows.len(), now).await?;
    circuit::record(
        &mut tx,
        GEMINI,
        request.generation,
        AskedOutcome::Answered,
        None,
        now,
    )
    .await?;
    tx.end_reading_pause().await?;
    tx.commit().await?;
    let read = request.rows.iter().zip(&request.passages);
    let read = read.zip(&request.uttered).zip(&extraction.found);
    for (((row, passage), uttered), found) in read {
        // One transaction for each: it locks one contact, and waits for nobody who locks another.
        let mut tx = tenant.begin().await?;
        let passage = results::Read {
            row,
            passage,
            uttered,
            found,
            batch: request.batch,
        };
        results::apply(&mut tx, &passage, &request.settings, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn failed(
    tenant: &TenantStore,
    request: &Request,
    failure: &ExtractFailure,
    now: Timestamp,
) -> Result<()> {
    let error = &failure.error;
    tracing::warn!(%error, passages = request.rows.len(), "passages were not read");
    let mut tx = tenant.begin().await?;
    count(&mut tx, request, failure.usage, 0, now).await?;
    let (outcome, not_before) = told(error, now);
    circuit::record(
        &mut tx,
        GEMINI,
        request.generation,
        outcome,
        not_before,
        now,
    )
    .await?;
    match error {
        ExtractError::Misconfigured { .. } => misconfigured(&mut tx, now).await?,
        _ if error.may_pass() => pause(&mut tx, SHORT_PAUSE, error.class(), now).await?,
        _ => {}
    }
    let alone = request.rows.first().filter(|_| request.rows.len() == 1);
    let hopeless = alone.filter(|row| !error.may_pass() || row.tries >= MOST_UNREADABLE);
    match hopeless.filter(|_| error.is_of_one_passage()) {
        Some(row) if tx.is_in_batch(row.id, request.batch).await? => {
            tx.passage_failed(row.id, error.class()).await?;
        }
        Some(_) => {}
        None => {
            let counted = error.is_of_one_passage();
            tx.release_batch(request.batch, error.class(), counted)
                .await?;
        }
    }
    tx.commit().await
}

/// What a failure says of the provider, and until when it is to be left alone.
fn told(error: &ExtractError, now: Timestamp) -> (AskedOutcome, Option<Timestamp>) {
    match error {
        ExtractError::Unavailable => (AskedOutcome::Failed, None),
        ExtractError::RateLimited {
            retry_after,
            for_today,
        } => {
            // The breaker asks every hour at the latest: nobody knows by whose clock a day ends.
            let day = SignedDuration::from_hours(1);
            let wait = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
            let wait = if *for_today { Some(day) } else { wait };
            (AskedOutcome::AskedToWait, wait.map(|wait| now + wait))
        }
        _ => (AskedOutcome::Answered, None),
    }
}

async fn misconfigured(tx: &mut TenantTx, now: Timestamp) -> Result<()> {
    pause(tx, UNTIL_CORRECTED, MISCONFIGURED, now).await
}

async fn pause(tx: &mut TenantTx, length: SignedDuration, why: &str, now: Timestamp) -> Result<()> {
    let pause = ReadingPause {
        until: now + length,
        why: why.to_owned(),
    };
    tx.pause_reading(&pause).await
}

async fn count(
    tx: &mut TenantTx,
    request: &Request,
    usage: Usage,
    passages: usize,
    now: Timestamp,
) -> Result<()> {
    let month = month_of(now, &request.settings.tenant.zone_or_utc());
    let passages = u64::try_from(passages).unwrap_or(u64::MAX);
    for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
        metrics::counter!("bellhop_extraction_tokens_total", "kind" => kind).increment(tokens);
    }
    tx.count_use(month, usage, passages).await
}
