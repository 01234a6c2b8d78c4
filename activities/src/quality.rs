//! Calls that go badly are marked; when too many do, people are told, and dialing may pause itself (CALL-7).

use domain::{
    alert::AlertCause,
    call::{CallOutcome, Direction},
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
    weigh(tx, &tenant, row.direction, now).await
}

/// Tells people while too many of the last calls went badly. If the tenant wants it, calls that were made so pause
/// dialing; of those that came in nobody is the better for that.
pub(crate) async fn weigh(
    tx: &mut TenantTx,
    tenant: &Tenant,
    direction: Direction,
    now: Timestamp,
) -> Result<()> {
    let limits = &tenant.settings.quality;
    let tally = tx.call_tally(direction, limits, now).await?;
    let problems = tally.problems(direction, limits);
    let why = problems.iter().find_map(|(_, words)| words.as_deref());
    let may_pause = direction == Direction::Outbound && limits.pause_dialing && !tenant.paused;
    let pauses = why.filter(|_| may_pause);
    if let Some(why) = pauses {
        outcome::pause(tx, why, now).await?;
    }
    for (problem, words) in &problems {
        stands(tx, direction, *problem, words.as_deref(), now).await?;
    }
    Ok(())
}

async fn stands(
    tx: &mut TenantTx,
    direction: Direction,
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
    let parts = match direction {
        Direction::Outbound => &[problem.code()][..],
        Direction::Inbound => &[problem.code(), direction.code()],
    };
    alarm::looked_at(tx, cause, parts, about, seen, now).await
}
