use domain::call::{AppointmentAction, CallOutcome, CallState, CallView, Sentiment};
use serde_json::json;

use super::*;

const FIELD: &str = "appointment_action";

fn heard(message: Value) -> Option<Observation> {
    let body = json!({"message": message}).to_string();
    observe_event(body.as_bytes(), FIELD).unwrap()
}

/// A report with this structured data.
fn analyzed(data: Value) -> Observation {
    let report = json!({"type": "end-of-call-report", "endedReason": "customer-ended-call",
        "call": {"id": "c1"}, "analysis": {"structuredData": data}});
    heard(report).unwrap()
}

fn fetched(call: Value) -> Observation {
    observe_call(&serde_json::from_value(call).unwrap(), FIELD)
}

#[test]
fn what_was_said_is_found_wherever_a_report_puts_it() {
    for body in [
        json!({"artifact": {"transcript": "AI: Hello\nUser: I moved\n"}, "call": {"id": "c1"}}),
        json!({"transcript": "AI: Hello\nUser: I moved", "call": {"id": "c1"}}),
        json!({"call": {"id": "c1", "artifact": {"transcript": "AI: Hello\nUser: I moved"}}}),
    ] {
        let said = transcript(json!({"message": body}).to_string().as_bytes()).unwrap();
        assert_eq!(said.lines.len(), 2);
        assert_eq!(said.lines[1].words.0.as_str(), "I moved");
    }
    for without in [
        "{}",
        r#"{"message": {"artifact": {"transcript": ["AI"]}}}"#,
        "no",
    ] {
        assert_eq!(transcript(without.as_bytes()), None);
    }
}

#[test]
fn the_vendors_report_is_read_with_its_times() {
    let body = br#"{"message":{"type":"end-of-call-report","timestamp":1767225605000,"endedReason":"customer-ended-call","startedAt":"2026-01-01T00:00:00.000Z","endedAt":"2026-01-01T00:01:00.000Z","cost":0.14,"costs":[{"type":"transport","cost":0.02,"minutes":1.0}],"durationMs":7,"analysis":{"summary":"Caller asked for a room on Tuesday.","structuredData":{"wantsCallback":true},"successEvaluation":"true"},"artifact":{"transcript":"AI: Hello\nUser: Hi","recordingUrl":"https://storage.example.net/mono.wav"},"call":{"id":"c1","type":"inboundPhoneCall","status":"ended","customer":{"number":"+447700900123"}}}}"#;
    let read = observe_event(body, FIELD).unwrap().unwrap();
    assert_eq!(read.kind, ObservationKind::Analyzed);
    assert_eq!(
        read.started_at.map(|at| at.to_string()).as_deref(),
        Some("2026-01-01T00:00:00Z")
    );
    assert_eq!(
        (read.duration_ms, read.connected, read.analyzed),
        (Some(60_000), true, true)
    );
    assert_eq!(
        read.summary.as_deref(),
        Some("Caller asked for a room on Tuesday.")
    );
    let view = CallView::join(&[read]);
    assert_eq!(
        (view.state, view.outcome),
        (CallState::Completed, Some(CallOutcome::NoClearAnswer))
    );
}

#[test]
fn the_content_of_an_artifact_is_found_in_each_of_its_places() {
    let outputs = json!({"o1": {"name": "Appointment Action", "result": "cancelled"}});
    let content = json!({"transcript": "User: Hi", "structuredOutputs": outputs});
    let mut direct = json!({"type": "end-of-call-report", "call": {"id": "c1"}});
    direct
        .as_object_mut()
        .unwrap()
        .extend(content.as_object().unwrap().clone());
    for message in [
        json!({"type": "end-of-call-report", "artifact": content, "call": {"id": "c1"}}),
        json!({"type": "end-of-call-report", "call": {"id": "c1", "artifact": content}}),
        json!({"type": "end-of-call-report", "artifact": {"transcript": "", "messages": []},
            "call": {"id": "c1", "artifact": content}}),
        direct,
    ] {
        let read = heard(message.clone()).unwrap();
        assert!(read.connected, "{message}");
        assert_eq!(read.action, Some(AppointmentAction::Cancelled), "{message}");
    }
}

#[test]
fn an_analysis_is_found_on_the_message_and_in_the_call() {
    let analysis = json!({"structuredData": {FIELD: "confirmed"}, "summary": "They come."});
    for message in [
        json!({"type": "end-of-call-report", "analysis": analysis, "call": {"id": "c1"}}),
        json!({"type": "end-of-call-report", "analysis": {}, "call": {"id": "c1", "analysis": analysis}}),
    ] {
        let read = heard(message).unwrap();
        assert_eq!(read.action, Some(AppointmentAction::Confirmed));
        assert_eq!(read.summary.as_deref(), Some("They come."));
    }
    let old =
        heard(json!({"type": "end-of-call-report", "summary": "They come.", "call": {"id": "c1"}}));
    assert_eq!(old.unwrap().summary.as_deref(), Some("They come."));
}

#[test]
fn the_decision_is_read_from_structured_data_and_from_structured_outputs() {
    let outputs = |outputs: Value| {
        heard(json!({"type": "end-of-call-report", "call": {"id": "c1"}, "artifact": {"structuredOutputs": outputs}}))
            .unwrap()
    };
    for read in [
        analyzed(
            json!({"appointmentAction": "Wants to reschedule", "opt_out": true, "topic": "a new time"}),
        ),
        outputs(json!({"o1": {"name": "Reminder", "result":
            {"appointment_action": "rescheduled", "doNotCall": "yes", "topic": "a new time"}}})),
        outputs(json!({
            "o1": {"name": "Appointment action", "result": "rescheduled"},
            "o2": {"name": "Opt out", "result": true},
            "o3": {"name": "topic", "result": "a new time"},
            "o4": {"name": "CSAT", "result": 8},
            "o5": {"name": 7}, "o6": null,
        })),
    ] {
        assert_eq!(read.action, Some(AppointmentAction::Rescheduled));
        assert_eq!(
            (read.opt_out, read.topic.as_deref()),
            (true, Some("a new time"))
        );
    }
    let unclear = analyzed(json!({FIELD: "cancel if it rains"}));
    assert_eq!(
        (unclear.action, unclear.unclear_action.as_deref()),
        (None, Some("cancel if it rains"))
    );
}

#[test]
fn a_machine_and_a_mood_are_heard_in_the_data() {
    let read = analyzed(json!({"in_voicemail": "yes", "User Sentiment": "Negative"}));
    assert_eq!(
        (read.in_voicemail, read.sentiment),
        (Some(true), Some(Sentiment::Negative))
    );
    let read = analyzed(json!({"voicemail": false, "sentiment": "so-so"}));
    assert_eq!((read.in_voicemail, read.sentiment), (Some(false), None));
    let view = CallView::join(&[heard(json!({"type": "end-of-call-report",
        "endedReason": "voicemail", "call": {"id": "c1"}}))
    .unwrap()]);
    assert_eq!(view.outcome, Some(CallOutcome::Voicemail));
}

#[test]
fn each_status_is_an_observation_of_its_kind() {
    let table = [
        ("scheduled", ObservationKind::Updated, CallState::Initiating),
        ("queued", ObservationKind::Updated, CallState::Initiating),
        ("ringing", ObservationKind::Updated, CallState::Ringing),
        ("in-progress", ObservationKind::Started, CallState::Answered),
        ("forwarding", ObservationKind::Started, CallState::Answered),
        ("ended", ObservationKind::Ended, CallState::Completed),
        ("not-found", ObservationKind::Updated, CallState::Initiating),
        ("humming", ObservationKind::Updated, CallState::Initiating),
    ];
    for (status, kind, state) in table {
        let message = json!({"type": "status-update", "status": status,
            "call": {"id": "c1", "status": "queued"}});
        let read = heard(message).unwrap();
        assert_eq!(read.provider_status.as_deref(), Some(status));
        assert_eq!(read.kind, kind, "{status}");
        assert_eq!(CallView::join(&[read]).state, state, "{status}");
    }
}

#[test]
fn a_call_that_goes_on_began_when_the_message_says_so() {
    let update = |call: Value| {
        heard(json!({"type": "status-update", "status": "in-progress", "timestamp": 1_767_225_541_000i64, "call": call}))
            .unwrap()
            .started_at
            .map(|at| at.to_string())
    };
    assert_eq!(
        update(json!({"id": "c1"})).as_deref(),
        Some("2025-12-31T23:59:01Z")
    );
    assert_eq!(
        update(json!({"id": "c1", "startedAt": "2026-01-01T00:00:00Z"})).as_deref(),
        Some("2026-01-01T00:00:00Z")
    );
}

#[test]
fn a_call_that_only_rang_has_no_duration() {
    let ended = |reason: &str| {
        heard(json!({"type": "end-of-call-report", "endedReason": reason, "startedAt": "2026-01-01T00:00:00Z",
            "endedAt": "2026-01-01T00:00:25Z", "artifact": {"transcript": " \n"}, "call": {"id": "c1"}}))
            .unwrap()
    };
    let unanswered = ended("customer-did-not-answer");
    assert_eq!(
        (unanswered.duration_ms, unanswered.connected),
        (None, false)
    );
    assert_eq!(
        CallView::join(&[unanswered]).outcome,
        Some(CallOutcome::NoAnswer)
    );
    assert_eq!(ended("customer-ended-call").duration_ms, Some(25_000));
}

#[test]
fn a_hang_is_no_end_and_most_messages_say_nothing() {
    for kind in [
        "hang",
        "transcript",
        "conversation-update",
        "speech-update",
        "tool-calls",
        "assistant-request",
        "call.sung",
    ] {
        assert_eq!(
            heard(json!({"type": kind, "call": {"id": "c1"}})),
            None,
            "{kind}"
        );
    }
    let started =
        heard(json!({"type": "assistant.started", "call": {"id": "c1", "status": "ringing"}}));
    let view = CallView::join(&[started.unwrap()]);
    assert_eq!(
        (view.state, view.answered, view.ended),
        (CallState::Answered, true, false)
    );
}

#[test]
fn an_analysis_that_is_not_made_yet_is_awaited_and_an_announced_one_is_not() {
    let read = fetched(
        json!({"id": "c1", "status": "ended", "endedReason": "customer-ended-call", "analysis": {}}),
    );
    assert!(CallView::join(&[read]).awaiting_analysis());
    let made = fetched(
        json!({"id": "c1", "status": "ended", "endedReason": "customer-ended-call",
        "analysis": {"successEvaluation": "false"}}),
    );
    assert_eq!(
        CallView::join(&[made]).outcome,
        Some(CallOutcome::NoClearAnswer)
    );
    let announced = analyzed(json!({}));
    assert_eq!(
        CallView::join(&[announced]).outcome,
        Some(CallOutcome::NoClearAnswer)
    );
}

#[test]
fn an_end_without_a_reason_is_awaited() {
    let ended = heard(json!({"type": "status-update", "status": "ended", "call": {"id": "c1"}}));
    assert!(CallView::join(&[ended.unwrap()]).awaiting_analysis());
}

#[test]
fn a_report_ends_a_call_whose_status_lags_behind() {
    let report = heard(
        json!({"type": "end-of-call-report", "endedReason": "customer-busy",
        "call": {"id": "c1", "status": "in-progress"}}),
    )
    .unwrap();
    assert_eq!(
        (report.status, report.connected),
        (Some(ProviderStatus::Ended), false)
    );
    assert_eq!(CallView::join(&[report]).state, CallState::Busy);
}

#[test]
fn a_field_of_the_wrong_type_does_not_cost_the_cancellation() {
    let report = heard(json!({"type": "end-of-call-report", "startedAt": {}, "endedAt": -1e300, "timestamp": "now",
        "artifact": [], "transcript": 7, "endedReason": null,
        "call": {"id": "c1", "status": [], "type": 7, "analysis": "none"},
        "analysis": {"summary": 1, "structuredData": {FIELD: "cancelled", "sentiment": {}, "voicemail": "perhaps"}}}))
    .unwrap();
    assert_eq!(
        CallView::join(&[report]).outcome,
        Some(CallOutcome::Cancelled)
    );
}

#[test]
fn a_missing_part_is_named() {
    for (body, field) in [
        (r#"{}"#, "message"),
        (r#"{"message":{}}"#, "message.type"),
        (
            r#"{"message":{"type":"end-of-call-report"}}"#,
            "message.call",
        ),
        (
            r#"{"message":{"type":"status-update","call":{"id":"c1"}}}"#,
            "message.status",
        ),
        (
            r#"{"message":{"type":"assistant.started","call":{}}}"#,
            "message.call.id",
        ),
    ] {
        let problem = observe_event(body.as_bytes(), FIELD).unwrap_err();
        assert_eq!(problem, ParseProblem::Missing(field), "{body}");
    }
    assert!(matches!(
        observe_event(b"nonsense", FIELD),
        Err(ParseProblem::NotJson { .. })
    ));
}
