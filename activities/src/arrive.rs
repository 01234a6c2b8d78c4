//! A call that came in: the first event that tells of it makes it one of ours.

use jiff::Timestamp;
use providers::retell;
use store::{Arrived, Result, StoredEvent, TenantTx};

/// Makes the call's row when the event is about a call that came in; nothing follows from any other.
pub(crate) async fn arrived(tx: &mut TenantTx, event: &StoredEvent, now: Timestamp) -> Result<()> {
    let Some(call) = retell::arrival(&event.body) else {
        return Ok(());
    };
    let settings = tx.tenant_row().await?.settings;
    let e164 = caller_number(call.from_number.as_deref(), &settings);
    let people = match &e164 {
        Some(e164) => tx.people_with_number(e164).await?,
        None => Vec::new(),
    };
    let contact = match people.as_slice() {
        [one] => Some(one.id),
        _ => None,
    };
    let arrived = Arrived {
        provider: &event.provider,
        provider_call_id: &call.provider_call_id,
        e164: e164.as_deref(),
        contact,
        line: call.to_number.as_deref(),
    };
    tx.call_arrived(&arrived, now).await?;
    if let Some(context) = call.context {
        tx.context_belongs(context, &event.provider, &call.provider_call_id)
            .await?;
    }
    Ok(())
}
