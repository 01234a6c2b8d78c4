//! A call that came in: the first event that tells of it makes it one of ours.

use domain::{
    inbound::{Caller, Line, line},
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
    let (agent, to) = (call.agent_id.as_deref(), call.line.as_deref());
    let by_id = call.line_id.is_some() && call.line_id == settings.vapi.phone_number_id;
    let is_ours = by_id || line(&settings, agent, to) == Line::Ours;
    // On a line that is none of the tenant's nobody is taken for somebody.
    let contact = caller.person.as_ref().filter(|_| is_ours);
    let Some(provider_call_id) = event.provider_call_id.as_deref() else {
        return Ok(());
    };
    // No text column takes a NUL.
    let called = call.line.as_deref().map(|to| to.replace('\0', ""));
    let arrived = Arrived {
        provider: &event.provider,
        // As it was stored with the events that are to find it.
        provider_call_id,
        e164: caller.e164(),
        contact: contact.map(|person| person.id),
        line: called.as_deref(),
    };
    tx.call_arrived(&arrived, now).await?;
    if let (true, Caller::Unknown, Some(e164)) = (is_ours, caller.caller, caller.e164()) {
        tx.crm_unknown_number(e164, now).await?;
    }
    if let Some(context) = call.context {
        tx.context_belongs(context, &event.provider, provider_call_id)
            .await?;
    }
    Ok(())
}
