//! What the events of the business's own lines mean beside the conversation that they are part of.

use domain::event::RetryScope;
use jiff::Timestamp;
use store::{EventTry, Result, TenantTx};

use crate::{followups, line_check};

/// A call that nobody answered, or the text of a check.
pub(crate) async fn heard(tx: &mut TenantTx, each: &EventTry, now: Timestamp) -> Result<()> {
    if each.scope == Some(RetryScope::StateOnly) {
        return Ok(());
    }
    let settings = tx.tenant_row().await?.settings;
    line_check::heard(tx, &each.event, &settings, now).await?;
    followups::heard(tx, &each.event, &settings, now).await
}
