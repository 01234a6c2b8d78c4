//! What OpenPhone or Quo sends late of somebody who was erased.

use domain::text::{Keyword, Number};
use jiff::Timestamp;
use providers::openphone::{entry, event};
use store::{Error, EventTry, Result, TenantTx};

use super::hear::keyword_of;

/// Whether it is that. What was written down of the text or call before is erased then; the webhook itself is to be
/// emptied when its try has ended. Without the key of the marks nobody can tell: it is heard then, since it may be a
/// wish not to be called.
pub(crate) async fn is_late(tx: &mut TenantTx, each: &EventTry, now: Timestamp) -> Result<bool> {
    tx.before_erasures().await?;
    let settings = tx.tenant_row().await?.settings;
    let reading = entry::Reading {
        country: settings.tenant.country(),
        lines: &settings.texts.lines(),
    };
    let Ok(event) = event::read(&each.event.body) else {
        return Ok(false);
    };
    let Some(heard) = entry::entry(&event, reading) else {
        return Ok(false);
    };
    match tx.is_of_erased(&heard, each.event.received_at).await {
        Ok(true) => {
            let person = heard.parties.person.as_ref().and_then(Number::dialable);
            if let (Some(Keyword::OptOut), Some(number)) = (keyword_of(&heard, &settings), person) {
                // Whoever said so before they were erased is still not called.
                tx.mark_opt_out(number.e164()).await?;
            }
            tx.erase_late(each.event.id, &heard.id, now).await?;
            Ok(true)
        }
        Err(Error::Undecryptable) => {
            tracing::error!(event.id = %each.event.id, "whether it is of an erased person cannot be told: the key of the marks is lost");
            Ok(false)
        }
        told => told,
    }
}
