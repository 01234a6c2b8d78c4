//! The circuit breaker around a provider (OPS-4): asked before each dial, told of each answer.

use domain::{
    Reason,
    alert::AlertCause,
    breaker::{AskedOutcome, BreakerFacts, BreakerState, Permit},
};
use jiff::{SignedDuration, Timestamp};
use store::{Result, Seen, TenantTx};

use crate::alarm;

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
    if facts.state == BreakerState::Closed {
        // Those that were put off need not wait any longer, and may not be able to.
        tx.wake_put_off(Reason::CircuitOpen).await?;
    }
    tracing::warn!(
        provider,
        state = facts.state.code(),
        failures = facts.failures,
        "a circuit breaker changed"
    );
    metrics::counter!("bellhop_circuit_changes_total", "provider" => provider.to_owned(), "state" => facts.state.code())
        .increment(1);
    stands(tx, provider, &facts, now).await
}

/// Nobody has anything to ask: that a provider is left alone longer than it has to be is no trouble.
const NOT_ASKED: SignedDuration = SignedDuration::from_mins(10);

/// Tells people while a provider is left alone, and that it is used again.
pub(crate) async fn stands(
    tx: &mut TenantTx,
    provider: &str,
    facts: &BreakerFacts,
    now: Timestamp,
) -> Result<()> {
    let not_asked = facts.probe_at.is_some_and(|at| now > at + NOT_ASKED);
    let asked_to_wait = facts.not_before.is_some_and(|until| until > now);
    let left_alone = match facts.state {
        BreakerState::Closed => asked_to_wait,
        BreakerState::Open | BreakerState::Probing => !not_asked,
    };
    let seen = if left_alone {
        Seen::Stands
    } else {
        Seen::Clears
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
