//! A call and what came of it: recordings, summary, transcript, voicemail.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use serde_json::{Value, json};

use super::{Answer, data, may_read};
use crate::openphone::{
    Shared,
    event::{listed_call, summary, time, transcript},
    ledger::Call,
};

/// One thing of a call that is over; `None` for what there is not, or not yet.
async fn of_call(
    shared: &Shared,
    headers: &HeaderMap,
    id: &str,
    make: impl FnOnce(&Call) -> Option<Value>,
) -> Answer {
    may_read(shared, headers)?;
    let found = shared.book.read(|ledger| {
        let found = ledger.calls.iter().find(|call| call.id == id)?;
        make(found)
    });
    data(found)
}

type Of = (State<Arc<Shared>>, Path<String>, HeaderMap);

pub(super) async fn call((State(shared), Path(id), headers): Of) -> Answer {
    of_call(&shared, &headers, &id, |call| Some(listed_call(call))).await
}

pub(super) async fn recordings((State(shared), Path(id), headers): Of) -> Answer {
    let url = shared.media_url(&id);
    of_call(&shared, &headers, &id, |call| {
        let recorded = call.recording && call.completed_ms.is_some();
        let recording = json!({"id": format!("RE{id}"), "status": "completed", "duration": call.duration_s,
            "startTime": call.answered_ms.map(time), "type": "audio/mpeg", "url": url});
        Some(match recorded {
            true => json!([recording]),
            false => json!([]),
        })
    })
    .await
}

pub(super) async fn summaries((State(shared), Path(id), headers): Of) -> Answer {
    of_call(&shared, &headers, &id, |call| {
        Some(finished(call, summary(call)?))
    })
    .await
}

pub(super) async fn transcripts((State(shared), Path(id), headers): Of) -> Answer {
    of_call(&shared, &headers, &id, |call| {
        Some(finished(call, transcript(call)?))
    })
    .await
}

fn finished(call: &Call, mut material: Value) -> Value {
    let over = call.completed_ms.is_some();
    material["callId"] = call.id.as_str().into();
    material["status"] = if over { "completed" } else { "in-progress" }.into();
    material
}

pub(super) async fn voicemails((State(shared), Path(id), headers): Of) -> Answer {
    let url = shared.media_url(&id);
    of_call(&shared, &headers, &id, |call| {
        let words = call
            .voicemail
            .as_ref()
            .filter(|_| call.completed_ms.is_some())?;
        Some(
            json!({"id": format!("VM{id}"), "status": "completed", "duration": call.duration_s,
            "transcript": words, "recordingUrl": url}),
        )
    })
    .await
}
