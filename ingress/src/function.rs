//! Functions that a voice agent asks for in the middle of a call: carried out once, within a fixed time (MEM-4).
//!
//! What fails is answered 503, so that the provider asks again: carried out twice it is never.

use std::time::Duration;

use domain::{alert::AlertCause, ids::TenantId};
use jiff::Timestamp;
use providers::{
    retell,
    source::{ParseProblem, SourceKind},
    vapi::{
        self,
        question::{Question, ToolCall, ToolQuestion},
    },
};
use serde_json::Value;
use store::{Seen, Store, Trouble};

use crate::{
    app::App,
    desk::{self, AskedFunction, Asking},
    provider::column_text,
    question::Asked,
    refusal::Refusal,
    telemetry,
};

const UNREADABLE: &str = "The arguments could not be read. Nothing was changed.";

/// What an agent is told that cannot be made to ask again. Whether it was done is not known.
const NOT_DONE: &str =
    "That could not be done just now. Take a note of it and say that somebody will call back.";

/// The answer's JSON, or why there is none.
pub(crate) async fn answer(app: &App, asked: &Asked<'_>) -> Result<Vec<u8>, Refusal> {
    let limit = asked.rest_of(app.config.function_time_limit);
    if asked.provider == SourceKind::Vapi {
        let answered = tools(app, asked, limit).await;
        return answered.map_err(Refusal::Unreadable);
    }
    let function = read(asked).map_err(Refusal::Unreadable)?;
    let answered = carried_out(app, asked, &function, limit).await;
    let text = answered.ok_or(Refusal::NotAnswered)?;
    Ok(retell::function::answer(&text))
}

/// What Vapi's tools came to, each within `limit`. It is told with success whatever came of them, as its model sees no other answer.
async fn tools(app: &App, asked: &Asked<'_>, limit: Duration) -> Result<Vec<u8>, ParseProblem> {
    let question = match vapi::question::read(asked.body)? {
        Question::Tools(question) => question,
        _ => return Err(ParseProblem::Missing("tool-calls")),
    };
    let mut results = Vec::new();
    for call in &question.calls {
        let outcome = match tool(asked, &question, call) {
            None => Err(UNREADABLE.to_owned()),
            Some(function) => {
                let answered = carried_out(app, asked, &function, limit).await;
                answered
                    .map(Value::String)
                    .ok_or_else(|| NOT_DONE.to_owned())
            }
        };
        results.push(call.result(outcome));
    }
    Ok(vapi::question::tool_answer(&results))
}

/// `None` when its arguments cannot be read.
fn tool(asked: &Asked<'_>, question: &ToolQuestion, call: &ToolCall) -> Option<AskedFunction> {
    let arrival = vapi::arrival(asked.body);
    let of_call = |part: fn(&vapi::Arrival) -> &Option<String>| {
        arrival.as_ref().and_then(|call| part(call).as_deref())
    };
    Some(AskedFunction {
        provider: asked.provider.code(),
        invocation: question.invocation(call),
        is_numbered: call.id.is_some(),
        call: question.call_id,
        context: arrival.as_ref().and_then(|call| call.context),
        name: column_text(call.name.as_deref().unwrap_or_default()),
        arguments: call.args.clone()?.into_iter().map(storable_entry).collect(),
        provider_call_id: question.provider_call_id.as_deref().map(column_text),
        agent_id: of_call(|call| &call.assistant_id).map(column_text),
        from_number: of_call(|call| &call.from_number).map(str::to_owned),
        to_number: of_call(|call| &call.to_number).map(column_text),
        to_number_id: of_call(|call| &call.phone_number_id).map(str::to_owned),
    })
}

/// What the agent's model is told, unless it failed or took too long.
async fn carried_out(
    app: &App,
    asked: &Asked<'_>,
    function: &AskedFunction,
    limit: Duration,
) -> Option<String> {
    let asking = Asking {
        tenant: asked.source.tenant,
        now: asked.trace.arrived_at,
        limit,
        on_wake: &app.intake.on_wake,
        request_id: &asked.trace.request_id,
        trace_id: &asked.trace.trace_id,
    };
    let work = desk::carry_out(&app.store, function, &asking);
    let failure = match tokio::time::timeout(asking.limit, work).await {
        Ok(Ok(Some(text))) => return Some(text),
        Ok(Ok(None)) => "function_met_changes",
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a function failed"
            );
            "function_failed"
        }
        Err(_) => "function_timed_out",
    };
    telemetry::caller_unanswered(failure);
    tracing::error!(
        alert = true,
        failure,
        took_ms = asked.since.elapsed().as_millis(),
        "a function that an agent asked for was not carried out"
    );
    tokio::spawn(alarm(app.store.clone(), asking.tenant, failure));
    None
}

fn read(asked: &Asked<'_>) -> Result<AskedFunction, ParseProblem> {
    let question = retell::function::read(asked.body)?;
    let metadata = |key| question.metadata.get(key)?.as_str();
    Ok(AskedFunction {
        provider: asked.provider.code(),
        invocation: question.invocation(),
        is_numbered: false,
        call: metadata(retell::CALL_ID_KEY).and_then(|id| id.parse().ok()),
        context: metadata(retell::CONTEXT_ID_KEY).and_then(|id| id.parse().ok()),
        name: column_text(&question.name),
        arguments: question.args.into_iter().map(storable_entry).collect(),
        // As the call's events are stored with.
        provider_call_id: question.provider_call_id.as_deref().map(column_text),
        agent_id: question.agent_id.as_deref().map(column_text),
        from_number: question.from_number,
        to_number: question.to_number.as_deref().map(column_text),
        to_number_id: None,
    })
}

/// A value as a jsonb column takes it: without NUL.
fn storable(value: Value) -> Value {
    match value {
        Value::String(text) => text.replace('\0', "\u{fffd}").into(),
        Value::Array(items) => items.into_iter().map(storable).collect(),
        Value::Object(entries) => entries.into_iter().map(storable_entry).collect(),
        other => other,
    }
}

fn storable_entry((key, value): (String, Value)) -> (String, Value) {
    (key.replace('\0', "\u{fffd}"), storable(value))
}

/// If the database can be asked at all; the metric and the log tell of it in any case.
async fn alarm(store: Store, tenant: TenantId, failure: &'static str) {
    let trouble = Trouble::of_code(AlertCause::CallerUnanswered, failure);
    let raised = async {
        let mut tx = store.tenant(tenant).begin().await?;
        tx.raise(&trouble, Seen::Occurred, Timestamp::now()).await?;
        tx.commit().await
    };
    if let Err(error) = raised.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the alert about a function could not be raised"
        );
    }
}
