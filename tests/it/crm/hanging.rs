//! Zoho takes requests and never answers, while people are to be called.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use serde_json::Value;
use simulator::{
    retell::Outcome,
    zoho::{Fault, Scenario},
};
use workflows::names;

use super::office;
use crate::{
    harness::{CONFIRMED, SLUG, eventually, in_days, quick, rows},
    replay::fetch,
};

/// After it a call that was due is late, by the settings' default.
const LATE: SignedDuration = SignedDuration::from_mins(5);
const PEOPLE: u32 = 4;

#[tokio::test]
async fn no_call_waits_for_zoho_when_it_never_answers() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let confirmed = quick().always(Outcome::Confirmed);
    office.world.retell.set_scenario(confirmed)?;
    let (known, _) = office.pair(99, 20).await?;
    let written = office.writes();
    office
        .zoho
        .set_scenario(Scenario::default().always(Fault::Hang))?;
    office.has_email(known, "later@example.com").await?;
    office.world.import(&rows(PEOPLE, &[3])).await?;
    let compare = ["crm", "reconcile", "--tenant", SLUG];
    office.world.operate(&compare).await?;
    eventually(
        "what writes and what compares both wait for Zoho",
        || async {
            let asked = office.zoho.ledger().requests;
            let hanging = asked.iter().filter(|request| request.fault == Fault::Hang);
            Ok(hanging.count() >= 2)
        },
    )
    .await?;

    let due = in_days(2);
    office.world.play_until(Some(due + LATE)).await?;

    for of in 1..=PEOPLE {
        let name = format!("A{of}");
        let why = office.world.why(&name).await?;
        assert_eq!(office.world.ending(&name).await?, CONFIRMED, "{why:#?}");
        let dialed = office.world.dialed_at(&name).await?;
        ensure!(
            dialed.len() == 1 && (due..due + LATE).contains(&dialed[0]),
            "{name} was due at {due}: {dialed:?}"
        );
    }
    assert_eq!(office.writes(), written, "Zoho has answered");
    let open = "crm_queue where kind = 'contact' and due_at is not null";
    ensure!(office.world.count(open).await? > i64::from(PEOPLE));
    for id in [
        names::crm_id(office.tenant()),
        names::crm_channel_id(office.tenant()),
        names::crm_reconcile_id(office.tenant()),
    ] {
        let queues = queues(&fetch(&office.client, &id).await?)?;
        ensure!(
            !queues.is_empty() && queues.iter().all(|queue| queue == names::BULK_QUEUE),
            "{id} asks on {queues:?}"
        );
    }
    office.assert_discreet()
}

/// The queues on which a process had its requests carried out.
fn queues(history: &[u8]) -> Result<Vec<String>> {
    let history: Value = serde_json::from_slice(history)?;
    let events = history["events"].as_array().context("events")?;
    let scheduled = events
        .iter()
        .filter_map(|event| event["attributes"].get("ActivityTaskScheduledEventAttributes"));
    scheduled
        .map(|request| {
            let queue = request["task_queue"]["name"].as_str();
            queue.map(str::to_owned).context("a queue")
        })
        .collect()
}
