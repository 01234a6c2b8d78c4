//! Whole lives of calls as Vapi tells them, in any order, doubled and with gaps: the end is the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use domain::call::{CallOutcome, CallState, CallView, Observation};
use proptest::prelude::*;
use providers::vapi::{CallObject, arrival, observe_call, observe_event, webhook};
use serde_json::{Value, json};

const FIELD: &str = "appointment_action";
const OUR_CALL: &str = "cal_019a0000000070008000000000000001";

struct Life {
    name: &'static str,
    expected: Value,
    events: Vec<Value>,
    read: Value,
}

/// A call that ended for this reason, with what its analysis found; without one nobody picked up.
fn life(
    name: &'static str,
    reason: &str,
    data: Option<Value>,
    state: CallState,
    outcome: CallOutcome,
) -> Life {
    let answered = data.is_some();
    let kind = if name.contains("caller") {
        "inboundPhoneCall"
    } else {
        "outboundPhoneCall"
    };
    let call = |status: &str| {
        json!({"id": "c1", "type": kind, "status": status, "name": OUR_CALL, "createdAt": "2026-01-01T00:00:00Z",
            "phoneNumberId": "9e8d7c6b", "customer": {"number": "+447700900123"}})
    };
    let message = |kind: &str, fields: Value| {
        let mut message = fields;
        message["type"] = kind.into();
        message["timestamp"] = 1_767_225_601_000_i64.into();
        json!({"message": message})
    };
    let status = |status: &str| {
        message(
            "status-update",
            json!({"status": status, "call": call(status)}),
        )
    };
    let mut events = vec![status("queued"), status("ringing")];
    if answered {
        events.push(status("in-progress"));
        events.push(message(
            "assistant.started",
            json!({"call": call("in-progress")}),
        ));
        events.push(message("hang", json!({"call": call("in-progress")})));
    }
    let end = json!({"status": "ended", "endedReason": reason, "call": call("ended")});
    events.push(message("status-update", end));
    let transcript = if answered {
        "AI: Hello\nUser: Hello\n"
    } else {
        ""
    };
    let ending = json!({"endedReason": reason, "startedAt": "2026-01-01T00:00:05Z", "endedAt": "2026-01-01T00:00:47Z",
        "analysis": {"structuredData": data.unwrap_or_default(), "summary": "Invented."},
        "artifact": {"transcript": transcript}});
    let mut report = ending.clone();
    report["call"] = call("in-progress");
    events.push(message("end-of-call-report", report));
    let mut read = call("ended");
    read.as_object_mut()
        .unwrap()
        .extend(ending.as_object().unwrap().clone());
    let expected = json!({"state": state, "outcome": outcome});
    Life {
        name,
        expected,
        events,
        read,
    }
}

fn lives() -> Vec<Life> {
    let said = |word: &str| Some(json!({FIELD: word}));
    let both = Some(json!({FIELD: "cancelled", "opt_out": true}));
    vec![
        life(
            "confirmed",
            "assistant-ended-call",
            said("confirmed"),
            CallState::Completed,
            CallOutcome::Confirmed,
        ),
        life(
            "cancelled",
            "customer-ended-call",
            said("cancelled"),
            CallState::Completed,
            CallOutcome::Cancelled,
        ),
        life(
            "rescheduled after a transfer",
            "assistant-forwarded-call",
            said("rescheduled"),
            CallState::Completed,
            CallOutcome::Rescheduled,
        ),
        life(
            "cancelled and opted out",
            "customer-ended-call",
            both,
            CallState::Completed,
            CallOutcome::DoNotCall,
        ),
        life(
            "nothing decided",
            "silence-timed-out",
            said("no_action"),
            CallState::Completed,
            CallOutcome::NoClearAnswer,
        ),
        life(
            "unclear words",
            "customer-ended-call",
            said("cancel if it rains"),
            CallState::Completed,
            CallOutcome::NoClearAnswer,
        ),
        life(
            "no analysis set up",
            "customer-ended-call",
            Some(json!({})),
            CallState::Completed,
            CallOutcome::NoClearAnswer,
        ),
        life(
            "passed on to nobody",
            "call.forwarding.no-answer",
            said("none"),
            CallState::Completed,
            CallOutcome::NoClearAnswer,
        ),
        life(
            "a caller passed on to nobody",
            "call.forwarding.no-answer",
            Some(json!({})),
            CallState::NoAnswer,
            CallOutcome::NoAnswer,
        ),
        life(
            "a caller who hung up",
            "call.ringing.sip-inbound-caller-hungup-before-call-connect",
            None,
            CallState::NoAnswer,
            CallOutcome::NoAnswer,
        ),
        life(
            "a caller whom our webhook failed",
            "assistant-request-failed",
            None,
            CallState::Failed,
            CallOutcome::Failed,
        ),
        life(
            "no answer",
            "customer-did-not-answer",
            None,
            CallState::NoAnswer,
            CallOutcome::NoAnswer,
        ),
        life(
            "busy",
            "customer-busy",
            None,
            CallState::Busy,
            CallOutcome::Busy,
        ),
        life(
            "voicemail",
            "voicemail",
            Some(json!({"voicemail": true})),
            CallState::Voicemail,
            CallOutcome::Voicemail,
        ),
        life(
            "voicemail heard by the analysis",
            "assistant-ended-call",
            Some(json!({"in_voicemail": true})),
            CallState::Voicemail,
            CallOutcome::Voicemail,
        ),
        life(
            "a bad number",
            "twilio-reported-customer-misdialed",
            None,
            CallState::Failed,
            CallOutcome::InvalidNumber,
        ),
        life(
            "no credit",
            "call.start.error-subscription-insufficient-credits",
            None,
            CallState::Failed,
            CallOutcome::SystemicFailure,
        ),
        life(
            "the line broke",
            "call.in-progress.error-vapifault-worker-died",
            Some(json!({})),
            CallState::Failed,
            CallOutcome::Failed,
        ),
        life(
            "the line broke after cancelling",
            "pipeline-error-openai-llm-failed",
            said("cancelled"),
            CallState::Completed,
            CallOutcome::Cancelled,
        ),
        life(
            "stopped while it rang",
            "manually-canceled",
            None,
            CallState::Cancelled,
            CallOutcome::NoClearAnswer,
        ),
        life(
            "an unheard-of reason",
            "swallowed-by-whale",
            None,
            CallState::Failed,
            CallOutcome::Failed,
        ),
    ]
}

fn observed(event: &Value) -> Option<Observation> {
    observe_event(event.to_string().as_bytes(), FIELD).unwrap()
}

fn read(life: &Life) -> Observation {
    let call: CallObject = serde_json::from_value(life.read.clone()).unwrap();
    observe_call(&call, FIELD)
}

fn essence(view: &CallView) -> Value {
    json!({"state": view.state, "outcome": view.outcome})
}

#[test]
fn each_life_comes_to_its_end() {
    for life in lives() {
        let all: Vec<Observation> = life.events.iter().filter_map(observed).collect();
        let view = CallView::join(&all);
        assert_eq!(essence(&view), life.expected, "{}", life.name);
        // With every webhook lost, the read alone says as much.
        let read = CallView::join(&[read(&life)]);
        assert_eq!(essence(&read), life.expected, "{}", life.name);
        assert_eq!(read.duration_ms, view.duration_ms, "{}", life.name);
    }
}

#[test]
fn what_an_opt_out_stands_beside_is_kept() {
    let lives = lives();
    let both = lives
        .iter()
        .find(|life| life.name == "cancelled and opted out")
        .unwrap();
    let view = CallView::join(&[read(both)]);
    assert!(view.opt_out && view.action.is_some_and(|action| action.is_decisive()));
}

#[test]
fn every_event_has_an_outline_with_our_id_and_a_key_of_its_own() {
    for life in lives() {
        let mut keys = std::collections::BTreeSet::new();
        for event in &life.events {
            let body = event.to_string();
            let outline = webhook::outline(body.as_bytes()).unwrap();
            assert_eq!(outline.call_id.unwrap().to_string(), OUR_CALL);
            assert!(keys.insert(outline.dedupe_key), "{}: {body}", life.name);
            let came_in = life.name.contains("caller");
            assert_eq!(arrival(body.as_bytes()).is_some(), came_in, "{body}");
        }
    }
}

proptest! {
    #[test]
    fn order_doubles_and_gaps_change_nothing_while_the_report_is_there(
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12), fetched in any::<bool>(),
    ) {
        for life in lives() {
            let report = life.events.last().unwrap();
            let mut heard: Vec<Observation> =
                order.iter().filter_map(|index| observed(index.get(&life.events))).collect();
            let place = order.first().map_or(0, |index| index.index(heard.len() + 1));
            heard.insert(place, observed(report).unwrap());
            if fetched {
                heard.push(read(&life));
            }
            prop_assert_eq!(essence(&CallView::join(&heard)), life.expected, "{}", life.name);
        }
    }

    #[test]
    fn no_body_makes_reading_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (arrival(&bytes), observe_event(&bytes, FIELD));
    }

    #[test]
    fn no_change_of_a_real_body_makes_reading_it_panic(
        life in any::<prop::sample::Index>(), event in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let lives = lives();
        let mut body = event.get(&life.get(&lives).events).to_string().into_bytes();
        let place = cut.index(body.len());
        body[place] = byte;
        let _ = (arrival(&body), observe_event(&body, FIELD));
        body.truncate(place);
        let _ = (arrival(&body), observe_event(&body, FIELD));
    }
}
