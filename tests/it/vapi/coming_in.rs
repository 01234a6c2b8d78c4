//! Calls that come in at Vapi: one call whatever becomes of its messages, with its tools, and nobody forgotten.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::{
    retell::{Outcome, WebhookFault},
    vapi::{CallScript, Caller, ToolSeen, ToolUse},
};

use super::{ASSISTANT, Clinic, caller, scenario};
use crate::{
    desk::{DAY_BEFORE, half_past, instant},
    followups::list,
    harness::{HEADER, eventually, number, row, rows},
};

/// An assistant that the clinic's settings do not name.
const STRANGE: &str = "5b1d0c9a-0000-4000-8000-0c0ffee0dead";

/// Somebody whose call the number's own assistant takes: nobody is asked who calls.
fn unasked(of: u32) -> Caller {
    caller(of).to_assistant(ASSISTANT)
}

/// What a tool was answered, which is always something that the model can read.
fn answer(tool: &ToolSeen) -> Result<Value> {
    assert_eq!((tool.status, &tool.problem), (Some(200), &None), "{tool:?}");
    let told = tool.result.as_ref().context("a result")?;
    Ok(serde_json::from_str(told)?)
}

impl Clinic {
    /// Waits until so many tools have been answered in all.
    async fn answered(&self, tools: usize) -> Result<Vec<ToolSeen>> {
        eventually("the tools are answered", || async {
            Ok(self.vapi.ledger().tools.len() == tools)
        })
        .await?;
        Ok(self.vapi.ledger().tools)
    }

    /// The calls from a number as they are kept, one a line.
    async fn kept(&self, of: u32) -> Result<String> {
        let rows = format!(
            "select concat_ws(' / ', state, dial_state, outcome, detail, line, topic, summary, sentiment, applied_action,
                 applied_opt_out, review, quality, contact_id is not null, ended_at is not null, duration_ms is not null,
                 (select count(*) from notes n where n.call_id = c.id))
             from calls c where direction = 'inbound' and e164 = '{}'",
            number(of)
        );
        self.world.sql(&rows).await
    }
}

#[tokio::test]
async fn messages_that_come_twice_late_or_in_disorder_come_to_the_same_one_call() -> Result<()> {
    use WebhookFault::{Delay, Duplicate, Reorder};
    let spoilt: &[&[(&str, WebhookFault)]] = &[
        &[],
        &[
            ("in-progress", Duplicate),
            ("ended", Duplicate),
            ("end-of-call-report", Duplicate),
        ],
        // After the report.
        &[("in-progress", Delay), ("ended", Delay)],
        &[("end-of-call-report", Delay)],
        &[("in-progress", Reorder), ("ended", Reorder)],
        &[("ended", Reorder), ("end-of-call-report", Duplicate)],
    ];
    let callers = u32::try_from(spoilt.len())?;
    let mut scenario = scenario();
    scenario.faults.webhook.delay_seconds = [2.0; 2];
    for (of, messages) in (1..).zip(spoilt) {
        let call = CallScript {
            messages: messages
                .iter()
                .map(|(name, fault)| ((*name).to_owned(), *fault))
                .collect(),
            ..CallScript::from(Outcome::NoClearAnswer)
        };
        scenario = scenario.with_calls(&number(of), [call]);
    }
    let mut clinic = Clinic::start(scenario).await?;
    clinic.world.import(&rows(callers, &[3])).await?;
    clinic.world.settled().await?;

    for of in 1..=callers {
        clinic.ring(unasked(of)).await?;
    }

    ensure!(
        clinic.vapi.quiet(Duration::from_secs(60)).await,
        "Vapi still sends"
    );
    eventually("every message is read, and every call is over", || async {
        let over = "calls where direction = 'inbound' and outcome is not null";
        Ok(clinic.world.report().await?.unread_events == 0
            && clinic.world.store.outbox_length().await? == 0
            && clinic.world.count(over).await? == i64::from(callers))
    })
    .await?;
    let sent = spoilt.iter().copied().flatten();
    let twice = sent.filter(|(_, fault)| *fault == Duplicate).count();
    let heard = clinic.vapi.totals().webhooks_acknowledged;
    assert_eq!(heard, 3 * spoilt.len() + twice, "every message came in");
    let orderly = clinic.kept(1).await?;
    ensure!(orderly.contains("no_clear_answer"), "{orderly}");
    for (of, messages) in (1..).zip(spoilt) {
        assert_eq!(clinic.kept(of).await?, orderly, "{messages:?}");
    }
    assert_eq!(clinic.world.count("follow_ups").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_tool_is_the_first_that_is_heard_of_a_call() -> Result<()> {
    let mut scenario = scenario().always(Outcome::NoClearAnswer);
    scenario.faults.webhook.drop = 1.0;
    let clinic = Clinic::with_appointment(scenario).await?;
    let note = [ToolUse::new("note", json!({"text": "Call me back"}))];

    let rang = clinic.ring(unasked(1).with_tools(note)).await?;

    let tools = clinic.answered(1).await?;
    ensure!(answer(&tools[0])?["ok"] == true, "{tools:?}");
    let of_vapi = "events where provider = 'vapi'";
    assert_eq!(clinic.world.count(of_vapi).await?, 0, "no message came");
    let ours = format!(
        "calls where direction = 'inbound' and provider_call_id = '{}' and contact_id is not null",
        rang.provider_call_id
    );
    assert_eq!(clinic.world.count(&ours).await?, 1);
    let of_call = "notes n join calls c on c.id = n.call_id and c.contact_id = n.contact_id";
    assert_eq!(clinic.world.count(of_call).await?, 1);
    // No message tells of its end: it is asked for.
    clinic.world.play().await?;
    let over = format!("{ours} and outcome is not null");
    assert_eq!(clinic.world.count(&over).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_call_to_a_strange_assistant_is_kept_and_told_and_its_tools_tell_of_nobody() -> Result<()>
{
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let tools = [
        ToolUse::new("look_up", json!({"name": "Ada Archer"})),
        ToolUse::new("cancel", json!({"name": "Ada Archer"})),
    ];

    clinic
        .ring(caller(1).to_assistant(STRANGE).with_tools(tools))
        .await?;

    clinic.call_is_over().await?;
    for tool in clinic.answered(2).await? {
        let answer = answer(&tool)?;
        ensure!(answer["ok"] == false, "{tool:?}");
        ensure!(!answer.to_string().contains("12:00"), "{tool:?}");
        ensure!(!answer.to_string().contains("noon"), "{tool:?}");
    }
    let status = "select status from appointments where external_id = 'A1'";
    assert_eq!(clinic.world.sql(status).await?, "scheduled");
    let known = "calls where contact_id is not null";
    assert_eq!(clinic.world.count(known).await?, 0);
    eventually("somebody hears of the strange assistant", || async {
        let told = "alerts where cause = 'unknown_caller'";
        Ok(clinic.world.count(told).await? == 1)
    })
    .await
}

#[tokio::test]
async fn what_a_caller_asks_for_is_told_changed_and_remembered() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let noon = instant(&clinic.world, "starts_at", "appointments").await?;
    let (words, wanted) = half_past(15, 5)?;
    let tools = [
        ToolUse::new("look_up", json!({})),
        ToolUse::new("free_slots", json!({})),
        ToolUse::new("reschedule", json!({"new_datetime": words})),
    ];

    clinic.ring(caller(1).with_tools(tools)).await?;

    let tools = clinic.answered(3).await?;
    let [seen, free, moved] = tools.as_slice() else {
        anyhow::bail!("three tools: {tools:#?}");
    };
    let starts_at = |of: &Value| -> Result<Timestamp> {
        Ok(of["starts_at"].as_str().context("an instant")?.parse()?)
    };
    assert_eq!(starts_at(&answer(seen)?["appointments"][0])?, noon);
    ensure!(
        starts_at(&answer(free)?["free_times"][0])? > Timestamp::now(),
        "{free:?}"
    );
    assert_eq!(starts_at(&answer(moved)?["appointment"])?, wanted);
    eventually("the reminder waits for the new time", || async {
        let waits = "reminders where state = 'waiting'";
        Ok(instant(&clinic.world, "next_at", waits).await? == wanted - DAY_BEFORE)
    })
    .await?;
    assert_eq!(
        instant(&clinic.world, "starts_at", "appointments").await?,
        wanted
    );

    let tools = ["confirm", "opt_out"].map(|name| ToolUse::new(name, json!({})));
    clinic.ring(caller(1).with_tools(tools)).await?;

    for tool in clinic.answered(5).await?.split_off(3) {
        ensure!(answer(&tool)?["ok"] == true, "{tool:?}");
    }
    let status = "select status from appointments where external_id = 'A1'";
    assert_eq!(clinic.world.sql(status).await?, "confirmed");
    let left = "select e164 from opt_outs";
    assert_eq!(clinic.world.sql(left).await?, number(1));
    clinic.world.play().await?;
    assert_eq!(clinic.vapi.totals().calls_placed, 0);
    Ok(())
}

#[tokio::test]
async fn a_call_that_nobody_took_waits_for_somebody() -> Result<()> {
    let scenario = scenario()
        .always(Outcome::NoClearAnswer)
        .with_calls(&number(1), [Outcome::NoAnswer.into()]);
    let mut clinic = Clinic::start(scenario).await?;
    let file = format!("{HEADER}{}{}", row("A1", 1, 3), row("A2", 2, 3));
    clinic.world.import(&file).await?;
    clinic.world.settled().await?;

    for of in [1, 2] {
        clinic.ring(caller(of)).await?;
    }

    eventually("both calls are over", || async {
        let over = "calls where direction = 'inbound' and outcome is not null";
        Ok(clinic.world.count(over).await? == 2)
    })
    .await?;
    let waiting = list(&clinic.world).await?;
    let [missed] = waiting.as_slice() else {
        anyhow::bail!("one waits: {waiting:?}");
    };
    assert_eq!(missed["number"], number(1));
    assert_eq!(
        (&missed["kind"], &missed["state"]),
        (&json!("call"), &json!("open"))
    );
    Ok(())
}
