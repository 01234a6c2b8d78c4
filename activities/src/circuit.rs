//! The circuit breaker around a provider (OPS-4): asked before each dial, told of each answer.

use domain::{
    alert::AlertCause,
    breaker::{AskedOutcome, BreakerState, Permit},
};
use jiff::Timestamp;
use store::{Result, Seen, TenantTx};

use crate::alarm;

/// The provider that dials.
pub(crate) const DIALS: &str = "retell";

/// Whether the provider may be asked now.
pub(crate) enum Asked {
    /// It may; the answer is to be recorded under this generation.
    Allowed { generation: u64 },
    /// It is left alone until then.
    Refused { until: Timestamp },
}

pub(crate) async fn ask(tx: &mut TenantTx, provider: &str, now: Timestamp) -> Result<Asked> {
    let mut facts = tx.lock_breaker(provider, now).await?;
    match facts.may_ask(now) {
        Permit::Refused { until } => {
            metrics::counter!("bellhop_circuit_refused_total", "provider" => provider.to_owned())
                .increment(1);
            return Ok(Asked::Refused { until });
        }
        Permit::Allowed => {}
        Permit::Probe => {
            facts.start_probe(now);
            tx.save_breaker(provider, &facts, now).await?;
        }
    }
    Ok(Asked::Allowed {
        generation: facts.generation,
    })
}

/// What became of a request that was allowed. `not_before`: until when the provider asked to be left alone.
pub(crate) async fn record(
    tx: &mut TenantTx,
    provider: &str,
    generation: u64,
    outcome: AskedOutcome,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let before = tx.lock_breaker(provider, now).await?;
    let mut facts = before;
    facts.record(now, generation, outcome, not_before);
    if facts == before {
        return Ok(());
    }
    tx.save_breaker(provider, &facts, now).await?;
    if facts.state == before.state {
        return Ok(());
    }
    tracing::warn!(
        provider,
        state = facts.state.code(),
        failures = facts.failures,
        "a circuit breaker changed"
    );
    metrics::counter!("bellhop_circuit_changes_total", "provider" => provider.to_owned(), "state" => facts.state.code())
        .increment(1);
    stands(tx, provider, facts.state, now).await
}

/// Tells people while a provider is left alone, and that it is used again.
pub(crate) async fn stands(
    tx: &mut TenantTx,
    provider: &str,
    state: BreakerState,
    now: Timestamp,
) -> Result<()> {
    let seen = match state {
        BreakerState::Closed => Seen::Clears,
        BreakerState::Open | BreakerState::Probing => Seen::Stands,
    };
    alarm::looked_at(
        tx,
        AlertCause::CircuitOpen,
        &[provider],
        provider,
        seen,
        now,
    )
    .await
}
