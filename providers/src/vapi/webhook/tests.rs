use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::{
    outline::ParseProblem,
    private::Private,
    source::{SourceKind, verify},
    testing::{TOLERANCE, headers},
    vapi::{Bearer, EndedReason},
};

const BODY: &[u8] = br#"{"message":{"type":"hang","note":"{timestamp}{body}"}}"#;
const NOW: i64 = 1_767_225_600_000;

fn options(json: serde_json::Value) -> SourceOptions {
    SourceOptions::read(SourceKind::Vapi, json).unwrap()
}

fn check(
    options: &SourceOptions,
    pairs: &[(&str, &str)],
    secret: &str,
) -> Result<usize, SignatureProblem> {
    let headers = headers(pairs);
    let request = Request {
        headers: &headers,
        path_and_query: "/hooks/abc?x=1",
        body: BODY,
        now_ms: NOW,
    };
    let secrets = [SecretString::from(secret)];
    verify(SourceKind::Vapi, options, &request, &secrets, TOLERANCE)
}

#[test]
fn a_token_is_accepted_as_the_credential_writes_it() {
    let standard = SourceOptions::default();
    let plain = options(
        json!({"vapi": {"bearer": {"header_name": "X-Vapi-Secret", "bearer_prefix_enabled": false}}}),
    );
    for (options, header, secret, valid) in [
        (&standard, ("authorization", "Bearer tok"), "tok", true),
        (&standard, ("authorization", "bearer tok"), "tok", true),
        (&standard, ("authorization", "Bearer other"), "tok", false),
        (&standard, ("authorization", "Bearer toktok"), "tok", false),
        (&standard, ("authorization", "tok"), "tok", false),
        (&standard, ("authorization", "Bearer "), "tok", false),
        (&standard, ("x-vapi-secret", "tok"), "tok", false),
        (&plain, ("x-vapi-secret", "tok"), "tok", true),
        (&plain, ("x-vapi-secret", "Bearer tok"), "tok", false),
    ] {
        assert_eq!(
            check(options, &[header], secret).is_ok(),
            valid,
            "{header:?}"
        );
    }
}

#[test]
fn every_part_of_the_format_is_covered() {
    let options = options(json!({
        "public_base_url": "https://hooks.example.org",
        "vapi": {"hmac": {
            "payload_format": "{svix-id}.{timestamp}.{method}.{url}.{body}",
            "message_id_header": "svix-id",
            "signature_prefix": "v1,",
            "signature_encoding": "base64",
        }},
    }));
    let stamp = |timestamp, message_id, url| Stamp {
        timestamp,
        message_id,
        url,
    };
    let url = "https://hooks.example.org/hooks/abc?x=1";
    let right = stamp("1767225600", "m1", url);
    for (signed, valid) in [
        (right, true),
        (stamp("1767225601", "m1", url), false),
        (stamp("1767225600", "m2", url), false),
        (
            stamp("1767225600", "m1", "https://hooks.example.org/hooks/abc"),
            false,
        ),
    ] {
        let signed = sign(options.vapi_verifier(), &signed, BODY, &"s".into()).unwrap();
        let signature = signed[0].1.as_str();
        let pairs = [
            ("x-signature", signature),
            ("x-timestamp", right.timestamp),
            ("svix-id", right.message_id),
        ];
        assert_eq!(check(&options, &pairs, "s").is_ok(), valid);
    }
}

#[test]
fn a_time_outside_the_tolerance_counts_only_when_it_is_signed() {
    let signed = options(json!({"vapi": {"hmac": {}}}));
    let unsigned = options(json!({"vapi": {"hmac": {"payload_format": "{body}"}}}));
    let stamp = Stamp {
        timestamp: "1767225000",
        message_id: "",
        url: "",
    };
    for (options, valid) in [(&signed, false), (&unsigned, true)] {
        let headers = sign(options.vapi_verifier(), &stamp, BODY, &"s".into()).unwrap();
        let pairs: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(check(options, &pairs, "s").is_ok(), valid);
    }
}

#[test]
fn a_header_that_is_missing_or_odd_is_named() {
    let options = options(
        json!({"vapi": {"hmac": {"signature_header": "X-Sig", "timestamp_header": "X-Ts"}}}),
    );
    let digest = "00".repeat(32);
    for (pairs, part) in [
        (vec![], "x-sig header is missing"),
        (vec![("x-sig", "zz")], "<64 hex digits>"),
        (vec![("x-sig", digest.as_str())], "x-ts header is missing"),
        (
            vec![("x-sig", digest.as_str()), ("x-ts", "1.5")],
            "<digits>",
        ),
    ] {
        let problem = check(&options, &pairs, "s").unwrap_err().to_string();
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn a_report_is_read_wherever_its_parts_stand() {
    let now = br#"{"message":{"type":"end-of-call-report","timestamp":1767225605000,"endedReason":"customer-ended-call","startedAt":"2026-01-01T00:00:00.000Z","endedAt":"2026-01-01T00:01:00.000Z","cost":0.14,"analysis":{"summary":"A room.","structuredData":{"wantsCallback":true},"successEvaluation":"true"},"artifact":{"transcript":"AI: Hello","recordingUrl":"https://r.example/1"},"call":{"id":"c1","type":"inboundPhoneCall","status":"ended","customer":{"number":"+447700900123"}}}}"#;
    let then = br#"{"message":{"type":"end-of-call-report","transcript":"AI: Hello","summary":"A room.","recordingUrl":"https://r.example/1","call":{"id":"c1","endedReason":"customer-ended-call"}}}"#;
    for body in [&now[..], then] {
        let event = read(body).unwrap();
        let Says::EndOfCall(report) = &event.says else {
            panic!("{event:?}");
        };
        assert_eq!(report.ended_class(), Some(EndedReason::Normal));
        assert_eq!(report.transcript, Some(Private("AI: Hello".to_owned())));
        assert_eq!(report.summary, Some(Private("A room.".to_owned())));
        assert_eq!(
            report.recording_url,
            Some(Private("https://r.example/1".to_owned()))
        );
        assert_eq!(event.call.id.as_deref(), Some("c1"));
        let printed = format!("{event:?}");
        assert!(!printed.contains("Hello") && !printed.contains("7700900123"));
    }
    let Says::EndOfCall(report) = read(now).unwrap().says else {
        panic!();
    };
    assert_eq!(report.duration_ms(), Some(60_000));
}

#[test]
fn tool_calls_are_read_in_each_of_their_shapes() {
    let expected = json!({"date": "2026-01-06"});
    for call in [
        r#""toolCallList":[{"id":"t1","function":{"name":"check_room","arguments":"{\"date\":\"2026-01-06\"}"}}]"#,
        r#""toolCallList":[{"id":"t1","name":"check_room","arguments":{"date":"2026-01-06"}}]"#,
        r#""toolWithToolCallList":[{"toolCall":{"id":"t1","name":"check_room","parameters":{"date":"2026-01-06"}}}]"#,
    ] {
        let body = format!(r#"{{"message":{{"type":"tool-calls","call":{{"id":"c1"}},{call}}}}}"#);
        let Says::ToolCalls(calls) = read(body.as_bytes()).unwrap().says else {
            panic!("{call}");
        };
        assert_eq!(calls.len(), 1);
        assert_eq!(
            (calls[0].id.as_deref(), calls[0].name.as_deref()),
            (Some("t1"), Some("check_room"))
        );
        assert_eq!(*calls[0].arguments, expected);
    }
}

#[test]
fn other_messages_say_what_they_are() {
    let says = |message: &str| {
        read(format!(r#"{{"message":{message}}}"#).as_bytes())
            .unwrap()
            .says
    };
    assert_eq!(
        says(r#"{"type":"status-update","status":"humming","call":{"id":"c1"}}"#),
        Says::Status {
            status: Some("humming".to_owned()),
            ended_reason: None
        }
    );
    assert_eq!(says(r#"{"type":"hang","call":{"id":"c1"}}"#), Says::Hang);
    assert_eq!(
        says(r#"{"type":"assistant-request","call":{"id":"c1"}}"#),
        Says::AssistantRequest
    );
    assert!(matches!(
        says(
            r#"{"type":"transcript[transcriptType=\"final\"]","transcriptType":"final","call":{"id":"c1"}}"#
        ),
        Says::Transcript { is_final: true, .. }
    ));
    assert_eq!(
        says(r#"{"type":"call.sung"}"#),
        Says::Other {
            event_type: "call.sung".to_owned()
        }
    );
    assert_eq!(read(b"{}"), Err(ParseProblem::Missing("message")));
}

#[test]
fn a_bearer_verifier_signs_as_it_checks() {
    let verifier = Verifier::Bearer(Bearer::default());
    let stamp = Stamp {
        timestamp: "1",
        message_id: "",
        url: "",
    };
    assert_eq!(
        sign(&verifier, &stamp, BODY, &"tok".into()),
        Some(vec![("authorization".to_owned(), "Bearer tok".to_owned())])
    );
}
