//! One person is erased everywhere, by an operator, after a life in the system (OPS-3); and what is old goes by night.

use anyhow::{Context, Result, ensure};
use domain::{
    event::Priority,
    ids::{ContactId, EventId},
};
use jiff::Timestamp;
use serde_json::json;
use simulator::retell::Outcome;
use store::NewEvent;
use temporalio_client::schedules::ScheduleOverlapPolicy;
use workflows::names;

use crate::{
    harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, in_days, number, quick, row, rows},
    inbound::caller,
    replay::replay_completed,
};

/// Where a word occurs: every column of every table.
pub(crate) async fn places_of(world: &World, word: &str) -> Result<Vec<String>> {
    let columns = world
        .sql(
            "select table_name, column_name, data_type from information_schema.columns
             where table_schema = 'public' order by 1, 2",
        )
        .await?;
    let searches = columns.lines().filter_map(|line| {
        let mut parts = line.split('|');
        let (table, column, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let text = match kind {
            "bytea" => format!("encode(\"{column}\", 'escape')"),
            _ => format!("\"{column}\"::text"),
        };
        Some(format!(
            "select '{table}.{column}' from \"{table}\" where position(lower('{word}') in lower({text})) > 0"
        ))
    });
    let found = world
        .sql(&searches.collect::<Vec<_>>().join(" union "))
        .await?;
    Ok(found.lines().map(str::to_owned).collect())
}

/// What OpenPhone tells of a text from a number, long ago.
async fn texted(world: &World, id: &str, from: &str, text: &str) -> Result<()> {
    let at = "2026-01-01T00:00:00.000Z";
    let body = json!({
        "id": format!("EV-{id}-{text}"), "object": "event", "apiVersion": "v4", "createdAt": at, "type": "message.received",
        "data": {"object": {
            "id": id, "object": "message", "from": from, "to": ["+442079460100"], "direction": "incoming", "text": text,
            "status": "received", "createdAt": at, "phoneNumberId": "PN1", "conversationId": "CN1"
        }}
    });
    let event_id = EventId::generate();
    let event = NewEvent {
        id: event_id,
        tenant: world.tenant,
        source: None,
        provider: "quo",
        event_type: "message.received".to_owned(),
        dedupe_key: event_id.to_string(),
        call: None,
        provider_call_id: None,
        priority: Priority::Standard,
        arrived_at: Some(Timestamp::now()),
        headers: json!({}),
        body: serde_json::to_vec(&body)?,
        request_id: None,
        trace_id: None,
        span_id: None,
    };
    world.store.append_events(&[event]).await?;
    eventually("the text is heard", || async {
        let open = "events where provider = 'quo' and state not in ('succeeded', 'dead')";
        Ok(world.count(open).await? == 0)
    })
    .await
}

/// The one with the number had another one before, from which a text came, and was on file twice. Answers with the contact
/// that was merged into hers.
async fn grown_together(world: &World) -> Result<ContactId> {
    world
        .sql(&format!(
            "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, changed_at)
             select tenant_id, gen_random_uuid(), id, 'phone', '{}', e164, 'person at the desk', now()
             from contacts where e164 = '{}'",
            number(5),
            number(1)
        ))
        .await?;
    texted(world, "AC-then", &number(5), "hyacinth").await?;
    texted(world, "AC-now", &number(1), "may I come later?").await?;
    let mut tx = world.store.tenant(world.tenant).begin().await?;
    let mut ids = Vec::new();
    for name in ["Ada Archer", "Adelaide Bowman"] {
        let found = tx.find_contacts(name, 1).await?;
        ids.push(found.first().context("they are on file")?.id);
    }
    let (kept, gone) = (ids[0], ids[1]);
    tx.merge_contacts(kept, gone, Timestamp::now()).await??;
    tx.commit().await?;
    Ok(gone)
}

/// Two people who are reminded, call in and leave notes; one of them is on file twice.
async fn lived_in() -> Result<World> {
    let settings = format!(
        "{}\n[booking]\nenabled = true\n",
        OPEN_CLINIC.replace("live = true", "live = true\nhealth_mode = false")
    );
    let mut scenario = quick()
        .with_calls(&number(1), &[Outcome::CancelledAndDoNotCall])
        .with_calls(&number(2), &[Outcome::NoClearAnswer]);
    scenario.timing.talk_seconds = [500_000.0; 2];
    let mut world = World::start(&settings, scenario).await?;
    let file = format!(
        "external_id,name,phone,email,appointment_at\n\
         ARCHER-1,Ada Archer,{},ada@archer.example,{}\n\
         BAKER-1,Bea Baker,{},bea@baker.example,{}\n\
         BOWMAN-1,Adelaide Bowman,{},,{}\n",
        number(1),
        in_days(9),
        number(2),
        in_days(9),
        number(3),
        in_days(9)
    );
    world.import(&file).await?;
    world.settled().await?;
    for (of, word) in [(1, "marigold"), (2, "periwinkle")] {
        let rang = world.retell.ring(&caller(&number(of))).await;
        let call = rang.provider_call_id.context("the call is taken")?;
        let note = json!({"text": format!("the {word} by the door")});
        world.retell.ask(&call, "note", note).await;
        ensure!(world.retell.end_talk(&call), "the talk goes on");
    }
    eventually(
        "both calls are over, and what they came to is heard",
        || async {
            let over = "calls where direction = 'inbound' and outcome is not null";
            Ok(world.count(over).await? == 2
                && world.count("opt_outs").await? == 1
                && world.report().await?.unread_events == 0)
        },
    )
    .await?;
    Ok(world)
}

const ADA: [&str; 9] = [
    "Ada Archer",
    "447700900001",
    "ada@archer.example",
    "marigold",
    "ARCHER-1",
    "Adelaide Bowman",
    "447700900003",
    "447700900005",
    "hyacinth",
];
const BEA: [&str; 5] = [
    "Bea Baker",
    "447700900002",
    "bea@baker.example",
    "periwinkle",
    "BAKER-1",
];

#[tokio::test]
async fn an_erased_person_is_nowhere_and_still_not_called() -> Result<()> {
    let mut world = lived_in().await?;
    let gone = grown_together(&world).await?.to_string();
    for word in ADA {
        ensure!(
            !places_of(&world, word).await?.is_empty(),
            "{word} is nowhere"
        );
    }
    let mut others = Vec::new();
    for word in BEA {
        others.push(places_of(&world, word).await?);
    }
    let calls = world.count("calls").await?;
    let unsure = world
        .run(&["contacts", "erase", &number(1), "--tenant", SLUG], "")
        .await?;
    ensure!(
        unsure.code == Some(2),
        "it has to be said twice: {}",
        unsure.out
    );

    let printed = world
        .operate(&["contacts", "erase", &gone, "--tenant", SLUG, "--yes"])
        .await?;
    ensure!(printed.contains("was merged into"), "{printed}");
    // The provider tries again what it could not deliver then: of a text that was heard, and of one that was not.
    texted(&world, "AC-now", &number(1), "marigold").await?;
    texted(&world, "AC-late", &number(5), "hyacinth").await?;

    for word in ADA {
        let places = places_of(&world, word).await?;
        ensure!(places.is_empty(), "{word} is in {places:?} after {printed}");
    }
    for (word, before) in BEA.into_iter().zip(others) {
        assert_eq!(places_of(&world, word).await?, before, "{word}");
    }
    assert_eq!(world.count("calls").await?, calls);
    assert_eq!(world.count("erasures").await?, 1);
    eventually("the reminder has ended", || async {
        Ok(world.count("reminders where state <> 'finished'").await? == 1)
    })
    .await?;

    // Their file brings them back, and the wish not to be called stands.
    let file = format!(
        "external_id,name,phone,appointment_at\nAGAIN-1,Ada Archer,{},{}\n",
        number(1),
        in_days(3)
    );
    world.import(&file).await?;
    eventually("the reminder is refused", || async {
        Ok(world.ending("AGAIN-1").await? == "refused: opted_out")
    })
    .await
}

#[tokio::test]
async fn a_stop_that_comes_late_of_somebody_erased_keeps_them_from_being_called() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    world.import(&rows(3, &[3])).await?;
    world.settled().await?;
    for of in [1, 2] {
        world
            .operate(&["contacts", "erase", &number(of), "--tenant", SLUG, "--yes"])
            .await?;
    }

    // They were sent before, and were on their way.
    texted(&world, "AC-stop", &number(1), "STOP").await?;
    texted(&world, "AC-thanks", &number(2), "thank you").await?;

    assert_eq!(world.count("conversation_entries").await?, 0);
    assert_eq!(world.count("opt_outs").await?, 0);
    let file = format!("{HEADER}{}{}", row("B1", 1, 3), row("B2", 2, 3));
    world.import(&file).await?;
    eventually("the reminder is refused", || async {
        Ok(world.ending("B1").await? == "refused: opted_out")
    })
    .await?;
    world.settled().await?;
    assert_eq!(world.count("reminders where state = 'waiting'").await?, 2);
    Ok(())
}

#[tokio::test]
async fn what_is_old_goes_by_night_and_what_waits_stays() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    world.book("A1", 1, 3).await?;
    world.settled().await?;
    let client = world.client().await?;
    let schedule = client.get_schedule_handle(names::retention_id(world.tenant));
    eventually("the schedule is made", || async {
        Ok(schedule.describe(Default::default()).await.is_ok())
    })
    .await?;
    world
        .sql(
            "insert into events (tenant_id, id, provider, event_type, dedupe_key, body, state, received_at)
             select id, gen_random_uuid(), 'agent', 'e', 'n' || n, '', case when n = 1 then 'dead' else 'succeeded' end,
                    now() - interval '91 days'
             from tenants, generate_series(1, 1300) n",
        )
        .await?;
    world
        .sql("update contacts set recorded_at = now() - interval '9 years'")
        .await?;

    schedule
        .trigger(ScheduleOverlapPolicy::Skip, Default::default())
        .await?;

    eventually("what is old is gone", || async {
        Ok(world.count("events where dedupe_key like 'n%'").await? == 0)
    })
    .await?;
    for rows in [
        "appointments",
        "contacts",
        "reminders where state = 'waiting'",
    ] {
        assert_eq!(world.count(rows).await?, 1, "{rows}");
    }
    replay_completed(&client, "nightly.retention", "retention").await?;
    world.play().await?;
    assert_eq!(world.ending("A1").await?, crate::harness::CONFIRMED);
    Ok(())
}
