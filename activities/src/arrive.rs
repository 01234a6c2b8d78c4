//! A call that came in: the first event that tells of it makes it one of ours.

use domain::{
    inbound::{Called, line},
    settings::VoiceProvider,
};
use jiff::Timestamp;
use store::{Arrived, Result, StoredEvent, TenantTx};

use crate::voice;

/// Makes the call's row when the event is about a call that came in; nothing follows from any other.
pub(crate) async fn arrived(
    tx: &mut TenantTx,
    provider: VoiceProvider,
    event: &StoredEvent,
    now: Timestamp,
) -> Result<()> {
    let Some(call) = voice::arrival(provider, &event.body) else {
        return Ok(());
    };
    let settings = tx.tenant_row().await?.settings;
    let caller = tx.recognise(call.from_number.as_deref(), &settings).await?;
    let called = Called {
        agent_id: call.agent_id.as_deref(),
        number: call.to_number.as_deref(),
        number_id: call.to_number_id.as_deref(),
    };
    let Some(provider_call_id) = event.provider_call_id.as_deref() else {
        return Ok(());
    };
    let arrived = Arrived {
        provider: &event.provider,
        // As it was stored with the events that are to find it.
        provider_call_id,
        caller: &caller,
        line: line(&settings, called),
        to_number: call.to_number.as_deref(),
        was_asked_about: call.context.is_some(),
    };
    let arrival = tx.call_arrived(&arrived, now).await?;
    if let Some(context) = call.context {
        tx.context_belongs(context, &event.provider, provider_call_id)
            .await?;
    }
    tx.after_arrival(arrival, now).await
}
