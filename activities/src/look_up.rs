//! Asking the provider about a call: was it ever placed, and how did it go?

use domain::{event::Priority, follow::DialState, ids::EventId, settings::Settings};
use jiff::{SignedDuration, Timestamp};
use providers::error::ReadError;
use sha2::{Digest, Sha256};
use store::{CallRow, FETCHED, NewEvent, Placed, Result, Store, TenantTx};
use workflows::contract::CallInput;

use crate::{
    accounts::{Accounts, KnownCall, VoiceClient},
    failure::DialFailure,
};

/// Pause after the provider did not answer a question, unless it named one.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// The longer it does not answer, the longer the pauses grow, up to this one.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// Searches for a call whose request left without an answer. Found: it is placed. Not found: the search is
/// noted, and the call's process knows when that is proof.
pub(crate) async fn look_up(
    store: &Store,
    accounts: &Accounts,
    input: &CallInput,
    now: Timestamp,
) -> Result<(), DialFailure> {
    let Some(Account {
        row,
        client,
        dialed,
        settings,
    }) = open(store, accounts, input, now).await?
    else {
        return Ok(());
    };
    let Some(e164) = row
        .e164
        .as_deref()
        .filter(|_| row.facts.dial == DialState::Dialing)
    else {
        return Ok(());
    };
    // The request cannot have been sent before the call was claimed.
    let since = row.facts.dialing_at.unwrap_or(now);
    let found = client.find(row.id, e164, since, &settings).await;
    let mut tx = store.tenant(input.tenant).begin().await?;
    match found {
        Ok(Some(call)) => {
            tx.call_placed(
                row.id,
                &Placed {
                    provider_call_id: call.provider_call_id.clone(),
                    at: since,
                },
            )
            .await?;
            keep(&mut tx, &row, input, &call).await?;
            metrics::counter!("bellhop_dials_found_again_total").increment(1);
        }
        Ok(None) if dialed => tx.call_checked(row.id, now).await?,
        // Another account's list proves nothing.
        Ok(None) => tx.call_pauses(row.id, now + ASK_AGAIN).await?,
        Err(error) => pause(&mut tx, &row, now, &error).await?,
    }
    Ok(tx.commit().await?)
}

/// Reads a call whose events did not come in time (CALL-5).
pub(crate) async fn fetch(
    store: &Store,
    accounts: &Accounts,
    input: &CallInput,
    now: Timestamp,
) -> Result<(), DialFailure> {
    let Some(Account {
        row,
        client,
        settings,
        ..
    }) = open(store, accounts, input, now).await?
    else {
        return Ok(());
    };
    let Some(provider_call_id) = row.provider_call_id.as_deref() else {
        return Ok(());
    };
    let read = client.read(provider_call_id, &settings).await;
    let mut tx = store.tenant(input.tenant).begin().await?;
    match read {
        Ok(call) => {
            keep(&mut tx, &row, input, &call).await?;
            tx.call_checked(row.id, now).await?;
            metrics::counter!("bellhop_calls_fetched_total").increment(1);
        }
        Err(error) => pause(&mut tx, &row, now, &error).await?,
    }
    Ok(tx.commit().await?)
}

/// A call, and whom to ask about it.
struct Account {
    row: CallRow,
    client: VoiceClient,
    settings: Settings,
    /// The call was dialed with this very key: if it does not know the call, there is none.
    dialed: bool,
}

/// The call, and the account it was dialed from, or else the tenant's newest. Without a key nobody can be
/// asked: the call pauses, and is asked about again when a key may have been stored.
async fn open(
    store: &Store,
    accounts: &Accounts,
    input: &CallInput,
    now: Timestamp,
) -> Result<Option<Account>, DialFailure> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let Some(row) = tx.lock_call(input.call).await? else {
        return Ok(None);
    };
    let keys = tx
        .provider_keys(store.keys(), row.provider.key_name())
        .await?;
    let dialed = keys.iter().find(|key| row.dialed_with == Some(key.id));
    let Some(key) = dialed.or(keys.first()) else {
        tracing::error!(call.id = %row.id, "no provider key is stored: the call cannot be asked about");
        tx.call_pauses(row.id, now + ASK_AGAIN).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let settings = tx.tenant_row().await?.settings;
    tx.commit().await?;
    Ok(Some(Account {
        client: accounts.client(input.tenant, row.provider, &key.secret)?,
        settings,
        dialed: dialed.is_some(),
        row,
    }))
}

async fn pause(tx: &mut TenantTx, row: &CallRow, now: Timestamp, error: &ReadError) -> Result<()> {
    tracing::warn!(call.id = %row.id, error = error as &dyn std::error::Error, "the provider did not say where a call stands");
    let asked = match error {
        ReadError::RateLimited {
            retry_after: Some(wait),
        } => SignedDuration::try_from(*wait).ok(),
        _ => None,
    };
    let facts = &row.facts;
    let since = facts.ended_at.or(facts.placed_at).or(facts.dialing_at);
    let silent_for = now.duration_since(since.unwrap_or(now));
    let grown = (silent_for / 4).clamp(ASK_AGAIN, LONGEST_PAUSE);
    tx.call_pauses(row.id, now + asked.unwrap_or(grown)).await
}

/// Keeps what was read as one more event of the call, so that it joins what the webhooks said.
async fn keep(tx: &mut TenantTx, row: &CallRow, input: &CallInput, call: &KnownCall) -> Result<()> {
    let body = serde_json::to_vec(&call.observation)?;
    let digest = Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let event = NewEvent {
        id: EventId::generate(),
        tenant: input.tenant,
        source: None,
        provider: row.provider.code(),
        event_type: FETCHED.to_owned(),
        dedupe_key: format!("fetched:{}:{digest}", call.provider_call_id),
        call: Some(input.call),
        provider_call_id: Some(call.provider_call_id.clone()),
        priority: Priority::Standard,
        arrived_at: None,
        headers: serde_json::json!({}),
        body,
        request_id: None,
        trace_id: None,
        span_id: None,
    };
    tx.add_fetched_event(&event, &call.observation).await?;
    Ok(())
}
