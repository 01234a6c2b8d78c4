//! A call that came in: the first event that tells of it makes it one of ours.

use domain::inbound::{Line, line};
use jiff::Timestamp;
use providers::retell;
use store::{Arrived, Result, StoredEvent, TenantTx};

/// Makes the call's row when the event is about a call that came in; nothing follows from any other.
pub(crate) async fn arrived(tx: &mut TenantTx, event: &StoredEvent, now: Timestamp) -> Result<()> {
    let Some(call) = retell::arrival(&event.body) else {
        return Ok(());
    };
    let settings = tx.tenant_row().await?.settings;
    let caller = tx.recognise(call.from_number.as_deref(), &settings).await?;
    let (agent, to) = (call.agent_id.as_deref(), call.to_number.as_deref());
    // On a line that is none of the tenant's nobody is taken for somebody.
    let contact = caller
        .person
        .as_ref()
        .filter(|_| line(&settings, agent, to) == Line::Ours);
    let Some(provider_call_id) = event.provider_call_id.as_deref() else {
        return Ok(());
    };
    // No text column takes a NUL.
    let called = call.to_number.as_deref().map(|to| to.replace('\0', ""));
    let arrived = Arrived {
        provider: &event.provider,
        // As it was stored with the events that are to find it.
        provider_call_id,
        e164: caller.e164(),
        contact: contact.map(|person| person.id),
        line: called.as_deref(),
    };
    tx.call_arrived(&arrived, now).await?;
    if let Some(context) = call.context {
        tx.context_belongs(context, &event.provider, provider_call_id)
            .await?;
    }
    Ok(())
}
