//! A provider that fails: by status, by silence, for a while or for ever.

use std::time::Duration;

use anyhow::Result;
use simulator::retell::{Account, CallScript, CreateFault, NumberScript, Outcome, Scenario};

use super::with_creates;
use crate::harness::{
    CONFIRMED, HEADER, HOUR, OPEN_CLINIC, SLUG, World, eventually, in_days, number, quick, row,
    rows,
};

/// For scenarios whose calls are silent on purpose.
const SHORT_SILENCE: Duration = Duration::from_millis(150);

#[tokio::test]
async fn whatever_a_request_to_dial_runs_into_the_phone_rings_once() -> Result<()> {
    use CreateFault::{
        Hang, HangAfter, RateLimited, RateLimitedSilently, ServerError, ServerErrorAfter,
    };
    let faults: &[&[CreateFault]] = &[
        &[RateLimited],
        &[RateLimitedSilently],
        &[RateLimited, RateLimited, RateLimitedSilently],
        &[ServerError],
        &[ServerErrorAfter],
        &[Hang],
        &[HangAfter],
        &[ServerError, Hang, HangAfter],
    ];
    let mut scenario = quick().always(Outcome::Confirmed);
    for (of, creates) in (1..).zip(faults) {
        scenario = with_creates(scenario, of, creates);
    }
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world
        .import(&rows(u32::try_from(faults.len())?, &[3]))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    for (of, creates) in (1..).zip(faults) {
        let why = world.why(&format!("A{of}")).await?;
        assert_eq!(
            world.ending(&format!("A{of}")).await?,
            CONFIRMED,
            "{creates:?}: {why:#?}"
        );
        let rang = world
            .ledger()
            .calls
            .iter()
            .filter(|call| call.to_number == number(of))
            .count();
        assert_eq!(rang, 1, "{creates:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_that_asks_for_a_pause_is_left_alone_for_as_long() -> Result<()> {
    let mut scenario = with_creates(
        quick().always(Outcome::Confirmed),
        1,
        &[CreateFault::RateLimited],
    );
    scenario.faults.create.retry_after_seconds = 2000;
    let scenario = with_creates(scenario, 2, &[CreateFault::RateLimitedSilently]);
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    // On days of their own: a pause is one for the whole account.
    world
        .import(&format!("{HEADER}{}{}", row("A1", 1, 3), row("A2", 2, 5)))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    for (appointment, days, pause) in [("A1", 2, 2000), ("A2", 4, 300)] {
        let due = in_days(days);
        let dialed = world.dialed_at(appointment).await?;
        let waited = dialed
            .first()
            .expect("it was dialed")
            .duration_since(due)
            .as_secs();
        assert!(
            (pause..pause + 60).contains(&waited),
            "{appointment} waited {waited} s"
        );
    }
    Ok(())
}

/// As often as one call asks; its number is not to count as called for ever after.
#[tokio::test]
async fn a_call_that_the_provider_never_took_does_not_hold_up_the_next() -> Result<()> {
    let never = [CreateFault::RateLimited; 4];
    let scenario = with_creates(quick().always(Outcome::Confirmed), 1, &never);
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.book("A1", 1, 3).await?;

    world.play().await?;

    world.assert_sound().await?;
    let why = world.why("A1").await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED, "{why:#?}");
    assert_eq!(world.ledger().creates.len(), 5);
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_refused_number_or_agent_is_for_technicians_and_stops_nobody_else() -> Result<()> {
    let scenario = with_creates(
        quick().always(Outcome::Confirmed),
        1,
        &[CreateFault::BadRequest],
    );
    let scenario = with_creates(scenario, 2, &[CreateFault::Refused]);
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world
        .import(&format!("{}{}", rows(2, &[3]), row("A3", 3, 4)))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(
        world.ending("A1").await?,
        "technical_review: systemic_failure"
    );
    assert_eq!(
        world.ending("A2").await?,
        "technical_review: systemic_failure"
    );
    assert_eq!(world.ending("A3").await?, CONFIRMED);
    assert_eq!(world.ledger().creates.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_rejected_key_pauses_the_clinic_until_somebody_has_looked() -> Result<()> {
    paused_by(CreateFault::Unauthorized).await
}

#[tokio::test]
async fn an_unpaid_bill_pauses_the_clinic_until_somebody_has_looked() -> Result<()> {
    paused_by(CreateFault::PaymentRequired).await
}

async fn paused_by(fault: CreateFault) -> Result<()> {
    let scenario = with_creates(quick().always(Outcome::Confirmed), 1, &[fault]);
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world
        .import(&format!(
            "{HEADER}{}{}{}",
            row("A1", 1, 3),
            row("A2", 2, 4),
            row("A3", 3, 4)
        ))
        .await?;
    world.play_until(Some(in_days(3) + HOUR)).await?;
    let waiting = "reminders where state = 'waiting' and reason = 'tenant_paused'";
    assert_eq!(world.count(waiting).await?, 2);
    assert_eq!(
        world.ending("A1").await?,
        "technical_review: systemic_failure"
    );
    assert_eq!(world.ledger().creates.len(), 1, "a paused clinic dialed");

    world.operate(&["tenant", "resume", SLUG]).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A2").await?, CONFIRMED);
    assert_eq!(world.ending("A3").await?, CONFIRMED);
    Ok(())
}

#[tokio::test]
async fn a_payment_that_fails_in_the_call_pauses_the_clinic_too() -> Result<()> {
    let scenario = quick()
        .always(Outcome::Confirmed)
        .with_calls(&number(1), &[Outcome::NoPayment]);
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world
        .import(&format!("{HEADER}{}{}", row("A1", 1, 3), row("A2", 2, 4)))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(
        world.ending("A1").await?,
        "technical_review: systemic_failure"
    );
    assert_eq!(world.ending("A2").await?, "refused: tenant_paused");
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_for_a_while_is_asked_again() -> Result<()> {
    let mut scenario = with_creates(
        quick().always(Outcome::Cancelled),
        1,
        &[CreateFault::HangAfter],
    );
    scenario.faults.webhook.drop = 1.0;
    scenario.faults.read.server_error = 0.7;
    scenario.faults.read.rate_limited = 0.1;
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.silence = SHORT_SILENCE;
    world.import(&rows(6, &[3])).await?;

    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await
}

#[tokio::test]
async fn a_dial_that_nobody_can_tell_the_end_of_is_for_a_person_to_look_at() -> Result<()> {
    let mut scenario = with_creates(
        quick().always(Outcome::Confirmed),
        1,
        &[CreateFault::HangAfter],
    );
    scenario.faults.webhook.drop = 1.0;
    scenario.faults.read.server_error = 1.0;
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.silence = SHORT_SILENCE;
    world.import(&rows(1, &[3])).await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, "manual_review: dial_uncertain");
    assert_eq!(world.ledger().creates.len(), 1);
    Ok(())
}

#[tokio::test]
async fn another_accounts_key_is_no_proof_that_a_call_was_never_there() -> Result<()> {
    let mut scenario = with_creates(
        quick().always(Outcome::Confirmed),
        1,
        &[CreateFault::HangAfter],
    );
    scenario.faults.webhook.drop = 1.0;
    scenario.faults.read.server_error = 1.0;
    let mut world = World::start(OPEN_CLINIC, scenario.clone()).await?;
    world.silence = SHORT_SILENCE;
    world.import(&rows(1, &[3])).await?;
    let dialed = || async { Ok(world.ledger().creates.len() == 1) };
    world.play_until_seen("the dial", dialed).await?;

    store_another_accounts_key(&world).await?;
    scenario.faults.read.server_error = 0.0;
    world.retell.set_scenario(scenario)?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ledger().calls.len(), 1);
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    Ok(())
}

/// The clinic moves to another account, which knows nothing of the calls of the old one.
async fn store_another_accounts_key(world: &World) -> Result<()> {
    let key = "key_of_another_account";
    world.retell.set_account(Account {
        key: key.into(),
        webhook_url: None,
        agents: None,
        numbers: None,
    });
    let mut tx = world.store.tenant(world.tenant).begin().await?;
    tx.add_provider_secret(world.store.keys(), "retell", &key.into())
        .await?;
    Ok(tx.commit().await?)
}

#[tokio::test]
async fn a_call_that_never_ends_is_for_a_person_to_look_at() -> Result<()> {
    let stuck = CallScript {
        stuck: Some(true),
        ..Outcome::Confirmed.into()
    };
    one_silent_call_ends_as(stuck, "manual_review: dial_uncertain").await
}

#[tokio::test]
async fn a_conversation_that_is_never_analyzed_is_for_a_person_to_look_at() -> Result<()> {
    let unanalyzed = CallScript {
        no_analysis: Some(true),
        ..Outcome::Confirmed.into()
    };
    one_silent_call_ends_as(unanalyzed, "manual_review: no_clear_answer").await
}

async fn one_silent_call_ends_as(call: CallScript, ending: &str) -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, scripted(call)).await?;
    world.silence = SHORT_SILENCE;
    world.import(&rows(1, &[3])).await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, ending);
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_cancellation_analyzed_long_after_the_reminder_ended_still_cancels() -> Result<()> {
    let mut scenario = quick().always(Outcome::Cancelled);
    // 20 seconds of real time, in which the reminder lives through its whole wait for the analysis.
    scenario.timing.analysis_seconds = [4000.0, 4000.0];
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.silence = SHORT_SILENCE;
    world.import(&rows(1, &[3])).await?;
    world
        .play_until_seen("the reminder ended without an answer", || async {
            Ok(world.ending("A1").await? == "manual_review: no_clear_answer")
        })
        .await?;
    assert_eq!(
        world
            .count("events where event_type = 'call_analyzed'")
            .await?,
        0,
        "the analysis was not late"
    );

    eventually("the analysis is heard", || async {
        Ok(world.ending("A1").await? == "cancelled: appointment_cancelled")
    })
    .await?;

    world.assert_sound().await?;
    assert_eq!(
        world
            .count("appointments where status = 'cancelled'")
            .await?,
        1
    );
    Ok(())
}

fn scripted(call: CallScript) -> Scenario {
    let mut scenario = quick();
    scenario.numbers.push(NumberScript {
        to: number(1),
        calls: vec![call],
        creates: Vec::new(),
    });
    scenario
}
