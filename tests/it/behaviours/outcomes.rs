//! What a call brings, and what follows.

use anyhow::Result;
use serde_json::json;
use simulator::retell::{CallScript, NumberScript, Outcome, Scenario};

use crate::harness::{
    CONFIRMED, HEADER, HOUR, OPEN_CLINIC, SLUG, World, eventually, in_days, number, quick, row,
    rows,
};

#[tokio::test]
async fn a_person_who_confirms_is_called_once_at_the_planned_time() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.book("A1", 1, 3).await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    assert_eq!(world.ledger().calls.len(), 1);
    // The call's own process lives in the time of its reminder.
    let late = world.dialed_at("A1").await?[0]
        .duration_since(in_days(2))
        .as_secs();
    assert!(
        (0..30).contains(&late),
        "dialed {late} s after the planned time"
    );
    Ok(())
}

#[tokio::test]
async fn somebody_who_does_not_answer_is_called_again_two_and_then_eight_hours_later() -> Result<()>
{
    let outcomes = [Outcome::NoAnswer, Outcome::NoAnswer, Outcome::Confirmed];
    let mut world = World::start(OPEN_CLINIC, quick().with_calls(&number(1), &outcomes)).await?;
    world.book("A1", 1, 3).await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    let dialed = world.dialed_at("A1").await?;
    let gaps: Vec<_> = dialed
        .windows(2)
        .map(|two| two[1].duration_since(two[0]).as_secs())
        .collect();
    assert_eq!(gaps.len(), 2, "{dialed:?}");
    for (gap, hours) in gaps.iter().zip([2, 8]) {
        assert!(
            (hours * 3600..hours * 3600 + 120).contains(gap),
            "{gap} s instead of {hours} h"
        );
    }
    Ok(())
}

#[tokio::test]
async fn every_outcome_is_followed_by_what_it_should_be() -> Result<()> {
    let expected = [
        (Outcome::Confirmed, 1, "confirmed: appointment_confirmed"),
        (Outcome::Cancelled, 1, "cancelled: appointment_cancelled"),
        (Outcome::Rescheduled, 1, "rescheduled: awaiting_reschedule"),
        (Outcome::NoClearAnswer, 1, "manual_review: no_clear_answer"),
        (Outcome::InvalidNumber, 1, "refused: number_invalid"),
        (Outcome::DoNotCall, 1, "refused: opted_out"),
        (
            Outcome::CancelledAndDoNotCall,
            1,
            "cancelled: appointment_cancelled",
        ),
        (Outcome::NoAnswer, 3, "manual_review: retries_spent"),
        (Outcome::Busy, 3, "manual_review: retries_spent"),
        (Outcome::Declined, 3, "manual_review: retries_spent"),
        (Outcome::Voicemail, 2, "manual_review: too_close"),
        (Outcome::StrangeReason, 3, "manual_review: retries_spent"),
    ];
    let scenario: Scenario = (1..)
        .zip(expected)
        .fold(quick(), |scenario, (of, (outcome, _, _))| {
            scenario.with_calls(&number(of), &[outcome])
        });
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world
        .import(&rows(u32::try_from(expected.len())?, &[3]))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    for (of, (outcome, calls, ending)) in (1..).zip(expected) {
        let appointment = format!("A{of}");
        let why = world.why(&appointment).await?;
        assert_eq!(
            world.ending(&appointment).await?,
            ending,
            "{outcome:?}: {why:#?}"
        );
        assert_eq!(
            world.dialed_at(&appointment).await?.len(),
            calls,
            "{outcome:?}: {why:#?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn somebody_who_opts_out_in_a_call_is_not_called_for_other_appointments() -> Result<()> {
    let mut world = World::start(
        OPEN_CLINIC,
        quick().with_calls(&number(1), &[Outcome::DoNotCall]),
    )
    .await?;
    world
        .import(&format!(
            "{HEADER}{}{}{}",
            row("A1", 1, 3),
            row("A2", 1, 6),
            row("B1", 2, 6)
        ))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A2").await?, "refused: opted_out");
    let called: Vec<_> = world
        .ledger()
        .calls
        .into_iter()
        .map(|call| call.to_number)
        .collect();
    assert!(
        called.contains(&number(2)),
        "the opt-out of one stopped another"
    );
    assert_eq!(called.iter().filter(|to| **to == number(1)).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_reschedule_waits_for_the_new_time_and_is_called_for_it() -> Result<()> {
    let calls = [Outcome::Rescheduled, Outcome::Confirmed];
    let mut world = World::start(OPEN_CLINIC, quick().with_calls(&number(1), &calls)).await?;
    world.book("A1", 1, 3).await?;
    world.play_until(Some(in_days(2) + HOUR)).await?;
    assert_eq!(world.ending("A1").await?, "waiting: awaiting_reschedule");

    world.book("A1", 1, 9).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    let dialed = world.dialed_at("A1").await?;
    assert_eq!(dialed.len(), 2);
    assert!(
        (in_days(8)..in_days(8) + HOUR).contains(&dialed[1]),
        "{dialed:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_about_a_time_that_has_moved_waits_for_a_person() -> Result<()> {
    let answers = [Outcome::Cancelled, Outcome::Confirmed];
    let mut scenario = quick().with_calls(&number(1), &answers);
    // Two seconds of real time, in which the appointment moves.
    scenario.timing.analysis_seconds = [400.0, 400.0];
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.book("A1", 1, 3).await?;
    let nobody = world.operate(&["review", "--tenant", SLUG]).await?;
    assert_eq!(nobody, "nothing waits for a person\n");
    world
        .play_until_seen("the call is under way", || async {
            Ok(world.retell.totals().calls_placed == 1)
        })
        .await?;

    world.book("A1", 1, 6).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    let listed = world
        .operate(&["review", "--tenant", SLUG, "--json"])
        .await?;
    let listed: serde_json::Value = serde_json::from_str(&listed)?;
    assert_eq!(listed[0]["external_id"], "A1");
    assert_eq!(listed[0]["what"], "answer_not_applied");
    assert_eq!(listed[0]["reason"], "cancelled");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    Ok(())
}

/// A clinic whose only call was answered and goes on; what is heard of it, the test says.
async fn on_the_line() -> Result<World> {
    let mut scenario = quick();
    scenario.numbers.push(NumberScript {
        to: number(1),
        calls: vec![CallScript {
            stuck: Some(true),
            ..Outcome::Confirmed.into()
        }],
        creates: Vec::new(),
    });
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.book("A1", 1, 3).await?;
    world
        .play_until_seen("the call is placed", || async {
            Ok(world.count("calls where dial_state = 'placed'").await? == 1)
        })
        .await?;
    Ok(world)
}

#[tokio::test]
async fn a_cancellation_analyzed_after_the_wish_not_to_be_called_still_cancels() -> Result<()> {
    let world = on_the_line().await?;
    world
        .hear(
            "call_ended",
            json!({ "call_status": "ended", "disconnection_reason": "user_requested_dnc" }),
        )
        .await?;
    eventually("the wish is heard", || async {
        Ok(world.ending("A1").await? == "refused: opted_out")
    })
    .await?;

    world
        .hear(
            "call_analyzed",
            json!({
                "call_status": "ended", "disconnection_reason": "user_requested_dnc",
                "call_analysis": { "custom_analysis_data": { "appointment_action": "cancelled" } },
            }),
        )
        .await?;

    eventually("the appointment is cancelled", || async {
        Ok(world.ending("A1").await? == "cancelled: appointment_cancelled")
    })
    .await?;
    assert_eq!(world.count("opt_outs").await?, 1);
    let listed = world.operate(&["review", "--tenant", SLUG]).await?;
    assert!(listed.contains("cancelled in a call"), "{listed}");
    Ok(())
}

#[tokio::test]
async fn an_appointment_that_the_business_cancelled_during_the_call_stays_cancelled() -> Result<()>
{
    let mut world = on_the_line().await?;
    let cancelled = row("A1", 1, 3).replace(",\n", ",cancelled\n");
    world.import(&format!("{HEADER}{cancelled}")).await?;

    world
        .hear(
            "call_analyzed",
            json!({
                "call_status": "ended", "disconnection_reason": "user_hangup",
                "call_analysis": { "custom_analysis_data": { "appointment_action": "confirmed" } },
            }),
        )
        .await?;

    eventually("the reminder has ended", || async {
        Ok(world.count("calls where outcome = 'confirmed'").await? == 1
            && world.count("reminders where state = 'finished'").await? == 1)
    })
    .await?;
    let stands = world.sql("select status from appointments").await?;
    assert!(stands.contains("cancelled"), "{stands}");
    let listed = world.operate(&["review", "--tenant", SLUG]).await?;
    assert!(listed.contains("was not applied"), "{listed}");
    Ok(())
}
