//! Who calls at Vapi, and what they have done, where it is easy to do wrong.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::{
    retell::{Outcome, WebhookFault},
    vapi::{ToolSeen, ToolUse},
};

use super::{Clinic, caller, scenario, told};
use crate::{
    desk::half_past,
    harness::{HEADER, number, row},
};

#[tokio::test]
async fn nobody_is_guessed_on_a_number_that_several_people_have() -> Result<()> {
    let shared = format!("[inbound]\nshared_numbers = [{:?}]\n", number(3));
    let mut clinic = Clinic::with_settings(&shared, scenario()).await?;
    let time = "2030-01-01T10:00:00Z";
    let file = format!(
        "{HEADER}B1,Bea Baker,{0},{time},\nB2,Ben Baker,{0},{time},\n{1}",
        number(7),
        row("A3", 3, 3)
    );
    clinic.world.import(&file).await?;
    clinic.world.settled().await?;

    for of in [7, 3] {
        let rang = clinic.ring(caller(of)).await?;
        assert_eq!(told(&rang, "caller"), "shared", "{rang:?}");
        assert_eq!(told(&rang, "is_known"), "false", "{rang:?}");
        assert_eq!(told(&rang, "appointment_count"), "", "{rang:?}");
        let answer = rang.answer.context("there is an answer")?.to_string();
        ensure!(
            !answer.contains("Ada") && !answer.contains("Baker"),
            "{answer}"
        );
    }
    let guessed = "context_log where contact_id is not null";
    assert_eq!(clinic.world.count(guessed).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_booking_that_a_tool_asks_for_twice_is_made_once_and_answered_alike() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let (words, at) = half_past(9, 4)?;
    // One invocation that is sent twice at once, then another for the same time.
    let book = || ToolUse::new("book", json!({"datetime": words}));
    let twice = book().with_fault(WebhookFault::Duplicate);

    let rang = clinic.ring(caller(1).with_tools([twice, book()])).await?;
    clinic.call_is_over().await?;

    let tools = clinic.vapi.ledger().tools;
    let ids: Vec<_> = tools.iter().map(|tool| &tool.tool_call_id).collect();
    let [first, again, later] = tools.as_slice() else {
        anyhow::bail!("three requests: {tools:#?}");
    };
    ensure!(ids[0] == ids[1] && ids[0] != ids[2], "{ids:?}");
    for tool in &tools {
        assert_eq!((tool.status, &tool.problem), (Some(200), &None), "{tool:?}");
        assert_eq!(tool.provider_call_id, rang.provider_call_id);
    }
    assert_eq!(first.result, again.result);
    let ok = |tool: &ToolSeen| -> Result<bool> {
        let told = tool.result.as_ref().context("a result")?;
        let told: Value = serde_json::from_str(told)?;
        Ok(told["ok"] == true && told["changed"] == true)
    };
    ensure!(ok(first)?, "{first:?}");
    ensure!(!ok(later)?, "nothing more is booked: {later:?}");
    let booked = format!("appointments where external_id like 'apt_%' and starts_at = '{at}'");
    assert_eq!(clinic.world.count(&booked).await?, 1);
    let all = "appointments where external_id like 'apt_%'";
    assert_eq!(clinic.world.count(all).await?, 1);
    assert_eq!(clinic.world.count("call_functions").await?, 2);
    Ok(())
}
