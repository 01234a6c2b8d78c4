//! Calls that come in: who calls is told before the agent picks up, and the call becomes one of ours.

use anyhow::{Context, Result, ensure};
use simulator::retell::{Caller, Outcome, Rang, Scenario};

use crate::{
    harness::{API_KEY, HEADER, OPEN_CLINIC, World, eventually, number, quick, row},
    replay::replay_completed,
};

const OUR_NUMBER: &str = "+442079460000";
const OUR_AGENT: &str = "agent_test";
/// Of a call that came in.
pub(crate) const HISTORY: &str = "came-in.call";

pub(crate) fn caller(from: &str) -> Caller {
    Caller {
        key: API_KEY.to_owned(),
        from_number: from.to_owned(),
        to_number: OUR_NUMBER.to_owned(),
        agent_id: Some(OUR_AGENT.to_owned()),
    }
}

pub(crate) fn variable<'a>(rang: &'a Rang, name: &str) -> &'a str {
    rang.variable(name)
}

/// A clinic with an appointment of Ada Archer in three days.
async fn clinic(scenario: Scenario) -> Result<World> {
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    Ok(world)
}

pub(crate) async fn call_is_over(world: &World) -> Result<()> {
    eventually("the call is over", || async {
        let over = "calls where direction = 'inbound' and outcome is not null";
        Ok(world.count(over).await? == 1)
    })
    .await
}

#[tokio::test]
async fn a_returning_caller_is_known_before_the_agent_picks_up() -> Result<()> {
    let world = clinic(quick().always(Outcome::NoClearAnswer)).await?;

    let rang = world.retell.ring(&caller(&number(1))).await;

    assert_eq!(rang.statuses, [Some(200)], "{rang:?}");
    assert_eq!(variable(&rang, "caller"), "known");
    assert_eq!(variable(&rang, "is_known"), "true");
    ensure!(
        !variable(&rang, "customer_first_name").is_empty(),
        "{rang:?}"
    );
    assert_eq!(variable(&rang, "appointment_count"), "1");
    ensure!(
        variable(&rang, "greeting").contains("Welcome back"),
        "{rang:?}"
    );
    call_is_over(&world).await?;
    // What the agent was told is found by the call, with whom it was about.
    let told = "context_log l join calls c on c.id = l.call_id
        where l.contact_id = c.contact_id and c.direction = 'inbound' and l.failure is null";
    assert_eq!(world.count(told).await?, 1);
    replay_completed(&world.client().await?, HISTORY, "phone-call").await?;
    world.play().await?;
    world.assert_sound().await
}

#[tokio::test]
async fn the_second_call_is_told_of_the_first() -> Result<()> {
    let settings = OPEN_CLINIC.replace("live = true", "live = true\nhealth_mode = false");
    let mut world = World::start(&settings, quick().always(Outcome::NoClearAnswer)).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    world.retell.ring(&caller(&number(1))).await;
    call_is_over(&world).await?;

    let again = world.retell.ring(&caller(&number(1))).await;

    let summary = world
        .sql("select summary from calls where direction = 'inbound' and summary is not null")
        .await?;
    ensure!(!summary.is_empty(), "the first call has no summary");
    ensure!(
        variable(&again, "memory_summary").contains(summary.trim_end_matches('.')),
        "{summary:?} is not in {again:?}"
    );
    Ok(())
}

#[tokio::test]
async fn nobody_is_taken_for_somebody_without_a_reason() -> Result<()> {
    let mut world = clinic(quick()).await?;
    // Two people with one number.
    let two = format!(
        "{HEADER}B1,Bea Baker,{0},{1},\nB2,Ben Baker,{0},{1},\n",
        number(7),
        "2030-01-01T10:00:00Z"
    );
    world.import(&two).await?;
    let someone_elses = "+442079460999".to_owned();
    for (from, to, agent, who) in [
        (number(99), OUR_NUMBER.to_owned(), OUR_AGENT, "unknown"),
        (
            "anonymous".to_owned(),
            OUR_NUMBER.to_owned(),
            OUR_AGENT,
            "withheld",
        ),
        (number(7), OUR_NUMBER.to_owned(), OUR_AGENT, "shared"),
        (number(1), someone_elses, OUR_AGENT, "unknown"),
        (
            number(1),
            OUR_NUMBER.to_owned(),
            "agent_of_somebody",
            "unknown",
        ),
    ] {
        let caller = Caller {
            to_number: to,
            agent_id: Some(agent.to_owned()),
            ..caller(&from)
        };
        let rang = world.retell.ring(&caller).await;
        assert_eq!(variable(&rang, "caller"), who, "{caller:?}");
        assert_eq!(variable(&rang, "is_known"), "false", "{caller:?}");
        assert_eq!(variable(&rang, "appointment_count"), "", "{caller:?}");
        let answer = rang.answer.context("there is an answer")?.to_string();
        ensure!(
            !answer.contains("Ada") && !answer.contains("Baker"),
            "{answer}"
        );
    }
    eventually("somebody hears of the strange lines", || async {
        Ok(world.count("alerts where cause = 'unknown_caller'").await? == 2)
    })
    .await
}

#[tokio::test]
async fn any_first_event_makes_the_call_and_makes_it_once() -> Result<()> {
    let mut scenario = quick().always(Outcome::NoClearAnswer);
    scenario.faults.webhook.duplicate = 0.4;
    scenario.faults.webhook.reorder = 0.3;
    scenario.faults.webhook.drop = 0.2;
    let world = clinic(scenario).await?;
    let callers = 12;

    for of in 1..=callers {
        // No question was asked: nothing but its events tells of the call.
        world.retell.ring_unasked(&caller(&number(of)));
    }

    world.play().await?;
    world.assert_sound().await?;
    let told = world
        .count(
            "(select distinct provider_call_id from events e where source_id is not null and not exists (
                  select from calls c where c.provider_call_id = e.provider_call_id and c.direction = 'outbound')) calls",
        )
        .await?;
    ensure!(
        told > i64::from(callers / 2),
        "events of {told} calls came in"
    );
    assert_eq!(
        world.count("calls where direction = 'inbound'").await?,
        told
    );
    ensure!(
        world
            .count("calls where direction = 'inbound' and outcome is null")
            .await?
            == 0
    );
    Ok(())
}

#[tokio::test]
async fn with_the_database_away_the_call_is_taken_all_the_same_and_somebody_is_told() -> Result<()>
{
    let mut world = clinic(quick()).await?;
    world.retell.ring(&caller(&number(1))).await;
    world.postgres.kill();

    let rang = world.retell.ring(&caller(&number(1))).await;

    assert_eq!(rang.statuses, [Some(200)], "{rang:?}");
    assert_eq!(rang.answer, Some(serde_json::json!({"call_inbound": {}})));
    ensure!(rang.provider_call_id.is_some());
    world.postgres.start_again().await?;
    eventually("it is on record, and somebody hears of it", || async {
        let failed = "context_log where failure is not null";
        let told = "alerts where cause = 'caller_unanswered'";
        Ok(world.count(failed).await? == 1 && world.count(told).await? == 1)
    })
    .await
}

#[tokio::test]
async fn a_call_that_came_in_neither_pauses_dialing_nor_spends_its_limits() -> Result<()> {
    let settings = OPEN_CLINIC.replace("per_day = 10000", "per_day = 1");
    let mut world = World::start(
        &settings,
        quick().with_calls(&number(2), &[Outcome::NoPayment]),
    )
    .await?;
    world.retell.ring(&caller(&number(2))).await;
    call_is_over(&world).await?;

    world.book("A1", 1, 3).await?;
    world.settled().await?;
    world.play().await?;

    assert_eq!(world.count("tenants where paused").await?, 0);
    assert_eq!(world.ending("A1").await?, crate::harness::CONFIRMED);
    Ok(())
}
