use std::time::Duration;

use proptest::prelude::*;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::json;

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Some(body.as_bytes().to_vec()),
    }
}

fn coded(code: &str) -> String {
    json!({"code": code, "details": {}, "message": "+44 7700 900123", "status": "error"})
        .to_string()
}

fn denied(code: &str) -> CrmError {
    CrmError::Denied { code: code.into() }
}

fn misconfigured(code: &str) -> CrmError {
    CrmError::Misconfigured {
        detail: code.into(),
    }
}

#[test]
fn each_status_and_code_is_of_its_class() {
    let limited = || CrmError::RateLimited { retry_after: None };
    let table = [
        (401, "INVALID_TOKEN", CrmError::TokenInvalid),
        (401, "AUTHENTICATION_FAILURE", CrmError::TokenInvalid),
        (401, "OAUTH_SCOPE_MISMATCH", denied("OAUTH_SCOPE_MISMATCH")),
        (403, "NO_PERMISSION", denied("NO_PERMISSION")),
        (
            404,
            "INVALID_URL_PATTERN",
            misconfigured("INVALID_URL_PATTERN"),
        ),
        (302, "MOVED", misconfigured("MOVED")),
        (412, "ANYTHING", CrmError::Changed),
        (429, "TOO_MANY_REQUESTS", limited()),
        (400, "TOO_MANY_REQUESTS", limited()),
        (408, "TIMEOUT", CrmError::Uncertain),
        (500, "INTERNAL_ERROR", CrmError::Uncertain),
        (503, "", CrmError::Uncertain),
    ];
    for (status, code, expected) in table {
        let read = read(&answer(status, &coded(code)), Effect::Write);
        assert_eq!(read, Err(expected), "{status} {code}");
    }
    let reading = read(&answer(503, "<html>"), Effect::Read);
    assert_eq!(reading, Err(CrmError::Unavailable));
}

#[test]
fn a_wait_that_is_asked_for_is_told() {
    let mut answer = answer(429, "");
    answer.headers.insert(RETRY_AFTER, "90".parse().unwrap());
    let retry_after = Some(Duration::from_secs(90));
    let expected = Err(CrmError::RateLimited { retry_after });
    assert_eq!(read(&answer, Effect::Read), expected);
}

#[test]
fn nothing_found_is_no_error_and_a_broken_success_is_a_doubt_for_a_write() {
    for status in [204, 304] {
        assert_eq!(read(&answer(status, ""), Effect::Read), Ok(None));
    }
    let broken = answer(200, "{\"data\":");
    assert_eq!(
        read(&broken, Effect::Read),
        Err(CrmError::Unreadable("not JSON"))
    );
    assert_eq!(read(&broken, Effect::Write), Err(CrmError::Uncertain));
    let cut_off = Answer {
        body: None,
        ..answer(201, "")
    };
    assert_eq!(read(&cut_off, Effect::Write), Err(CrmError::Uncertain));
}

#[test]
fn a_list_of_problems_is_read_whatever_the_status() {
    for status in [200, 202, 207, 400, 403] {
        let body = json!({"data": [{"code": "INVALID_DATA", "status": "error"}]});
        let read = read(&answer(status, &body.to_string()), Effect::Write);
        assert_eq!(read, Ok(Some(body)), "{status}");
    }
}

#[test]
fn each_problem_is_of_its_kind() {
    let table = [
        ("DUPLICATE_DATA", "Email", ProblemKind::Duplicate),
        ("INVALID_DATA", "id", ProblemKind::NotFound),
        ("INVALID_DATA", "Phone", ProblemKind::Values),
        ("MANDATORY_NOT_FOUND", "Last_Name", ProblemKind::Values),
        ("NOT_SUBSCRIBED", "channel_id", ProblemKind::NotFound),
        ("RECORD_LOCKED", "", ProblemKind::Locked),
        ("NO_PERMISSION", "", ProblemKind::Denied),
        ("INTERNAL_ERROR", "", ProblemKind::Passing),
        ("A_NEW_ONE", "", ProblemKind::Other),
    ];
    for (code, field, kind) in table {
        let value = json!({"code": code, "details": {"api_name": field}});
        assert_eq!(problem(&value).kind, kind, "{code} {field}");
    }
}

#[test]
fn the_record_that_is_there_already_is_named_and_nobody_else() {
    let of = |details: Value| problem(&json!({"code": "DUPLICATE_DATA", "details": details}));
    let id = "4876876000000123";
    for details in [json!({"id": id}), json!({"duplicate_record": {"id": id}})] {
        assert_eq!(of(details).duplicate_of, Some(id.parse().unwrap()));
    }
    assert_eq!(of(json!({"id": "not an id"})).duplicate_of, None);
}

#[test]
fn an_error_says_nothing_of_a_person() {
    for code in ["+44 7700 900123", "ada@example.com", ""] {
        let error = read(&answer(400, &coded(code)), Effect::Write).unwrap_err();
        assert!(
            format!("{error:?} {error}").contains("UNKNOWN"),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("7700"));
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..200), write in any::<bool>(),
    ) {
        let effect = if write { Effect::Write } else { Effect::Read };
        let answer = Answer { body: Some(body), ..answer(status, "") };
        let _ = read(&answer, effect);
    }
}
