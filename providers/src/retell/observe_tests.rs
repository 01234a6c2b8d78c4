use domain::call::{AppointmentAction, CallOutcome, CallView};
use serde_json::{Value, json};

use super::*;

const FIELD: &str = "appointment_action";

/// A `call_analyzed` with this custom analysis.
fn analyzed(custom: Value) -> Observation {
    let body = json!({"event": "call_analyzed", "call": {
        "call_id": "call_1", "call_status": "ended", "disconnection_reason": "user_hangup",
        "call_analysis": {"in_voicemail": false, "custom_analysis_data": custom},
    }});
    observe_event(body.to_string().as_bytes(), FIELD)
        .unwrap()
        .unwrap()
}

#[test]
fn what_was_said_is_found_in_an_event_of_the_end() {
    let body = br#"{"event":"call_ended","call":{"call_id":"c1","transcript":"Agent: Hello\nUser: I moved\n"}}"#;
    let said = transcript(body).unwrap();
    assert_eq!(said.lines.len(), 2);
    assert_eq!(said.lines[1].words.0.as_str(), "I moved");
    for without in [
        &br#"{"event":"call_ended","call":{"call_id":"c1"}}"#[..],
        br#"{"event":"call_ended","call":{"call_id":"c1","transcript":null}}"#,
        br#"{"event":"call_ended"}"#,
        br#"{"kind":"fetched"}"#,
        b"not JSON",
    ] {
        assert_eq!(transcript(without), None);
    }
}

#[test]
fn every_reason_of_the_vendors_list_has_its_class() {
    let table = [
        (
            Disconnection::Talked,
            "user_hangup agent_hangup call_transfer transfer_bridged transfer_cancelled inactivity max_duration_reached call_take_over user_requested_callback",
        ),
        (Disconnection::Stopped, "manual_stopped"),
        (
            Disconnection::Machine,
            "voicemail_reached ivr_reached machine_detected",
        ),
        (Disconnection::Busy, "dial_busy"),
        (Disconnection::NoAnswer, "dial_no_answer user_declined"),
        (
            Disconnection::InvalidNumber,
            "invalid_destination marked_as_spam scam_detected",
        ),
        (Disconnection::DoNotCall, "user_requested_dnc"),
        (
            Disconnection::Systemic,
            "no_valid_payment credit_exhausted budget_reached telephony_provider_permission_denied",
        ),
        (
            Disconnection::Failed,
            "dial_failed telephony_provider_unavailable sip_routing_error concurrency_limit_reached no_concurrency_fallback error_llm_websocket_open error_llm_websocket_lost_connection error_llm_websocket_runtime error_llm_websocket_corrupt_payload error_no_audio_received error_asr error_retell error_unknown error_user_not_joined registered_call_timeout error_inbound_webhook error_twilio error_frontend_corrupted_payload network_blocked",
        ),
        (Disconnection::Unknown, "swallowed_by_whale USER_HANGUP"),
    ];
    for (class, reasons) in table {
        for reason in reasons.split(' ') {
            assert_eq!(class_of(reason), class, "{reason}");
        }
    }
}

#[test]
fn the_decision_is_read_however_it_is_written() {
    let table = [
        (
            AppointmentAction::Confirmed,
            vec![
                "confirmed",
                "Confirm",
                " CONFIRMED. ",
                "appointment_confirmed",
                "Confirmed the appointment",
            ],
        ),
        (
            AppointmentAction::Cancelled,
            vec![
                "cancelled",
                "canceled",
                "Cancel",
                "cancellation",
                "Cancelled by the patient",
                "cancel-appointment",
            ],
        ),
        (
            AppointmentAction::Rescheduled,
            vec!["rescheduled", "reschedule", "Wants to reschedule", "rebook"],
        ),
        (
            AppointmentAction::NoAction,
            vec![
                "no_action",
                "none",
                "N/A",
                "no_clear_answer",
                "unknown",
                "",
                "Not confirmed",
                "unconfirmed",
            ],
        ),
    ];
    for (action, words) in table {
        for word in words {
            let read = analyzed(json!({ FIELD: word }));
            assert_eq!(
                (read.action, read.unclear_action),
                (Some(action), None),
                "{word}"
            );
        }
    }
}

#[test]
fn words_that_could_mean_either_are_kept_for_a_person() {
    for words in [
        "did not cancel",
        "didn't cancel",
        "confirmed, or maybe cancelled",
        "cancelled and confirmed",
        "won't cancel",
        "will call back",
        "never confirmed",
        "refused to confirm",
        "cancel if it rains",
        "asked what cancelling costs",
        "yes",
        "cannot cancel",
    ] {
        let read = analyzed(json!({ FIELD: words }));
        assert_eq!(
            (read.action, read.unclear_action.as_deref()),
            (None, Some(words)),
            "{words}"
        );
    }
    assert_eq!(
        analyzed(json!({ FIELD: 3 })).unclear_action.as_deref(),
        Some("3")
    );
}

#[test]
fn the_field_is_found_however_its_key_is_written() {
    for key in [
        "appointment_action",
        "Appointment Action",
        "appointmentAction",
        "APPOINTMENT-ACTION",
    ] {
        assert_eq!(
            analyzed(json!({ key: "confirmed" })).action,
            Some(AppointmentAction::Confirmed),
            "{key}"
        );
    }
    assert_eq!(analyzed(json!({"other": "confirmed"})).action, None);
    assert_eq!(analyzed(json!({ FIELD: null })).action, None);
}

#[test]
fn an_opt_out_is_heard_in_any_of_its_forms() {
    for custom in [
        json!({"opt_out": true}),
        json!({"do_not_call": "yes"}),
        json!({"Do Not Call": "True"}),
        json!({"dnc": 1}),
        json!({"optOut": "requested"}),
        json!({"stop_calling": "Opted out"}),
    ] {
        assert!(analyzed(custom.clone()).opt_out, "{custom}");
    }
    for custom in [
        json!({"opt_out": false}),
        json!({"do_not_call": "no"}),
        json!({"dnc": 0}),
        json!({"opt_out": null}),
        json!({"opt_out": "false"}),
        json!({"opt_out": "not mentioned"}),
        json!({"notes": "opt out"}),
        json!({}),
    ] {
        assert!(!analyzed(custom.clone()).opt_out, "{custom}");
    }
}

#[test]
fn a_call_that_never_connected_is_read_without_times() {
    let body = br#"{"event":"call_ended","call":{"call_id":"call_77aa","call_type":"phone_call","agent_id":"agent_7c1f","agent_version":4,"call_status":"not_connected","direction":"outbound","from_number":"+442079460000","to_number":"+447700900456","disconnection_reason":"dial_no_answer","metadata":{"job_id":"job_01J8","attempt":"1"}}}"#;
    let read = observe_event(body, FIELD).unwrap().unwrap();
    assert_eq!(
        (read.kind, read.connected, read.started_at),
        (ObservationKind::Ended, false, None)
    );
    assert_eq!(CallView::join(&[read]).outcome, Some(CallOutcome::NoAnswer));
}

#[test]
fn an_answered_call_is_read_with_its_times() {
    let body = br#"{"event":"call_ended","call":{"call_id":"call_4f8d1c2b3a","call_status":"ended","start_timestamp":1767225540000,"end_timestamp":1767225600000,"duration_ms":60000,"disconnection_reason":"user_hangup","transcript":"Agent: Hello\n"}}"#;
    let read = observe_event(body, FIELD).unwrap().unwrap();
    assert_eq!(
        read.started_at.map(|at| at.to_string()).as_deref(),
        Some("2025-12-31T23:59:00Z")
    );
    assert_eq!(
        (read.duration_ms, read.connected, read.analyzed),
        (Some(60_000), true, false)
    );
}

#[test]
fn a_field_of_the_wrong_type_does_not_cost_the_cancellation() {
    let body = json!({"event": "call_analyzed", "call": {
        "call_id": "call_1", "call_status": 7, "duration_ms": "long", "start_timestamp": {}, "end_timestamp": -1e300,
        "transcript": [], "metadata": "x", "disconnection_reason": null,
        "call_analysis": {"in_voicemail": "perhaps", "call_summary": 1, "custom_analysis_data": {FIELD: "cancelled"}},
    }});
    let read = observe_event(body.to_string().as_bytes(), FIELD)
        .unwrap()
        .unwrap();
    assert_eq!(
        CallView::join(&[read]).outcome,
        Some(CallOutcome::Cancelled)
    );
}

#[test]
fn an_analysis_without_anything_in_it_still_counts_as_one_when_announced() {
    let body = br#"{"event":"call_analyzed","call":{"call_id":"call_1","call_status":"ended","disconnection_reason":"user_hangup","call_analysis":{}}}"#;
    let read = observe_event(body, FIELD).unwrap().unwrap();
    assert_eq!(
        CallView::join(&[read]).outcome,
        Some(CallOutcome::NoClearAnswer)
    );
    let call: CallObject = serde_json::from_str(r#"{"call_id":"call_1","call_status":"ended","disconnection_reason":"user_hangup","call_analysis":{}}"#).unwrap();
    assert!(CallView::join(&[observe_call(&call, FIELD)]).awaiting_analysis());
}

#[test]
fn an_event_that_says_nothing_about_a_calls_course_is_no_observation() {
    for event in [
        "transcript_updated",
        "transfer_started",
        "call_sung",
        "chat_ended",
    ] {
        let body = json!({"event": event, "call": {"call_id": "call_1"}}).to_string();
        assert_eq!(observe_event(body.as_bytes(), FIELD), Ok(None), "{event}");
    }
}

#[test]
fn a_missing_part_is_named() {
    assert_eq!(
        observe_event(b"{}", FIELD),
        Err(ParseProblem::Missing("event"))
    );
    assert_eq!(
        observe_event(br#"{"event":"call_ended"}"#, FIELD),
        Err(ParseProblem::Missing("call"))
    );
    assert!(matches!(
        observe_event(br#"{"event":"call_ended","call":{}}"#, FIELD),
        Err(ParseProblem::WrongType { .. })
    ));
    assert!(matches!(
        observe_event(b"nonsense", FIELD),
        Err(ParseProblem::NotJson { .. })
    ));
}

#[test]
fn what_is_printed_of_a_call_holds_nothing_personal() {
    let call: CallObject = serde_json::from_value(json!({
        "call_id": "call_1", "to_number": "+447700900123", "transcript": "User: I am Ada", "metadata": {"name": "Ada"},
        "call_analysis": {"call_summary": "Ada came"},
    }))
    .unwrap();
    let printed = format!("{call:?}");
    assert!(
        printed.contains("call_1") && !printed.contains("Ada") && !printed.contains("7700"),
        "{printed}"
    );
}
