//! What callers have done in a call: once, at once, and by nobody but whom it concerns.

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};
use simulator::retell::{FunctionAnswer, Outcome, Scenario};

use crate::{
    harness::{HEADER, OPEN_CLINIC, World, eventually, number, quick, row},
    inbound::{call_is_over, caller},
};

/// How long before its appointment a reminder calls, by the settings' default.
pub(crate) const DAY_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// Calls that last until the test ends them.
pub(crate) fn long_talks() -> Scenario {
    let mut scenario = quick().always(Outcome::NoClearAnswer);
    scenario.timing.talk_seconds = [500_000.0; 2];
    scenario
}

/// A clinic that books, with an appointment of Ada Archer in three days at noon.
async fn clinic() -> Result<World> {
    let settings = format!("{OPEN_CLINIC}\n[booking]\nenabled = true\n");
    let mut world = World::start(&settings, long_talks()).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    Ok(world)
}

/// Half past the hour in the clinic's zone, so many days ahead.
pub(crate) fn half_past(hour: i8, days: i64) -> Result<(String, Timestamp)> {
    let zone = TimeZone::get("Europe/London")?;
    let today = zone.to_datetime(Timestamp::now()).date();
    let at = today.checked_add(days.days())?.at(hour, 30, 0, 0);
    Ok((
        at.strftime("%Y-%m-%d %H:%M").to_string(),
        zone.to_timestamp(at)?,
    ))
}

pub(crate) async fn rung(world: &World, from: u32) -> Result<String> {
    let rang = world.retell.ring(&caller(&number(from))).await;
    rang.provider_call_id.context("the call is taken")
}

pub(crate) async fn asked(
    world: &World,
    call: &str,
    name: &str,
    args: Value,
) -> Result<FunctionAnswer> {
    let answer = world.retell.ask(call, name, args).await;
    answer.context("the call exists")
}

async fn summary_is_heard(world: &World) -> Result<()> {
    eventually("its summary is heard", || async {
        let heard = "calls where applied_action is not null";
        Ok(world.count(heard).await? == 1)
    })
    .await
}

pub(crate) fn is_done(answer: &FunctionAnswer) -> bool {
    answer.is_done()
}

/// An instant of one row, to the second.
pub(crate) async fn instant(world: &World, column: &str, rows: &str) -> Result<Timestamp> {
    let query = format!("select extract(epoch from {column})::bigint from {rows}");
    Ok(Timestamp::from_second(world.sql(&query).await?.parse()?)?)
}

async fn starts_at(world: &World) -> Result<Timestamp> {
    instant(world, "starts_at", "appointments where external_id = 'A1'").await
}

#[tokio::test]
async fn an_appointment_moved_in_a_call_moves_its_reminder() -> Result<()> {
    let world = clinic().await?;
    let call = rung(&world, 1).await?;
    let (words, wanted) = half_past(15, 5)?;

    let seen = asked(&world, &call, "look_up", json!({})).await?;
    let moved = asked(&world, &call, "reschedule", json!({"new_datetime": words})).await?;

    ensure!(is_done(&seen), "{seen:?}");
    ensure!(is_done(&moved), "{moved:?}");
    assert_eq!(starts_at(&world).await?, wanted);
    let to_enter =
        "notes n join appointments a on a.contact_id = n.contact_id where n.kind = 'to_enter'";
    assert_eq!(world.count(to_enter).await?, 1);
    eventually("the reminder waits for the new time", || async {
        let waits = "reminders where state = 'waiting'";
        Ok(instant(&world, "next_at", waits).await? == wanted - DAY_BEFORE)
    })
    .await?;
    world.retell.end_talk(&call);
    call_is_over(&world).await?;
    Ok(())
}

#[tokio::test]
async fn a_file_that_says_what_it_said_does_not_undo_what_was_done_in_a_call() -> Result<()> {
    let mut world = clinic().await?;
    let call = rung(&world, 1).await?;
    let (words, wanted) = half_past(15, 5)?;
    asked(&world, &call, "reschedule", json!({"new_datetime": words})).await?;
    let file = format!("{HEADER}{}", row("A1", 1, 3));

    world.import(&file).await?;
    assert_eq!(starts_at(&world).await?, wanted);

    // What the business itself changes counts.
    world
        .import(&file.replace(&row("A1", 1, 3), &row("A1", 1, 7)))
        .await?;
    assert!(starts_at(&world).await? > wanted);
    Ok(())
}

#[tokio::test]
async fn what_is_asked_again_is_answered_again_and_done_once() -> Result<()> {
    let world = clinic().await?;
    let call = rung(&world, 1).await?;
    let note = json!({"text": "Please park the ramp at the door"});

    let first = asked(&world, &call, "note", note.clone()).await?;
    let (again, once_more) = tokio::join!(
        world.retell.ask(&call, "note", note.clone()),
        world.retell.ask(&call, "note", note)
    );

    ensure!(is_done(&first), "{first:?}");
    for answer in [again, once_more] {
        assert_eq!(answer.context("the call exists")?.body, first.body);
    }
    assert_eq!(world.count("notes").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_changed_mind_is_no_repetition() -> Result<()> {
    let world = clinic().await?;
    let call = rung(&world, 1).await?;
    let status = "select status from appointments where external_id = 'A1'";
    for (name, args, wanted) in [
        ("confirm", json!({}), "confirmed"),
        ("note", json!({"text": "one"}), "confirmed"),
        ("confirm", json!({}), "confirmed"),
        ("cancel", json!({}), "cancelled"),
    ] {
        let answer = asked(&world, &call, name, args).await?;
        ensure!(is_done(&answer), "{name}: {answer:?}");
        assert_eq!(world.sql(status).await?, wanted, "{name}");
    }
    let answer = asked(&world, &call, "confirm", json!({})).await?;
    ensure!(
        !is_done(&answer),
        "what is cancelled is not confirmed: {answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn two_callers_cannot_book_one_slot() -> Result<()> {
    let mut world = clinic().await?;
    world.book("A2", 2, 3).await?;
    let (one, other) = (rung(&world, 1).await?, rung(&world, 2).await?);
    let (words, _) = half_past(9, 4)?;
    let wish = json!({"datetime": words});

    let (one, other) = tokio::join!(
        world.retell.ask(&one, "book", wish.clone()),
        world.retell.ask(&other, "book", wish)
    );

    let answers = [one, other].map(Option::unwrap);
    assert_eq!(
        answers.iter().filter(|each| is_done(each)).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        world
            .count("appointments where external_id like 'apt_%'")
            .await?,
        1
    );
    eventually("a reminder waits for what was booked", || async {
        Ok(world.count("reminders r join appointments a on a.id = r.appointment_id where a.external_id like 'apt_%'").await? == 1)
    })
    .await
}

#[tokio::test]
async fn a_stranger_hears_of_nobody_and_changes_nothing_of_anybody() -> Result<()> {
    let world = clinic().await?;
    let call = rung(&world, 99).await?;
    let (words, _) = half_past(9, 4)?;
    for (name, args) in [
        ("look_up", json!({"name": "Ada Archer"})),
        ("confirm", json!({"name": "Ada Archer"})),
        ("cancel", json!({"name": "Ada Archer"})),
        (
            "reschedule",
            json!({"name": "Ada Archer", "new_datetime": words}),
        ),
    ] {
        let answer = asked(&world, &call, name, args).await?;
        assert_eq!(answer.statuses, [Some(200)]);
        ensure!(!is_done(&answer), "{name}: {answer:?}");
        ensure!(
            !answer.body.contains("noon") && !answer.body.contains("12:00"),
            "{answer:?}"
        );
    }
    assert_eq!(
        world
            .sql("select status from appointments where external_id = 'A1'")
            .await?,
        "scheduled"
    );

    let left = asked(&world, &call, "opt_out", json!({})).await?;
    ensure!(is_done(&left), "{left:?}");
    assert_eq!(world.sql("select e164 from opt_outs").await?, number(99));
    Ok(())
}

#[tokio::test]
async fn a_function_is_the_first_that_is_heard_of_a_call() -> Result<()> {
    let mut scenario = long_talks();
    scenario.faults.webhook.drop = 1.0;
    let settings = format!("{OPEN_CLINIC}\n[booking]\nenabled = true\n");
    let world = World::start(&settings, scenario).await?;
    let call = world
        .retell
        .ring_unasked(&caller(&number(1)))
        .context("the call is taken")?;

    let left = asked(&world, &call, "note", json!({"text": "Call me back"})).await?;

    ensure!(is_done(&left), "{left:?}");
    let ours = format!("calls where direction = 'inbound' and provider_call_id = '{call}'");
    assert_eq!(world.count(&ours).await?, 1);
    assert_eq!(
        world
            .count("notes n join calls c on c.id = n.call_id")
            .await?,
        1
    );
    // No webhook tells of its end: it is asked for.
    world.retell.end_talk(&call);
    world.play().await?;
    assert_eq!(world.count("calls where outcome is not null").await?, 1);
    Ok(())
}

#[tokio::test]
async fn what_was_done_in_a_reminder_call_is_not_undone_by_its_summary() -> Result<()> {
    let world = clinic().await?;
    world.retell.set_scenario({
        let mut scenario = long_talks().always(Outcome::Rescheduled);
        scenario.timing.talk_seconds = [500_000.0; 2];
        scenario
    })?;
    let due = instant(&world, "next_at", "reminders").await?;
    world.take_reminder_to("A1", due).await?;
    let call = "select coalesce(max(provider_call_id), '') from calls";
    eventually("the person is called", || async {
        Ok(!world.sql(call).await?.is_empty())
    })
    .await?;
    let call = world.sql(call).await?;
    let (words, wanted) = half_past(15, 9)?;

    let moved = asked(&world, &call, "reschedule", json!({"new_datetime": words})).await?;
    ensure!(is_done(&moved), "{moved:?}");
    world.retell.end_talk(&call);

    summary_is_heard(&world).await?;
    assert_eq!(starts_at(&world).await?, wanted);
    assert_eq!(
        world.sql("select status from appointments").await?,
        "scheduled"
    );
    assert_eq!(world.count("calls where review is not null").await?, 0);
    eventually("the reminder waits for the new time", || async {
        Ok(world
            .count("reminders where state = 'waiting' and next_at > now() + interval '5 days'")
            .await?
            == 1)
    })
    .await
}

#[tokio::test]
async fn with_the_database_away_the_provider_is_asked_to_ask_again() -> Result<()> {
    let mut world = clinic().await?;
    let call = rung(&world, 1).await?;
    let seen = asked(&world, &call, "look_up", json!({})).await?;
    ensure!(is_done(&seen), "{seen:?}");
    world.postgres.kill();

    let missed = asked(&world, &call, "cancel", json!({})).await?;

    assert_eq!(missed.statuses, [Some(503); 3]);
    world.postgres.start_again().await?;
    eventually("it is done when asked again", || async {
        let again = asked(&world, &call, "cancel", json!({})).await?;
        Ok(is_done(&again))
    })
    .await?;
    assert_eq!(
        world.count("call_functions where name = 'cancel'").await?,
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_summed_up_otherwise_than_what_was_done_in_it_is_looked_at() -> Result<()> {
    for (outcome, reviewed) in [(Outcome::Cancelled, 1), (Outcome::Confirmed, 0)] {
        let world = clinic().await?;
        world.retell.set_scenario(long_talks().always(outcome))?;
        let call = rung(&world, 1).await?;
        let done = asked(&world, &call, "confirm", json!({})).await?;
        ensure!(is_done(&done), "{done:?}");

        world.retell.end_talk(&call);

        summary_is_heard(&world).await?;
        assert_eq!(
            world.count("calls where review is not null").await?,
            reviewed
        );
        assert_eq!(
            world.sql("select status from appointments").await?,
            "confirmed"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_a_model_sends_is_stored_whatever_it_is() -> Result<()> {
    let world = clinic().await?;
    let call = rung(&world, 1).await?;
    let args = json!({"text": "a\u{0}b", "odd\u{0}key": [{"deep": "\u{0}"}]});

    let left = asked(&world, &call, "note", args).await?;

    assert_eq!(left.statuses, [Some(200)], "{left:?}");
    assert_eq!(world.count("call_functions").await?, 1);
    Ok(())
}
