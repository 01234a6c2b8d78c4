//! One tenant's flood does not hold up another tenant's urgent event (HOOK-7).

use anyhow::{Result, ensure};
use domain::{
    event::Priority,
    ids::{EventId, TenantId},
};
use jiff::Timestamp;
use store::NewEvent;

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, quick};

const FLOOD: usize = 10_000;

/// Shown by what was taken up before it, and by the clocks of the rows: the flood goes on for minutes.
#[tokio::test]
async fn a_flood_of_one_tenant_does_not_hold_up_what_is_urgent_at_another() -> Result<()> {
    let world = World::start(OPEN_CLINIC, quick()).await?;
    let other =
        bellhop::commands::tenant::create(&world.store, "other-clinic", &world.settings).await?;
    ensure!(!other.is_empty());
    let other = bellhop::commands::tenant::find(&world.store, "other-clinic")
        .await?
        .id;
    let flooded = bellhop::commands::tenant::find(&world.store, SLUG)
        .await?
        .id;
    for chunk in (0..FLOOD).collect::<Vec<_>>().chunks(500) {
        let events = chunk
            .iter()
            .map(|n| event(flooded, Priority::Low, &format!("flood-{n}")));
        world
            .store
            .append_events(&events.collect::<Vec<_>>())
            .await?;
    }
    eventually("the flood is under way", || async {
        Ok(world.count("events where queued_at is not null").await? > 1_000)
    })
    .await?;

    let urgent = event(other, Priority::Critical, "urgent");
    let id = urgent.id;
    world.store.append_events(&[urgent]).await?;
    let done = format!(
        "events where id = '{}' and processed_at is not null",
        id.uuid()
    );
    eventually("the urgent one is processed", || async {
        Ok(world.count(&done).await? == 1)
    })
    .await?;

    let waiting = world.count("events where processed_at is null").await?;
    ensure!(
        waiting > 1_000,
        "the flood was over too soon to show anything: {waiting} wait"
    );
    let took = world
        .sql(&format!(
            "select extract(epoch from processed_at - received_at)::float8 from events where id = '{}'", id.uuid()
        ))
        .await?;
    let overtook = world
        .count(&format!(
            "events f, events u where u.id = '{}' and f.tenant_id <> u.tenant_id and f.started_at between u.received_at and u.processed_at",
            id.uuid()
        ))
        .await?;
    println!(
        "with {waiting} waiting, the urgent event took {took} s; {overtook} of the flood were taken up meanwhile"
    );
    // What workers had in hand already, and no more: in turn it would have been thousands.
    ensure!(
        overtook < 500,
        "{overtook} of the flood went first, in {took} s"
    );
    Ok(())
}

fn event(tenant: TenantId, priority: Priority, key: &str) -> NewEvent {
    NewEvent {
        id: EventId::generate(),
        tenant,
        source: None,
        provider: "zoho",
        event_type: "notification".to_owned(),
        dedupe_key: key.to_owned(),
        call: None,
        provider_call_id: None,
        priority,
        arrived_at: Some(Timestamp::now()),
        headers: serde_json::json!({}),
        body:
            br#"{"module":"Leads","ids":["1"],"operation":"update","channel_id":"1","token":null}"#
                .to_vec(),
        request_id: None,
        trace_id: None,
        span_id: None,
    }
}
