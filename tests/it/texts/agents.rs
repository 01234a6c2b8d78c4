//! What people say to a voice agent is read like what they write.

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use serde_json::json;
use simulator::{
    gemini,
    retell::{CallScript, NumberScript, Outcome, Scenario},
};

use super::{Clinic, fast};
use crate::{
    harness::{HEADER, number, quick, row},
    inbound::caller,
};

/// Every call with this number goes so, and the person says this.
fn scripted(of: u32, says: &str, script: CallScript) -> Scenario {
    let mut scenario = quick();
    scenario.numbers.push(NumberScript {
        to: number(of),
        calls: vec![CallScript {
            says: vec![says.to_owned()],
            ..script
        }],
        creates: Vec::new(),
    });
    scenario
}

/// A call in which the person says this, after which everything is read.
pub(super) async fn call(clinic: &Clinic, from: u32, outcome: Outcome, says: &str) -> Result<()> {
    ring(clinic, from, outcome, says).await?;
    clinic.read().await
}

async fn ring(clinic: &Clinic, from: u32, outcome: Outcome, says: &str) -> Result<()> {
    let scenario = scripted(from, says, outcome.into());
    clinic.world.retell.set_scenario(scenario)?;
    let over = "calls where direction = 'inbound' and outcome is not null";
    let before = clinic.world.count(over).await?;
    clinic.world.retell.ring(&caller(&number(from))).await;
    clinic
        .comes_to("the call is over", over, before + 1)
        .await?;
    clinic.world.settled().await
}

#[tokio::test]
async fn what_a_caller_tells_an_agent_is_filled_in_or_asked_about() -> Result<()> {
    let gemini = gemini::Scenario::default()
        .finding("ada@first", json!({"email": "ada@first.example"}))
        .finding(
            "ada@second",
            json!({"email": "ada@second.example", "callback": "Ring me back"}),
        );
    let clinic = Clinic::open("", fast(), gemini).await?;
    let talked = Outcome::NoClearAnswer;

    call(&clinic, 1, talked, "You reach me at ada@first.example").await?;
    assert_eq!(clinic.contact("email").await?, "ada@first.example");
    let filled = "contact_changes g join extractions x on x.id = g.cause::uuid
                  where g.field = 'email' and x.kind = 'transcript' and x.call_id is not null";
    assert_eq!(clinic.world.count(filled).await?, 1);

    let other = "Better ada@second.example. Ring me back";
    call(&clinic, 1, talked, other).await?;
    assert_eq!(clinic.contact("email").await?, "ada@first.example");
    let list = clinic.tell(&["approvals", "list"]).await?;
    ensure!(
        list.contains("email: ada@first.example → ada@second.example"),
        "{list}"
    );
    // The talk in which the wish was uttered does not settle it.
    let wish = "follow_ups where state = 'open' and kind = 'callback_asked'";
    assert_eq!(clinic.world.count(wish).await?, 1);

    // Nothing is read of somebody unknown, nor of a machine that speaks for a person.
    call(&clinic, 99, talked, "I am ada@third.example").await?;
    call(&clinic, 1, Outcome::Voicemail, "This is ada@third.example").await?;
    assert_eq!(clinic.world.count("extractions").await?, 2);
    Ok(())
}

#[tokio::test]
async fn of_a_clinic_that_keeps_no_transcripts_the_summary_is_read() -> Result<()> {
    let settings = "[retention]\nkeep_transcripts = false";
    let clinic = Clinic::open(settings, fast(), gemini::Scenario::default()).await?;

    let words = "You reach me at ada@first.example";
    call(&clinic, 1, Outcome::NoClearAnswer, words).await?;

    for (kind, count) in [("transcript", 0), ("summary", 1)] {
        let read = format!("extractions where kind = '{kind}' and state = 'read'");
        assert_eq!(clinic.world.count(&read).await?, count, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn words_of_a_call_that_turns_out_to_be_somebody_elses_are_not_read() -> Result<()> {
    let gemini = gemini::Scenario::default()
        .with_faults(&[gemini::Fault::Overloaded])
        .finding("ada@", json!({"email": "ada@first.example"}));
    let mut clinic = Clinic::open("", fast(), gemini).await?;
    let other = format!("{HEADER}{}", row("B1", 2, 3));
    clinic.world.import(&other).await?;
    let words = "You reach me at ada@first.example";
    ring(&clinic, 1, Outcome::NoClearAnswer, words).await?;
    let waits = "extractions where state = 'waiting' and error is not null";
    clinic.comes_to("the reader was busy", waits, 1).await?;

    let somebody_else = format!(
        "update calls set contact_id = (select id from contacts where e164 = '{}') where direction = 'inbound'",
        number(2)
    );
    clinic.world.sql(&somebody_else).await?;

    let left_out = "extractions where state = 'superseded'";
    clinic
        .reading_goes_on(SignedDuration::from_secs(20), left_out, 1)
        .await?;
    assert_eq!(
        clinic
            .world
            .count("contacts where email is not null")
            .await?,
        0
    );
    Ok(())
}

#[tokio::test]
async fn a_call_of_ours_is_read_once_its_analysis_tells_that_no_machine_took_it() -> Result<()> {
    for (no_analysis, read) in [(true, 0), (false, 1)] {
        let clinic = Clinic::open("", fast(), gemini::Scenario::default()).await?;
        let script = CallScript {
            no_analysis: Some(no_analysis),
            ..CallScript::from(Outcome::NoClearAnswer)
        };
        let says = "You have reached Bob Baker, bob@baker.example";
        clinic
            .world
            .retell
            .set_scenario(scripted(1, says, script))?;
        clinic.world.play().await?;
        clinic.world.assert_sound().await?;
        let talked = "calls where direction = 'outbound' and outcome = 'no_clear_answer'";
        ensure!(clinic.world.count(talked).await? > 0, "nobody talked");
        let queued = clinic.world.count("extractions").await?;
        assert_eq!(queued.min(1), read, "no analysis: {no_analysis}");
    }
    Ok(())
}
