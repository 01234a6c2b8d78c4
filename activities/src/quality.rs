//! Calls that go badly are marked; when too many do, people are told, and dialing may pause itself (CALL-7).

use domain::{
    alert::AlertCause,
    call::CallOutcome,
    quality::{self, QualityProblem},
};
use jiff::Timestamp;
use store::{CallRow, Result, Seen, Tenant, TenantTx};

use crate::{alarm, outcome};

/// A call has ended so, or it was found out that it did.
pub(crate) async fn call_settled(
    tx: &mut TenantTx,
    row: &CallRow,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant_row().await?;
    let flag = quality::flag(&row.facts.view, outcome, &tenant.settings.quality);
    tx.mark_quality(row.id, flag).await?;
    weigh(tx, &tenant, now).await
}

/// Tells people while too many of the last calls went badly, and pauses dialing if the tenant wants it.
pub(crate) async fn weigh(tx: &mut TenantTx, tenant: &Tenant, now: Timestamp) -> Result<()> {
    let limits = &tenant.settings.quality;
    let problems = tx.call_tally(limits, now).await?.problems(limits);
    let why = problems.iter().find_map(|(_, words)| words.as_deref());
    let pauses = why.filter(|_| limits.pause_dialing && !tenant.paused);
    if let Some(why) = pauses {
        outcome::pause(tx, why, now).await?;
    }
    for (problem, words) in &problems {
        stands(tx, *problem, words.as_deref(), now).await?;
    }
    Ok(())
}

async fn stands(
    tx: &mut TenantTx,
    problem: QualityProblem,
    words: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let seen = match words {
        Some(_) => Seen::Stands,
        None => Seen::Clears,
    };
    let cause = AlertCause::CallsPoor;
    let about = words.unwrap_or_default();
    alarm::looked_at(tx, cause, &[problem.code()], about, seen, now).await
}
