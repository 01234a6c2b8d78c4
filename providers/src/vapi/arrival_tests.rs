use super::*;
use crate::vapi::CONTEXT_ID_KEY;

const CONTEXT_ID: &str = "ctx_01a1ff810a2074eea786def4aa033747";
const RINGING: &str = r#"{"message":{"type":"assistant-request","timestamp":1767225540000,"call":{"id":"c1","orgId":"b3b8","type":"inboundPhoneCall","status":"ringing","phoneNumberId":"9e8d7c6b","customer":{"number":"+447700900123"},"createdAt":"2026-01-01T00:00:00.000Z"},"phoneNumber":{"id":"9e8d7c6b","number":"+442079460000","provider":"twilio"},"customer":{"number":"+447700900123"}}}"#;
const REPORT: &str = r#"{"message":{"type":"end-of-call-report","timestamp":1767225605000,"endedReason":"customer-ended-call","call":{"id":"c1","type":"inboundPhoneCall","status":"ended","assistantId":"a1","phoneNumberId":"9e8d7c6b","customer":{"number":"+447700900123"},"assistantOverrides":{"metadata":{"bellhop_context":"ctx_01a1ff810a2074eea786def4aa033747"}}}}}"#;

fn arrived(body: &str) -> Option<Arrival> {
    arrival(body.as_bytes())
}

#[test]
fn the_question_and_the_last_report_tell_of_the_same_call() {
    let (first, last) = (arrived(RINGING).unwrap(), arrived(REPORT).unwrap());
    assert_eq!(first.provider_call_id, last.provider_call_id);
    assert_eq!(first.phone_number_id, last.phone_number_id);
    assert_eq!(first.from_number, last.from_number);
    assert_eq!(first.to_number.as_deref(), Some("+442079460000"));
    assert_eq!(
        first.started_at.unwrap().to_string(),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(last.assistant_id.as_deref(), Some("a1"));
    assert_eq!(last.context.unwrap().to_string(), CONTEXT_ID);
}

#[test]
fn each_message_of_a_call_that_came_in_makes_it_known() {
    for kind in [
        "status-update",
        "hang",
        "tool-calls",
        "assistant.started",
        "transcript",
        "call.sung",
    ] {
        let body = RINGING.replace("assistant-request", kind);
        assert!(arrived(&body).is_some(), "{kind}");
    }
}

#[test]
fn the_answers_id_is_found_wherever_it_comes_back() {
    let context = format!(r#"{{"{CONTEXT_ID_KEY}":"{CONTEXT_ID}"}}"#);
    for place in [
        format!(r#""call":{{"assistantOverrides":{{"metadata":{context}}},"#),
        format!(r#""call":{{"assistantOverrides":{{"variableValues":{context}}},"#),
        format!(r#""call":{{"metadata":{context},"#),
        format!(r#""assistant":{{"metadata":{context}}},"call":{{"#),
        format!(r#""artifact":{{"variableValues":{context}}},"call":{{"#),
        format!(r#""call":{{"artifact":{{"variableValues":{context}}},"#),
    ] {
        let body = RINGING.replace(r#""call":{"#, &place);
        let found = arrived(&body).unwrap().context;
        assert_eq!(
            found.map(|id| id.to_string()).as_deref(),
            Some(CONTEXT_ID),
            "{body}"
        );
    }
    for other in [
        r#""ctx_""#,
        "7",
        "{}",
        r#""cal_01a1ff810a2074eea786def4aa033747""#,
    ] {
        let body = REPORT.replace(&format!("\"{CONTEXT_ID}\""), other);
        assert_eq!(arrived(&body).unwrap().context, None, "{other}");
    }
}

#[test]
fn a_withheld_number_is_a_word_or_missing() {
    let word = RINGING.replace("+447700900123", "anonymous");
    assert_eq!(
        arrived(&word).unwrap().from_number.as_deref(),
        Some("anonymous")
    );
    let missing = RINGING.replace(r#"{"number":"+447700900123"}"#, "{}");
    assert_eq!(arrived(&missing).unwrap().from_number, None);
}

#[test]
fn a_call_of_ours_and_what_is_no_call_did_not_come_in() {
    let others = [
        REPORT.replace("inboundPhoneCall", "outboundPhoneCall"),
        REPORT.replace("inboundPhoneCall", "webCall"),
        REPORT.replace(r#""type":"inboundPhoneCall","#, ""),
        RINGING.replace(r#""id":"c1","#, ""),
        r#"{"message":{"type":"chat.created"}}"#.to_owned(),
        "no json".to_owned(),
    ];
    for body in others {
        assert_eq!(arrived(&body), None, "{body}");
    }
    let untyped = RINGING.replace(r#""type":"inboundPhoneCall","#, "");
    assert!(arrived(&untyped).is_some());
}

#[test]
fn nothing_prints_a_number() {
    let printed = format!("{:?}", arrived(RINGING));
    assert!(printed.contains("c1") && !printed.contains("7700") && !printed.contains("20794"));
}
