//! What in the course of work is trouble that people should hear of.

use domain::{
    alert::{AlertCause, Part, fingerprint},
    event::ErrorClass,
};
use jiff::Timestamp;
use store::{EventTry, Result, Seen, TenantTx, Trouble};

/// An event was given up: it waits for an operator.
pub(crate) async fn event_dead(
    tx: &mut TenantTx,
    each: &EventTry,
    class: ErrorClass,
    now: Timestamp,
) -> Result<()> {
    let (provider, kind) = (&each.event.provider, &each.event.event_type);
    let parts = [provider.as_str(), kind.as_str(), class.code()];
    let about = format!("{provider} {kind}: {}", class.words());
    occurred(tx, AlertCause::EventDead, &parts, &about, now).await
}

/// One occurrence of a cause, which the parts tell from others; none of them may be of a person.
pub(crate) async fn occurred(
    tx: &mut TenantTx,
    cause: AlertCause,
    parts: &[&str],
    about: &str,
    now: Timestamp,
) -> Result<()> {
    tracing::error!(alert = true, cause = cause.code(), about, "trouble");
    metrics::counter!("bellhop_alerts_raised_total", "cause" => cause.code()).increment(1);
    looked_at(tx, cause, parts, about, Seen::Occurred, now).await
}

/// What was seen of a cause, which may also be that it is over.
pub(crate) async fn looked_at(
    tx: &mut TenantTx,
    cause: AlertCause,
    parts: &[&str],
    about: &str,
    seen: Seen,
    now: Timestamp,
) -> Result<()> {
    let parts: Vec<_> = parts.iter().map(|part| Part::Code(part)).collect();
    let trouble = Trouble {
        cause,
        severity: cause.severity(),
        fingerprint: fingerprint(cause, &parts),
        about,
    };
    tx.raise(&trouble, seen, now).await
}
