use super::*;

/// The same text as OpenPhone 3, OpenPhone 4 and Quo send it.
const TEXTS: [&str; 3] = [
    r#"{"id":"EV1","object":"event","apiVersion":"v3","createdAt":"2026-01-01T00:00:00.000Z","type":"message.received","data":{"object":{"id":"AC5","object":"message","from":"+447700900123","to":"+442079460000","direction":"incoming","body":"Hello","media":[{"url":"https://m.example/1","type":"image/jpeg"}],"status":"received","createdAt":"2026-01-01T00:00:00.000Z","userId":"US1","phoneNumberId":"PN1","conversationId":"CN1"}}}"#,
    r#"{"id":"EV1","object":"event","apiVersion":"v4","createdAt":"2026-01-01T00:00:00.000Z","type":"message.received","data":{"object":{"id":"AC5","object":"message","from":"+447700900123","to":["+442079460000"],"direction":"incoming","text":"Hello","media":[{"url":"https://m.example/1","type":"image/jpeg"}],"status":"received","createdAt":"2026-01-01T00:00:00.000Z","userId":"US1","phoneNumberId":"PN1","conversationId":"CN1"}}}"#,
    r#"{"id":"EV1","apiVersion":"2026-03-30","createdAt":"2026-01-01T00:00:00.000Z","type":"message.received","data":{"resource":{"id":"AC5","createdAt":"2026-01-01T00:00:00.000Z","direction":"incoming","text":"Hello","media":[{"url":"https://m.example/1","type":"image/jpeg"}],"status":"received","errorCode":null},"context":{"orgId":"OR1","phoneNumberId":"PN1","conversationId":"CN1","userId":"US1","contacts":{"ids":[]},"senderIdentifier":"+447700900123","recipientIdentifiers":["+442079460000"]},"links":{}}}"#,
];

/// The same missed call.
const CALLS: [&str; 3] = [
    r#"{"id":"EV2","apiVersion":"v3","type":"call.completed","data":{"object":{"id":"AC1","object":"call","answeredAt":null,"completedAt":"2026-01-01T00:01:00.000Z","createdAt":"2026-01-01T00:00:00.000Z","direction":"incoming","from":"+447700900123","to":"+442079460000","media":[],"phoneNumberId":"PN1","status":"completed","userId":"US1","voicemail":{"url":"https://v.example/1","type":"audio/mpeg","duration":12}}}}"#,
    r#"{"id":"EV2","apiVersion":"2026-03-30","type":"call.missed","data":{"resource":{"id":"AC1","direction":"incoming","status":"unanswered","createdAt":"2026-01-01T00:00:00.000Z","completedAt":"2026-01-01T00:01:00.000Z"},"context":{"phoneNumberId":"PN1","userId":"US1","participants":{"workspace":["+442079460000"],"external":["+447700900123"],"resolution":"available"}}}}"#,
    r#"{"id":"EV2","type":"call.completed","resource":{"id":"AC1","direction":"incoming","status":"unanswered","createdAt":"2026-01-01T00:00:00.000Z","completedAt":"2026-01-01T00:01:00.000Z"},"context":{"phoneNumberId":"PN1","userId":"US1","participants":{"workspace":["+442079460000"],"external":["+447700900123"]}}}"#,
];

fn private(text: &str) -> Private {
    Private(text.to_owned())
}

#[test]
fn a_text_is_the_same_in_every_version() {
    for body in TEXTS {
        let event = read(body.as_bytes()).unwrap();
        assert_eq!(event.place.phone_number_id.as_deref(), Some("PN1"));
        assert_eq!(event.place.user_id.as_deref(), Some("US1"));
        let Says::Message(message) = &event.says else {
            panic!("{event:?}");
        };
        assert_eq!(message.happened, "received");
        assert_eq!(message.text, Some(private("Hello")));
        assert_eq!(message.from, Some(private("+447700900123")));
        assert_eq!(message.to, [private("+442079460000")]);
        assert_eq!(message.direction, Some(Direction::Incoming));
        assert_eq!(message.media[0].url, Some(private("https://m.example/1")));
        let printed = format!("{event:?}");
        assert!(
            !printed.contains("Hello") && !printed.contains("900123"),
            "{printed}"
        );
    }
}

#[test]
fn a_missed_call_is_the_same_in_every_version() {
    for body in CALLS {
        let event = read(body.as_bytes()).unwrap();
        let Says::Call(call) = &event.says else {
            panic!("{event:?}");
        };
        assert!(call.was_missed(), "{body}");
        assert_eq!(call.external, [private("+447700900123")]);
        assert_eq!(call.workspace, [private("+442079460000")]);
        let answered = body
            .replace(
                r#""answeredAt":null"#,
                r#""answeredAt":"2026-01-01T00:00:05.000Z""#,
            )
            .replace("unanswered", "answered")
            .replace("call.missed", "call.completed");
        let Says::Call(call) = read(answered.as_bytes()).unwrap().says else {
            panic!();
        };
        assert!(!call.was_missed(), "{answered}");
    }
    let Says::Call(call) = read(CALLS[0].as_bytes()).unwrap().says else {
        panic!();
    };
    assert_eq!(call.voicemail.unwrap().duration_s, Some(12));
}

#[test]
fn what_comes_after_a_call_is_read_in_every_version() {
    let says = |body: &str| read(body.as_bytes()).unwrap().says;
    for (holder, status) in [("object", "status"), ("resource", "processingStatus")] {
        let summary = format!(
            r#"{{"type":"call.summary.completed","data":{{"{holder}":{{"callId":"AC1","{status}":"completed","summary":["A."],"nextSteps":["B."]}}}}}}"#
        );
        let Says::Summary(summary) = says(&summary) else {
            panic!()
        };
        assert_eq!(
            (summary.call_id.as_deref(), summary.status.as_deref()),
            (Some("AC1"), Some("completed"))
        );
        assert_eq!(
            (summary.summary, summary.next_steps),
            (vec![private("A.")], vec![private("B.")])
        );
        let transcript = format!(
            r#"{{"type":"call.transcript.completed","data":{{"{holder}":{{"callId":"AC1","{status}":"completed","duration":55,"dialogue":[{{"content":"Hello","start":0.5,"end":1.1,"identifier":"+442079460000","userId":"US1"}},7]}}}}}}"#
        );
        let Says::Transcript(transcript) = says(&transcript) else {
            panic!()
        };
        assert_eq!(transcript.lines[0].content, Some(private("Hello")));
        assert_eq!(
            (transcript.lines[0].start_s, transcript.duration_s),
            (Some(0.5), Some(55))
        );
    }
    let recording = r#"{"type":"call.recording.completed","data":{"resource":{"id":"AC1","recordings":[{"id":"RE1","duration":55,"type":"audio/mpeg","url":"https://r.example"}]}}}"#;
    let Says::Recordings(call) = says(recording) else {
        panic!()
    };
    assert_eq!(call.recordings[0].id.as_deref(), Some("RE1"));
    let voicemail = r#"{"type":"call.voicemail.completed","data":{"resource":{"callId":"AC1","voicemailId":"VM1","recordingUrl":"https://v.example","transcript":"Call me"}}}"#;
    let Says::Voicemail { call_id, voicemail } = says(voicemail) else {
        panic!()
    };
    assert_eq!(
        (call_id.as_deref(), voicemail.id.as_deref()),
        (Some("AC1"), Some("VM1"))
    );
    assert_eq!(
        says(r#"{"type":"contact.deleted","data":{"object":{"id":"CT1"}}}"#),
        Says::Contact {
            id: Some("CT1".to_owned()),
            deleted: true
        }
    );
    assert_eq!(
        says(r#"{"type":"task.created"}"#),
        Says::Other {
            event_type: "task.created".to_owned()
        }
    );
}

#[test]
fn an_envelope_sent_again_is_the_same_and_its_id_with_another_body_is_not() {
    let key = |provider, delivery, body: &str| {
        outline_of(provider, delivery, body.as_bytes())
            .unwrap()
            .dedupe_key
    };
    assert_eq!(
        key("quo", Some("m1"), TEXTS[2]),
        key("quo", Some("m2"), TEXTS[2])
    );
    assert_ne!(
        key("openphone", None, TEXTS[0]),
        key("openphone", None, TEXTS[1])
    );
    // Without an envelope's id the delivery's takes its place.
    let bare = r#"{"type":"task.created"}"#;
    assert_ne!(key("quo", Some("m1"), bare), key("quo", Some("m2"), bare));
}

#[test]
fn only_an_event_about_a_call_names_one() {
    for (body, call) in [
        (TEXTS[0], None),
        (TEXTS[2], None),
        (CALLS[0], Some("AC1")),
        (CALLS[1], Some("AC1")),
        (CALLS[2], Some("AC1")),
        (
            r#"{"type":"call.summary.completed","data":{"resource":{"id":"SU1","callId":"AC1"}}}"#,
            Some("AC1"),
        ),
        (r#"{"type":"call.menu.selected"}"#, None),
    ] {
        let outline = outline_of("quo", None, body.as_bytes()).unwrap();
        assert_eq!(outline.provider_call_id.as_deref(), call, "{body}");
    }
    assert_eq!(
        outline_of("quo", None, b"{}"),
        Err(ParseProblem::Missing("type"))
    );
}
