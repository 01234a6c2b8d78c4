//! Tenants that keep no transcripts (MEM-6): a webhook has them until it has been read, and not after.

use domain::{
    settings::Settings,
    text::{Entry, What},
};
use providers::{redact::without_transcript, source::SourceKind};
use store::{Result, StoredEvent, TenantTx};

/// Whether an event's sender takes or makes calls.
pub(crate) fn may_be_in(event: &StoredEvent) -> bool {
    use SourceKind::{OpenPhone, Quo, Retell, Vapi};
    let kind = SourceKind::from_code(&event.provider);
    matches!(kind, Some(Retell | Vapi | OpenPhone | Quo))
}

/// Leaves of an event that was read what may be kept.
pub(crate) async fn forget(
    tx: &mut TenantTx,
    settings: &Settings,
    event: &StoredEvent,
) -> Result<()> {
    if settings.retention.keep_transcripts {
        return Ok(());
    }
    let kind = SourceKind::from_code(&event.provider);
    match kind.and_then(|kind| without_transcript(kind, &event.body)) {
        Some(left) => tx.replace_body(event.id, &left).await,
        None => Ok(()),
    }
}

/// Takes out of what was heard of a text or call what may not be kept.
pub(crate) fn leave_out(entry: &mut Entry, settings: &Settings) {
    if let (What::Call(call), false) = (&mut entry.what, settings.retention.keep_transcripts) {
        call.transcript = None;
    }
}
