//! `bellhop events show`.

use std::{io::Write, process::ExitCode};

use anyhow::Result;
use clap::Args;
use domain::ids::EventId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{AttemptEntry, EventEntry, TenantTx};

use super::located;
use crate::{config, say};

#[derive(Args)]
pub struct Options {
    event: EventId,
    /// Print the body as it came, and nothing else. It holds personal data
    #[arg(long, conflicts_with = "json")]
    body: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let (tenant, entry) = located(&store, options.event).await?;
    let mut tx = tenant.begin().await?;
    if options.body {
        let content = tx.event_content(options.event).await?;
        let body = content.map(|content| content.body).unwrap_or_default();
        std::io::stdout().write_all(&body)?;
        return Ok(ExitCode::SUCCESS);
    }
    let attempts = tx.event_attempts(options.event).await?;
    if options.json {
        say!(
            "{}",
            serde_json::to_string_pretty(&json!({ "event": entry, "attempts": attempts }))?
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let whose = Whose::of(&mut tx, &entry).await?;
    for line in lines(&entry, &whose)
        .into_iter()
        .chain(attempts.iter().map(attempt))
    {
        say!("{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whose event it is, in words.
pub(crate) struct Whose {
    tenant: String,
    source: Option<String>,
}

impl Whose {
    pub(crate) async fn of(tx: &mut TenantTx, event: &EventEntry) -> Result<Self> {
        // A disabled address is not listed any more; its events still say its id.
        let sources = tx.sources().await?;
        let source = event.source.map(|id| {
            let known = sources.iter().find(|each| each.id == id);
            match known.and_then(|each| each.name.as_ref()) {
                Some(name) => format!("{id} ({name})"),
                None => id.to_string(),
            }
        });
        Ok(Self {
            tenant: tx.tenant_row().await?.slug,
            source,
        })
    }
}

/// What is known of an event, in the order in which it happened.
pub(crate) fn lines(event: &EventEntry, whose: &Whose) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {} {}, {}, {}",
        event.id, event.provider, event.event_type, event.priority, event.state
    )];
    lines.push(format!("  tenant     {}", whose.tenant));
    let ids = [
        ("source", &whose.source),
        ("request", &event.request_id),
        ("trace", &event.trace_id),
    ];
    for (name, id) in ids {
        if let Some(id) = id {
            lines.push(format!("  {name:10} {id}"));
        }
    }
    if let Some(call) = event.call {
        lines.push(format!("  call       {call}"));
    }
    let again = event.tries > 1 || event.operator_retries > 0;
    let stages = [
        ("arrived", event.arrived_at),
        ("committed", Some(event.received_at)),
        ("queued", event.queued_at),
        ("started", event.started_at),
        ("processed", event.processed_at),
        ("next try", event.next_try_at),
    ];
    let first = event.arrived_at.unwrap_or(event.received_at);
    for (name, at) in stages {
        if let Some(at) = at {
            lines.push(format!("  {name:10} {at:.3}{}", after(first, at)));
        }
    }
    if again {
        lines.push("             queued, started and processed are the last try's".to_owned());
    }
    if event.duplicates > 0 {
        lines.push(format!("  came {} times in all", event.duplicates + 1));
    }
    if let Some(class) = &event.error_class {
        lines.push(format!("  error      {class}"));
    }
    if let Some(detail) = &event.detail {
        lines.push(format!("  detail     {detail}"));
    }
    lines
}

fn after(first: Timestamp, at: Timestamp) -> String {
    match at.duration_since(first) {
        none if none.as_millis() == 0 => String::new(),
        later if later.is_positive() => format!("  (+{})", span(later)),
        earlier => format!("  (-{})", span(earlier.abs())),
    }
}

/// In the unit that says most.
fn span(span: SignedDuration) -> String {
    match span.as_secs() {
        0..10 => format!("{} ms", span.as_millis()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

pub(crate) fn attempt(attempt: &AttemptEntry) -> String {
    let scope = attempt
        .scope
        .as_ref()
        .filter(|_| attempt.asked_by == "operator");
    format!(
        "  try {} at {:.3} by the {}{}: {}{}{}{}  [{}]",
        attempt.number,
        attempt.started_at,
        attempt.asked_by,
        scope.map_or(String::new(), |scope| format!(
            ", {}",
            scope.replace('_', " ")
        )),
        attempt.outcome.as_deref().unwrap_or("under way"),
        attempt.ended_at.map_or(String::new(), |ended| {
            format!(" in {}", span(ended.duration_since(attempt.started_at)))
        }),
        attempt
            .error_class
            .as_ref()
            .map_or(String::new(), |class| format!(", {class}")),
        attempt
            .detail
            .as_ref()
            .map_or(String::new(), |detail| format!(": {detail}")),
        attempt.key
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_unit_that_says_most() {
        let first: Timestamp = "2027-03-26T09:00:00Z".parse().unwrap();
        for (milliseconds, words) in [
            (0, ""),
            (-3, "  (-3 ms)"),
            (9_999, "  (+9999 ms)"),
            (75_000, "  (+75 s)"),
            (60_000 * 90, "  (+90 min)"),
            (3_600_000 * 26, "  (+26 h)"),
            (86_400_000 * 3, "  (+3 days)"),
        ] {
            let at = first + SignedDuration::from_millis(milliseconds);
            assert_eq!(after(first, at), words);
        }
    }
}
