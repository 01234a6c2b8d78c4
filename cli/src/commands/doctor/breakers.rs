//! `bellhop doctor breakers`: which providers are left alone, for whom, and until when (OPS-4).

use std::process::ExitCode;

use anyhow::Result;
use domain::breaker::{BreakerFacts, BreakerState};
use jiff::Timestamp;

use crate::{config, say};

pub(super) async fn run() -> Result<ExitCode> {
    let store = config::store()?;
    let now = Timestamp::now();
    let mut all_closed = true;
    let breakers = store.breakers().await?;
    for (_, tenant, provider, facts) in &breakers {
        all_closed &= facts.state == BreakerState::Closed;
        say!("{tenant}\t{provider}\t{}", words(facts, now))?;
    }
    if breakers.is_empty() {
        say!("no provider has been asked for anything yet")?;
    }
    Ok(if all_closed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn words(facts: &BreakerFacts, now: Timestamp) -> String {
    let waits = facts.not_before.filter(|until| *until > now);
    let asked_to_wait = waits.map_or(String::new(), |until| {
        format!("; it asked to be left alone until {until:.0}")
    });
    let since = facts
        .opened_at
        .map_or(String::new(), |at| format!(" since {at:.0}"));
    let next = facts
        .probe_at
        .map_or(String::new(), |at| format!(", asked again from {at:.0} on"));
    match facts.state {
        BreakerState::Closed if facts.failures > 0 => format!(
            "closed, last {} failed{asked_to_wait}",
            crate::counted(facts.failures.into(), "request")
        ),
        BreakerState::Closed => format!("closed{asked_to_wait}"),
        BreakerState::Open => format!("open{since}{next}{asked_to_wait}"),
        BreakerState::Probing => format!("open{since}, one request is on its way to find out"),
    }
}
