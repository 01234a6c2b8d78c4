//! What people say to a voice agent is read like what they write.

use anyhow::{Result, ensure};
use serde_json::json;
use simulator::{
    gemini,
    retell::{CallScript, NumberScript, Outcome},
};

use super::{Clinic, fast};
use crate::{
    harness::{number, quick},
    inbound::caller,
};

/// A call in which the person says this, after which everything is read.
pub(super) async fn call(clinic: &Clinic, from: u32, outcome: Outcome, says: &str) -> Result<()> {
    let mut scenario = quick();
    scenario.numbers.push(NumberScript {
        to: number(from),
        calls: vec![CallScript {
            says: vec![says.to_owned()],
            ..CallScript::from(outcome)
        }],
        creates: Vec::new(),
    });
    clinic.world.retell.set_scenario(scenario)?;
    let over = "calls where direction = 'inbound' and outcome is not null";
    let before = clinic.world.count(over).await?;
    clinic.world.retell.ring(&caller(&number(from))).await;
    clinic
        .comes_to("the call is over", over, before + 1)
        .await?;
    clinic.world.settled().await?;
    clinic.read().await
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
