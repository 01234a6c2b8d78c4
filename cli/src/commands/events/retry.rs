//! `bellhop events retry` and `retry-all`: says what it will do, asks, and does it.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::Args;
use domain::{
    event::{EventState, RetryScope, retry_words},
    ids::EventId,
};
use indicatif::ProgressBar;
use store::{Error, EventEntry, Store};

use super::{Selection, filter, located};
use crate::{commands::tenant, config, counted, say};

#[derive(Args)]
struct How {
    /// Not only record anew, but also let follow what follows from the event
    #[arg(long)]
    effects: bool,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

impl How {
    fn scope(&self) -> RetryScope {
        if self.effects {
            RetryScope::StateAndEffects
        } else {
            RetryScope::StateOnly
        }
    }
}

#[derive(Args)]
pub struct OneOptions {
    event: EventId,
    #[command(flatten)]
    how: How,
}

#[derive(Args)]
pub struct AllOptions {
    #[command(flatten)]
    of: Selection,
    #[command(flatten)]
    how: How,
}

/// Events looked at in one page, and retried in one transaction.
const PAGE: i64 = 200;

pub(super) async fn one(options: OneOptions) -> Result<ExitCode> {
    let store = config::store()?;
    let (tenant, event) = located(&store, options.event).await?;
    for words in retry_words(options.how.scope(), &event.provider, &event.event_type) {
        say!("{words}")?;
    }
    if !options.how.yes && !agreed("Retry it?")? {
        return Ok(ExitCode::FAILURE);
    }
    let mut tx = tenant.begin().await?;
    tx.retry_event(options.event, options.how.scope()).await?;
    tx.commit().await?;
    say!(
        "{} is processed once more: bellhop events show {}",
        event.id,
        event.id
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn all(options: AllOptions) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.of.tenant).await?;
    let mut filter = filter::joined(&options.of.filter);
    if filter.states.is_empty() {
        filter.states = vec![EventState::Dead];
    }
    let tenant = store.tenant(tenant.id);
    let Some(kinds) = kinds(&store, &options, &filter).await? else {
        say!("no event matches")?;
        return Ok(ExitCode::SUCCESS);
    };
    for line in kinds {
        say!("{line}")?;
    }
    if !options.how.yes && !agreed("Retry them all?")? {
        return Ok(ExitCode::FAILURE);
    }
    let progress = ProgressBar::new_spinner();
    let (mut retried, mut left_alone, mut before) = (0, 0, None);
    loop {
        let mut tx = tenant.begin().await?;
        let page = tx.list_events(&filter, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for event in &page {
            match tx.retry_event(event.id, options.how.scope()).await {
                Ok(()) => retried += 1,
                Err(Error::UnderWay { .. } | Error::TriedByItself | Error::NoWebhook) => {
                    left_alone += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        tx.commit().await?;
        progress.set_message(format!("{retried} retried"));
        progress.tick();
    }
    progress.finish_and_clear();
    say!("{} processed once more", counted(retried, "event"))?;
    if left_alone > 0 {
        say!(
            "{} left alone: on the way anyway, or read from the provider",
            counted(left_alone, "event")
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How many of each kind match, and what a retry does to them; `None` when none does.
async fn kinds(
    store: &Store,
    options: &AllOptions,
    filter: &store::EventFilter,
) -> Result<Option<Vec<String>>> {
    let tenant = tenant::find(store, &options.of.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let mut counts = std::collections::BTreeMap::<(String, String), u64>::new();
    let mut before = None;
    loop {
        let page: Vec<EventEntry> = tx.list_events(filter, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for event in page {
            *counts
                .entry((event.provider, event.event_type))
                .or_default() += 1;
        }
    }
    let lines = counts.iter().flat_map(|((provider, event_type), count)| {
        let words = retry_words(options.how.scope(), provider, event_type).join(" ");
        [
            format!("{}, {provider} {event_type}:", counted(*count, "event")),
            format!("  {words}"),
        ]
    });
    Ok((!counts.is_empty()).then(|| lines.collect()))
}

fn agreed(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nothing was done: add --yes to do it without being asked");
    }
    print!("{question} [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
