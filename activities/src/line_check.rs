//! One check of the phone line: a text with a code, whether it arrived, and what that says (OPS-1).

use domain::{
    alert::AlertCause,
    call::Direction,
    linecheck::{self, CheckStep, Code, Verdict},
    phone::PhoneNumber,
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use providers::openphone::entry::{Reading, entry};
use store::{Result, Seen, Store, StoredEvent, TenantTx};
use workflows::contract::{At, LineCheckInput, LineCheckStep};

use crate::{alarm, followups, send::failure, texts};

/// While a text is missing, the provider is asked so often whether it has it.
const ASK_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How far the provider's clock may be behind ours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

pub(crate) async fn advance(store: &Store, input: &At<LineCheckInput>) -> Result<LineCheckStep> {
    let (now, planned_at) = (input.now, input.of.planned_at);
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    if numbers(&settings).is_none() {
        return Ok(LineCheckStep::Finished);
    }
    let row = tx.lock_line_check(planned_at).await?;
    let step = match linecheck::next_step(now, &row.facts, &settings.line_check) {
        CheckStep::Send => LineCheckStep::Send,
        CheckStep::Wait { until } => LineCheckStep::Wait { until },
        CheckStep::AlertAndWait { until } => {
            let ask_at = row.asked_at.map_or(now, |asked| asked + ASK_EVERY);
            if ask_at <= now {
                LineCheckStep::Ask
            } else {
                judged(&mut tx, Verdict::Lost, now).await?;
                let until = until.min(ask_at);
                LineCheckStep::Wait { until }
            }
        }
        CheckStep::Finished(verdict) => {
            tx.line_check_judged(planned_at, verdict).await?;
            judged(&mut tx, verdict, now).await?;
            tx.commit().await?;
            tracing::info!(%verdict, "the phone line was checked");
            metrics::counter!("bellhop_line_checks_total", "verdict" => verdict.code())
                .increment(1);
            return Ok(LineCheckStep::Finished);
        }
    };
    tx.commit().await?;
    Ok(step)
}

async fn judged(tx: &mut TenantTx, verdict: Verdict, now: Timestamp) -> Result<()> {
    let seen = match verdict.alerts() {
        true => Seen::Stands,
        false => Seen::Clears,
    };
    alarm::looked_at(
        tx,
        AlertCause::LineCheckFailed,
        &[],
        verdict.words(),
        seen,
        now,
    )
    .await
}

/// The line that sends, and the one that has to receive, when they are to be checked.
fn numbers(settings: &Settings) -> Option<(PhoneNumber, PhoneNumber)> {
    let check = &settings.line_check;
    let number = |number: &Option<String>| PhoneNumber::from_e164(number.as_deref()?).ok();
    let both = number(&check.monitor_number).zip(number(&check.main_number));
    both.filter(|_| check.enabled)
}

/// Sends the text. It is recorded before it leaves: what broke off is awaited, and not sent again.
pub(crate) async fn send(
    store: &Store,
    options: &texts::TextOptions,
    input: &LineCheckInput,
    now: Timestamp,
) -> Result<()> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    let row = tx.lock_line_check(input.planned_at).await?;
    let step = linecheck::next_step(now, &row.facts, &settings.line_check);
    let (CheckStep::Send, Some((monitor, main))) = (step, numbers(&settings)) else {
        return Ok(());
    };
    tx.line_check_leaves(input.planned_at, now).await?;
    let client = texts::openphone(&mut tx, store.keys(), options, &settings).await?;
    tx.commit().await?;
    let text = Code::of(input.tenant, input.planned_at).text();
    let sent = match client {
        Ok(client) => client.send_text(monitor.e164(), &main, &text).await,
        Err(problem) => Err(problem),
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "the text of a check was not sent");
        let mut tx = store.tenant(input.tenant).begin().await?;
        tx.line_check_failed(input.planned_at, &failure(&error, now))
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Looks for the text among those of the main line: its webhook may be what is missing.
pub(crate) async fn ask(
    store: &Store,
    options: &texts::TextOptions,
    input: &LineCheckInput,
    now: Timestamp,
) -> Result<()> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    let client = texts::openphone(&mut tx, store.keys(), options, &settings).await?;
    tx.commit().await?;
    let found = match (client, numbers(&settings)) {
        (Ok(client), Some((monitor, main))) => {
            let found = arrived_at(&client, &monitor, &main, input, &settings).await;
            found.unwrap_or_else(|error| {
                tracing::warn!(%error, "the provider does not say whether the text of a check arrived");
                None
            })
        }
        _ => None,
    };
    let mut tx = store.tenant(input.tenant).begin().await?;
    tx.line_check_asked(input.planned_at, now).await?;
    if let Some(at) = found {
        let code = Code::of(input.tenant, input.planned_at);
        tx.line_check_arrived(&code, at, "asking").await?;
    }
    tx.commit().await
}

async fn arrived_at(
    client: &providers::openphone::client::Client,
    monitor: &PhoneNumber,
    main: &PhoneNumber,
    input: &LineCheckInput,
    settings: &Settings,
) -> Result<Option<Timestamp>, providers::error::ReadError> {
    let lines = client.lines().await?;
    let Some(line) = lines.iter().find(|line| line.number == *main) else {
        return Ok(None);
    };
    let since = input
        .planned_at
        .saturating_sub(CLOCKS_APART)
        .unwrap_or(input.planned_at);
    let page = client.messages(&line.id, monitor, since, None).await?;
    let both = [main.clone(), monitor.clone()];
    let reading = Reading {
        country: settings
            .tenant
            .country
            .parse()
            .unwrap_or(domain::country::Country::GB),
        lines: &both,
    };
    let code = Code::of(input.tenant, input.planned_at);
    let entries = page
        .events
        .iter()
        .filter_map(|event| entry(event, reading))
        .filter(|entry| entry.parties.direction == Some(Direction::Inbound));
    let mut found = entries
        .filter(|entry| linecheck::code_of(entry, &settings.line_check).as_ref() == Some(&code));
    Ok(found.next().map(|entry| entry.at.unwrap_or(since)))
}

/// What an event of a line says, if it is the text of a check that has come in.
pub(crate) async fn heard(
    tx: &mut TenantTx,
    event: &StoredEvent,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    if numbers(settings).is_none() {
        return Ok(());
    }
    let Some(entry) = followups::told(&event.body, settings) else {
        return Ok(());
    };
    let is_incoming = entry.parties.direction == Some(Direction::Inbound);
    match linecheck::code_of(&entry, &settings.line_check).filter(|_| is_incoming) {
        Some(code) => tx.line_check_arrived(&code, now, "webhook").await,
        None => Ok(()),
    }
}
