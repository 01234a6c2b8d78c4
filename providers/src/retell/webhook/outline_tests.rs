use super::*;
use crate::outline::MAX_NAME;

const CALL: &str = "cal_019a0000000070008000000000000001";

fn read(body: &str) -> Result<Outline, ParseProblem> {
    outline(body.as_bytes())
}

#[test]
fn our_own_call_is_recognised_by_its_metadata() {
    let body = format!(
        r#"{{"event":"call_ended","call":{{"call_id":"call_1","metadata":{{"other":[1,{{"a":2}}],"bellhop_call_id":"{CALL}"}},"new_field":1}},"event_timestamp":1}}"#
    );
    let outline = read(&body).unwrap();
    assert_eq!(outline.event, "call_ended");
    assert_eq!(outline.provider_call_id.as_deref(), Some("call_1"));
    assert_eq!(
        outline.call_id.map(|id| id.to_string()).as_deref(),
        Some(CALL)
    );
    assert!(outline.dedupe_key.starts_with("retell:call_ended:call_1:"));
}

#[test]
fn metadata_of_any_other_shape_is_somebody_elses() {
    for metadata in [
        "null",
        "[1]",
        "\"x\"",
        "7",
        "-7",
        "1.5",
        "true",
        "{}",
        r#"{"bellhop_call_id":7}"#,
        r#"{"bellhop_call_id":"apt_1"}"#,
    ] {
        let body = format!(
            r#"{{"event":"call_ended","call":{{"call_id":"call_1","metadata":{metadata}}}}}"#
        );
        assert_eq!(read(&body).unwrap().call_id, None, "{metadata}");
    }
}

#[test]
fn a_missing_field_is_named() {
    assert_eq!(read("{}"), Err(ParseProblem::Missing("event")));
    assert_eq!(read(r#"{"event":""}"#), Err(ParseProblem::Missing("event")));
    assert_eq!(
        read(r#"{"event":"call_ended"}"#),
        Err(ParseProblem::Missing("call.call_id"))
    );
    assert_eq!(
        read(r#"{"event":"call_analyzed","call":{}}"#),
        Err(ParseProblem::Missing("call.call_id"))
    );
}

#[test]
fn an_unknown_event_is_accepted_with_or_without_a_call() {
    assert_eq!(
        read(r#"{"event":"call_sung"}"#).unwrap().provider_call_id,
        None
    );
    let chat = read(r#"{"event":"chat_ended","chat":{"chat_id":"chat_55"}}"#).unwrap();
    assert_eq!(chat.provider_call_id.as_deref(), Some("chat_55"));
}

#[test]
fn a_body_that_is_no_event_says_where_and_not_what() {
    assert!(matches!(
        read("call_ended"),
        Err(ParseProblem::NotJson { .. })
    ));
    assert!(matches!(read(""), Err(ParseProblem::NotJson { .. })));
    assert!(matches!(
        read(r#"{"event":"#),
        Err(ParseProblem::NotJson { .. })
    ));
    let problem = read(r#"{"event":"call_ended","call":"Ada Lovelace"}"#).unwrap_err();
    assert!(matches!(problem, ParseProblem::WrongType { .. }));
    assert!(!problem.to_string().contains("Ada"));
    assert!(matches!(
        outline(b"{\"event\":\"\xff\"}"),
        Err(ParseProblem::NotJson { .. })
    ));
}

#[test]
fn names_too_long_for_a_key_are_refused() {
    let long = "x".repeat(MAX_NAME + 1);
    assert_eq!(
        read(&format!(r#"{{"event":"{long}"}}"#)),
        Err(ParseProblem::TooLong("event"))
    );
    let body = format!(r#"{{"event":"call_ended","call":{{"call_id":"{long}"}}}}"#);
    assert_eq!(read(&body), Err(ParseProblem::TooLong("call.call_id")));
}

#[test]
fn depth_and_size_do_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(
        r#"{{"event":"call_ended","call":{{"call_id":"call_1","metadata":{{"x":{deep}}},"y":{deep}}}}}"#
    );
    assert_eq!(
        read(&body).unwrap().provider_call_id.as_deref(),
        Some("call_1")
    );
    let huge = format!(
        r#"{{"event":"call_ended","call":{{"call_id":"call_1","transcript":"{}"}}}}"#,
        "a".repeat(5_000_000)
    );
    assert!(read(&huge).is_ok());
}

#[test]
fn the_same_delivery_has_the_same_key_and_another_analysis_has_another() {
    let first = r#"{"event":"call_analyzed","call":{"call_id":"call_1"}}"#;
    let second = r#"{"event":"call_analyzed","call":{"call_id":"call_1","call_analysis":{}}}"#;
    assert_eq!(
        read(first).unwrap().dedupe_key,
        read(first).unwrap().dedupe_key
    );
    assert_ne!(
        read(first).unwrap().dedupe_key,
        read(second).unwrap().dedupe_key
    );
}
