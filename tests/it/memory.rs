//! What an agent is told of earlier calls, and what waits for a person first (MEM-5, MEM-6).

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::retell::Outcome;

use crate::{
    desk::{asked, is_done, long_talks, rung},
    harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, number, quick, row},
    inbound::{call_is_over, caller, variable},
};

const TELLS: &str = "[inbound]\ntell = [\"name\", \"last_call\", \"issues\"]\n";
const LOOKS_INTO_IT: &str = "A colleague is looking into a matter";

fn settings(more: &str) -> String {
    let general = OPEN_CLINIC.replace("live = true", "live = true\nhealth_mode = false");
    format!("{general}\n{more}")
}

/// A business that tells what it may, with an appointment of Ada Archer in three days.
async fn business() -> Result<World> {
    let mut world = World::start(&settings(TELLS), long_talks()).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    Ok(world)
}

impl World {
    /// All that an agent is told when Ada Archer calls.
    async fn told(&self) -> Result<String> {
        let rang = self.retell.ring(&caller(&number(1))).await;
        let (summary, json) = (
            variable(&rang, "memory_summary"),
            variable(&rang, "memory_json"),
        );
        ensure!(summary.contains("Ada"), "{rang:?}");
        Ok(format!("{summary}\n{json}"))
    }

    /// The first column of the only held note, as `list` shows it.
    async fn held_note(&self) -> Result<String> {
        let listed = self.operate(&["notes", "list", "--tenant", SLUG]).await?;
        let held: Vec<&str> = listed
            .lines()
            .filter(|line| line.contains("held back from agents"))
            .collect();
        ensure!(held.len() == 1, "{listed}");
        let note = held[0].split_whitespace().next();
        Ok(note.context("an id")?.to_owned())
    }

    async fn clear(&self, note: &str) -> Result<()> {
        self.operate(&["notes", "clear", "--tenant", SLUG, note])
            .await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_complaint_is_told_to_no_agent_until_a_person_has_read_it() -> Result<()> {
    let world = business().await?;
    let call = rung(&world, 1).await?;
    for text in [
        "Please park the ramp at the door",
        "I was charged twice and want my money back",
    ] {
        let left = asked(&world, &call, "note", json!({"text": text})).await?;
        ensure!(is_done(&left), "{left:?}");
    }

    let told = world.told().await?;
    ensure!(told.contains(LOOKS_INTO_IT), "{told}");
    ensure!(
        !told.contains("charged") && !told.contains("ramp"),
        "{told}"
    );

    world.clear(&world.held_note().await?).await?;
    let told = world.told().await?;
    ensure!(!told.contains(LOOKS_INTO_IT), "{told}");
    ensure!(
        told.contains("charged twice") && told.contains("ramp"),
        "{told}"
    );

    // What somebody has seen to is open no more, and what the business does not select is not told.
    let done = "update notes set done_at = now() where body like '%ramp%'";
    world.sql(done).await?;
    let told = world.told().await?;
    ensure!(
        told.contains("charged twice") && !told.contains("ramp"),
        "{told}"
    );
    world
        .apply_settings(&settings(&TELLS.replace(", \"issues\"", "")))
        .await?;
    let told = world.told().await?;
    ensure!(!told.contains("charged"), "{told}");
    Ok(())
}

#[tokio::test]
async fn the_next_call_is_told_where_the_mood_of_the_last_ones_is_going() -> Result<()> {
    // Neutral, and then positive twice.
    let moods = [
        Outcome::NoClearAnswer,
        Outcome::Confirmed,
        Outcome::Confirmed,
    ];
    let tells = "[inbound]\ntell = [\"name\", \"sentiment\"]\n";
    let scenario = quick().with_calls(&number(1), &moods);
    let mut world = World::start(&settings(tells), scenario).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;

    let mut trends = Vec::new();
    for calls in 0..=moods.len() {
        eventually("the mood of each call is heard", || async {
            let heard = "calls where direction = 'inbound' and outcome is not null and sentiment is not null";
            Ok(world.count(heard).await? == calls as i64)
        })
        .await?;
        let rang = world.retell.ring(&caller(&number(1))).await;
        let json: Value = serde_json::from_str(variable(&rang, "memory_json"))?;
        let trend = json.get("sentiment").and_then(Value::as_str);
        let words = format!("mood of the last calls is {}.", trend.unwrap_or_default());
        let summary = variable(&rang, "memory_summary");
        assert_eq!(trend.is_some(), summary.contains(&words), "{rang:?}");
        trends.push(trend.map(str::to_owned));
    }

    // Two calls make no trend.
    let trend = Some("improving".to_owned());
    assert_eq!(trends, [None, None, None, trend]);
    Ok(())
}

#[tokio::test]
async fn a_profile_is_told_where_the_business_says_so_and_no_clinic_tells_it() -> Result<()> {
    let world = business().await?;
    let call = rung(&world, 1).await?;
    world.retell.end_talk(&call);
    call_is_over(&world).await?;
    for sql in [
        "update contacts set email = 'ada@archer.example', address = '3 Mill Lane', remarks = 'Prefers afternoons'",
        "insert into appointments (tenant_id, id, external_id, contact_id, starts_at, time_zone, status, known_at)
         select tenant_id, gen_random_uuid(), 'A0', contact_id, now() - interval '90 days', time_zone, 'confirmed', now()
         from appointments",
    ] {
        world.sql(sql).await?;
    }
    let all = [
        "ada@archer.example",
        "3 Mill Lane",
        "Prefers afternoons",
        "confirmed",
    ];
    let told = world.told().await?;
    ensure!(all.iter().all(|words| !told.contains(words)), "{told}");

    let more = "[inbound]\ntell = [\"name\", \"contact\", \"preferences\", \"past_appointments\", \"calls\"]\n";
    world.apply_settings(&settings(more)).await?;
    let told = world.told().await?;
    ensure!(all.iter().all(|words| told.contains(words)), "{told}");
    // The call that was rung first.
    ensure!(told.contains("Earlier calls: today (from them"), "{told}");

    world
        .apply_settings(&format!("{OPEN_CLINIC}\n{more}"))
        .await?;
    let told = world.told().await?;
    ensure!(all.iter().all(|words| !told.contains(words)), "{told}");

    let shown = world
        .operate(&["contacts", "show", "--tenant", SLUG, &number(1)])
        .await?;
    ensure!(all.iter().all(|words| shown.contains(words)), "{shown}");
    Ok(())
}

#[tokio::test]
async fn what_an_operator_sets_of_a_person_is_on_record_and_told_in_the_next_call() -> Result<()> {
    let world = business().await?;
    let more = "[inbound]\ntell = [\"name\", \"preferences\"]\n";
    world.apply_settings(&settings(more)).await?;
    let contact = world
        .sql("select 'con_' || replace(id::text, '-', '') from contacts")
        .await?;
    let set = ["contacts", "set", "--tenant", SLUG, "--by", "Rose"];
    let run = async |who: &str, values: &[&str]| {
        let words = [&set[..], &[who], values].concat();
        world.operate(&words).await
    };

    let wish = "Prefers to be called after five";
    let said = run(
        &number(1),
        &["--preferences", wish, "--email", "ada@archer.example"],
    )
    .await?;
    ensure!(
        said.contains(&format!("preferences: set to {wish}")) && said.contains("email: set to"),
        "{said}"
    );
    let told = world.told().await?;
    ensure!(told.contains(wish), "{told}");
    let shown = world
        .operate(&["contacts", "show", "--tenant", SLUG, &contact])
        .await?;
    ensure!(shown.contains(wish), "{shown}");
    let logged = "contact_changes where changed_by = 'person Rose' and was is null
                  and field in ('preferences', 'email')";
    assert_eq!(world.count(logged).await?, 2);

    // One bad value, and nothing is changed.
    let too_long = "word ".repeat(61);
    for (values, named) in [
        (["--email", "ada", "--name", "Eve"], "email: "),
        (["--phone", "12", "--name", "Eve"], "phone: "),
        (
            ["--preferences", &too_long, "--name", "Eve"],
            "preferences: ",
        ),
        (["--address", "3 Mill\nLane", "--name", "Eve"], "address: "),
        (["--name", " ", "--email", ""], "name: "),
    ] {
        let refused = run(&contact, &values)
            .await
            .err()
            .context("it is refused")?;
        ensure!(refused.to_string().contains(named), "{refused}");
    }
    assert_eq!(world.count("contact_changes").await?, 2);
    assert_eq!(world.sql("select name from contacts").await?, "Ada Archer");

    // Nothing is what stands, and what stands can be emptied.
    let said = run(
        &contact,
        &["--preferences", "", "--email", "ada@archer.example"],
    )
    .await?;
    ensure!(
        said.contains("preferences: emptied") && said.contains("email: as it was"),
        "{said}"
    );
    let told = world.told().await?;
    ensure!(!told.contains(wish), "{told}");
    assert_eq!(
        world.count("contact_changes where becomes is null").await?,
        1
    );
    assert_eq!(world.count("contact_changes").await?, 3);

    // Another number is another version of the appointment, which the reminder plans anew.
    run(&contact, &["--phone", "07700 900 077"]).await?;
    let moved = "appointments a join contacts c on c.id = a.contact_id
                 where a.version = 2 and c.e164 = '+447700900077'";
    assert_eq!(world.count(moved).await?, 1);
    Ok(())
}

#[tokio::test]
async fn what_is_set_of_a_merged_person_is_the_kept_ones_and_nothing_is_set_of_an_erased_one()
-> Result<()> {
    let mut world = business().await?;
    world
        .import(&format!("{HEADER}{}", row("A2", 2, 4)))
        .await?;
    world.settled().await?;
    let contact = async |of: u32| {
        let of = number(of);
        let id = "select 'con_' || replace(id::text, '-', '') from contacts where e164 = ";
        world.sql(&format!("{id}'{of}'")).await
    };
    let (kept, gone) = (contact(1).await?, contact(2).await?);
    let merge = ["contacts", "merge", "--tenant", SLUG, &kept, &gone];
    world.operate(&merge).await?;
    let set = ["contacts", "set", "--tenant", SLUG, "--by", "Rose", &gone];
    let set = [&set[..], &["--address", "3 Mill Lane"]].concat();

    let said = world.operate(&set).await?;
    ensure!(
        said.contains(&format!("{kept} ({gone} is part of it)")),
        "{said}"
    );
    let address = "select e164 from contacts where address = '3 Mill Lane'";
    assert_eq!(world.sql(address).await?, number(1));

    let erase = ["contacts", "erase", "--tenant", SLUG, "--yes", &kept];
    world.operate(&erase).await?;
    let refused = world.operate(&set).await.err().context("it is refused")?;
    ensure!(refused.to_string().contains("is erased"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_call_that_sounds_like_a_dispute_is_held_until_a_person_has_read_it() -> Result<()> {
    let world = business().await?;
    let call = rung(&world, 1).await?;
    world.retell.end_talk(&call);
    call_is_over(&world).await?;
    let said = "The caller disputes the invoice of May at length, and will take it up with a solicitor \
                unless somebody calls back about it before the end of the week.";
    world
        .hear(
            "call_analyzed",
            json!({
                "call_status": "ended",
                "direction": "inbound",
                "call_analysis": {"call_summary": said}
            }),
        )
        .await?;
    eventually("it is held back", || async {
        Ok(world.count("notes where held and kind = 'call'").await? == 1)
    })
    .await?;

    let told = world.told().await?;
    ensure!(!told.contains("invoice"), "{told}");
    ensure!(told.contains(LOOKS_INTO_IT), "{told}");

    world.clear(&world.held_note().await?).await?;
    let told = world.told().await?;
    ensure!(told.contains("disputes the invoice"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_call_stands_in_the_conversation_with_what_its_agent_was_sent() -> Result<()> {
    let world = business().await?;
    let call = rung(&world, 1).await?;
    let words = json!({"text": "Tell Ada Archer to ring 07700 900199", "name": "Ada Archer"});
    let left = asked(&world, &call, "note", words).await?;
    ensure!(is_done(&left), "{left:?}");
    world.retell.end_talk(&call);
    call_is_over(&world).await?;

    let shown = world
        .operate(&["conversation", "--tenant", SLUG, &number(1)])
        .await?;
    let lines = shown
        .lines()
        .filter(|line| line.contains("call with an agent"));
    ensure!(lines.clone().count() == 1, "{shown}");
    ensure!(lines.clone().all(|line| line.contains('←')), "{shown}");
    let id = lines
        .flat_map(str::split_whitespace)
        .find(|word| word.starts_with("cal_"));
    let id = id.context("the call is named")?;

    let masked = world.operate(&["trace", id, "--context"]).await?;
    for told in ["memory_summary", "note, ", "…0199"] {
        ensure!(masked.contains(told), "{told}: {masked}");
    }
    for personal in ["Ada", "Archer", "900199"] {
        ensure!(!masked.contains(personal), "{personal}: {masked}");
    }
    let revealed = world
        .operate(&["trace", id, "--context", "--reveal"])
        .await?;
    ensure!(
        revealed.contains("Ada Archer") && revealed.contains("07700 900199"),
        "{revealed}"
    );
    Ok(())
}

#[tokio::test]
async fn what_the_agent_of_a_call_of_ours_was_told_is_kept_with_it() -> Result<()> {
    let mut world = World::start(&settings(TELLS), quick()).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.play().await?;
    world.assert_sound().await?;

    let id = world
        .sql("select 'cal_' || replace(id::text, '-', '') from calls where direction = 'outbound' limit 1")
        .await?;
    let masked = world.operate(&["trace", &id, "--context"]).await?;
    let revealed = ["trace", &id, "--context", "--reveal"];
    let revealed = world.operate(&revealed).await?;

    ensure!(masked.contains("appointment_date"), "{masked}");
    ensure!(!masked.contains("Ada"), "{masked}");
    ensure!(revealed.contains("Ada"), "{revealed}");
    // Once for each request to dial.
    let requests = world.sql("select sum(requests) from calls").await?;
    assert_eq!(world.count("context_log").await?.to_string(), requests);
    Ok(())
}
