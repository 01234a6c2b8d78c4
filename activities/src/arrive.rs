//! A call that came in: the first event that tells of it makes it one of ours.

use jiff::Timestamp;
use store::{Arrived, Result, StoredEvent, TenantTx};

use crate::voice::Voice;

/// Makes the call's row when the event is about a call that came in; nothing follows from any other.
pub(crate) async fn arrived(
    tx: &mut TenantTx,
    voice: Voice,
    event: &StoredEvent,
    now: Timestamp,
) -> Result<()> {
    let Some(call) = voice.arrival(&event.body) else {
        return Ok(());
    };
    let settings = tx.tenant_row().await?.settings;
    let caller = tx.recognise(call.from_number.as_deref(), &settings).await?;
    let arrived = Arrived {
        provider: &event.provider,
        provider_call_id: &call.provider_call_id,
        e164: caller.e164(),
        contact: caller.person.as_ref().map(|person| person.id),
        line: call.line.as_deref(),
    };
    tx.call_arrived(&arrived, now).await?;
    if let Some(context) = call.context {
        tx.context_belongs(context, &event.provider, &call.provider_call_id)
            .await?;
    }
    Ok(())
}
