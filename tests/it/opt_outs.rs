//! A wish not to be called, said in a call, reaches the person on every number; or a colleague, when nobody knows who it was.

use anyhow::{Context, Result, ensure};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::json;
use simulator::retell::{Outcome, Scenario};

use crate::{
    desk::{asked, is_done, long_talks, rung},
    harness::{HEADER, OPEN_CLINIC, World, eventually, number, quick, row},
    inbound::{call_is_over, caller},
};

/// A clinic that lets words prove who calls, with an appointment of Ada Archer in three days at noon.
async fn clinic(scenario: Scenario) -> Result<World> {
    let settings =
        format!("{OPEN_CLINIC}\n[booking]\nenabled = true\nidentify = \"name_and_date\"\n");
    let mut world = World::start(&settings, scenario).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    Ok(world)
}

#[tokio::test]
async fn who_proves_themselves_on_anothers_phone_is_not_called_on_their_own() -> Result<()> {
    let world = clinic(long_talks()).await?;
    let day = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let day = day.checked_add(3.days())?.to_string();
    let call = rung(&world, 99).await?;
    let proof = json!({"name": "Ada Archer", "appointment_date": day, "phone": number(1)});

    let left = asked(&world, &call, "opt_out", proof).await?;

    ensure!(is_done(&left), "{left:?}");
    eventually("the reminder has ended", || async {
        Ok(world.ending("A1").await? == "refused: opted_out")
    })
    .await?;
    let both = "select string_agg(e164, ' ' order by e164) from opt_outs";
    assert_eq!(
        world.sql(both).await?,
        format!("{} {}", number(1), number(99))
    );
    Ok(())
}

#[tokio::test]
async fn a_wish_from_a_withheld_number_of_nobody_is_left_for_a_colleague_once() -> Result<()> {
    let mut scenario = quick().always(Outcome::DoNotCall);
    scenario.timing.talk_seconds = [500_000.0; 2];
    let world = clinic(scenario).await?;
    let rang = world.retell.ring(&caller("anonymous")).await;
    let call = rang.provider_call_id.context("the call is taken")?;

    let left = asked(&world, &call, "opt_out", json!({})).await?;
    ensure!(is_done(&left), "{left:?}");
    let notes = "notes where urgent and wants_answer and body like '%not want to be called%'";
    assert_eq!(world.count(notes).await?, 1);

    // What sums the call up says it once more.
    world.retell.end_talk(&call);
    call_is_over(&world).await?;
    eventually("its words are heard", || async {
        Ok(world.count("calls where applied_opt_out").await? == 1)
    })
    .await?;
    assert_eq!(world.count(notes).await?, 1);
    assert_eq!(world.count("opt_outs").await?, 0);
    Ok(())
}
