use domain::text::Callback;
use proptest::prelude::*;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::json;

use super::*;

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Some(body.to_string().into_bytes()),
    }
}

fn good(text: &str) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 812, "candidatesTokenCount": 40, "thoughtsTokenCount": 8},
        "modelVersion": "gemini-2.5-flash",
    })
}

fn error(status: u16, body: Value) -> ExtractError {
    read(&answer(status, body)).unwrap_err().error
}

#[test]
fn a_good_answer_gives_its_words_and_what_it_cost() {
    let mut body = good("[{\"index\"");
    let parts = &mut body["candidates"][0]["content"]["parts"];
    *parts =
        json!([{"text": "I think…", "thought": true}, {"text": "[{\"index\""}, {"text": ":0}]"}]);
    let read = read(&answer(200, body)).unwrap();
    assert_eq!(read.text, "[{\"index\":0}]");
    let usage = Usage {
        input: 812,
        output: 48,
    };
    assert_eq!(
        (read.usage, read.model.as_deref()),
        (usage, Some("gemini-2.5-flash"))
    );
}

#[test]
fn what_was_not_answered_says_why_and_costs_all_the_same() {
    let finished = |reason: &str| {
        let mut body = good("");
        body["candidates"][0] = json!({"finishReason": reason});
        body
    };
    let blocked = |reason: &str| ExtractError::Blocked {
        reason: reason.to_owned(),
    };
    let prompt = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 812, "thoughtsTokenCount": 48}});
    for (body, expected) in [
        (prompt, blocked("prohibited_content")),
        (finished("SAFETY"), blocked("safety")),
        (finished("SPII"), blocked("spii")),
        (finished("call +44 7700 900123"), blocked("other")),
        (finished("MAX_TOKENS"), ExtractError::Cut),
        (
            finished("STOP"),
            ExtractError::Unreadable { detail: "empty" },
        ),
        (
            finished("UNEXPECTED_TOOL_CALL"),
            ExtractError::Unreadable {
                detail: "tool_call",
            },
        ),
    ] {
        let failure = read(&answer(200, body)).unwrap_err();
        assert_eq!(failure.error, expected);
        assert_eq!(failure.usage.total(), 860);
    }
    assert_eq!(error(200, json!({})), blocked("no_candidate"));
    assert_eq!(
        error(200, json!({"candidates": []})),
        blocked("no_candidate")
    );
}

#[test]
fn errors_are_sorted_by_what_can_be_done() {
    let status =
        |status: &str| json!({"error": {"status": status, "message": "+447700900123 key AIza"}});
    let misconfigured = |detail: &str| ExtractError::Misconfigured {
        detail: detail.to_owned(),
    };
    let wrong_key = json!({"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}});
    for (code, body, expected) in [
        (400, wrong_key, misconfigured("key")),
        (
            400,
            status("INVALID_ARGUMENT"),
            ExtractError::Refused {
                detail: "invalid_argument".to_owned(),
            },
        ),
        (
            400,
            status("FAILED_PRECONDITION"),
            misconfigured("failed_precondition"),
        ),
        (
            401,
            status("UNAUTHENTICATED"),
            misconfigured("unauthenticated"),
        ),
        (
            403,
            status("PERMISSION_DENIED"),
            misconfigured("permission_denied"),
        ),
        (404, status("NOT_FOUND"), misconfigured("not_found")),
        (404, json!("no"), misconfigured("status_404")),
        (302, json!({}), misconfigured("status_302")),
        (
            413,
            json!({}),
            ExtractError::Refused {
                detail: "status_413".to_owned(),
            },
        ),
        (500, status("INTERNAL"), ExtractError::Unavailable),
        (
            503,
            json!([status("UNAVAILABLE")]),
            ExtractError::Unavailable,
        ),
        (504, json!({}), ExtractError::Unavailable),
    ] {
        let found = error(code, body);
        assert_eq!(found, expected, "{code}");
        assert!(!format!("{found} {found:?}").contains("7700"));
    }
}

#[test]
fn a_limit_says_how_long_to_wait_and_whether_the_day_is_spent() {
    let limited = |delay: Value, quota: &str| {
        json!({"error": {"status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "…QuotaFailure", "violations": [{"quotaId": quota}]},
            {"@type": "…RetryInfo", "retryDelay": delay}]}})
    };
    let minute = "GenerateRequestsPerMinutePerProjectPerModel";
    for (delay, quota, wait_ms, for_today) in [
        (json!("21s"), minute, Some(21_000), false),
        (json!("3.5s"), minute, Some(3_500), false),
        (json!("-1s"), minute, None, false),
        (json!("NaNs"), minute, None, false),
        (json!("1e300s"), minute, Some(86_400_000), false),
        (json!(21), minute, None, false),
        (
            json!("21s"),
            "GenerateRequestsPerDayPerProjectPerModel",
            Some(21_000),
            true,
        ),
    ] {
        let expected = ExtractError::RateLimited {
            retry_after: wait_ms.map(Duration::from_millis),
            for_today,
        };
        assert_eq!(error(429, limited(delay, quota)), expected);
    }
    let mut answer = answer(429, json!({}));
    answer.headers.insert("retry-after", "7".parse().unwrap());
    let expected = ExtractError::RateLimited {
        retry_after: Some(Duration::from_secs(7)),
        for_today: false,
    };
    assert_eq!(read(&answer).unwrap_err().error, expected);
}

#[test]
fn each_passage_gets_what_was_found_in_it_and_nothing_else() {
    let text = r#"[{"index":1,"name":"Ada","callback":"call me"},{"index":1,"name":"Eve"},{"index":9,"name":"Eve"},
        {"index":"0","name":"Eve"},{"index":-1,"name":"Eve"},{"name":"Eve"},7,null]"#;
    let ada = Found {
        name: Some("Ada".into()),
        callback: Some(Callback {
            said: "call me".into(),
            when: None,
        }),
        ..Found::default()
    };
    for text in [
        text.to_owned(),
        format!("```json\n{text}\n```"),
        format!("```\n{text}```"),
    ] {
        assert_eq!(found(&text, 2), Some(vec![Found::default(), ada.clone()]));
    }
    assert_eq!(found("[]", 2), Some(nothing(2)));
    for text in ["", "{}", "sorry", "[{\"index\":0", "null", "```"] {
        assert_eq!(found(text, 2), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(text in any::<String>(), passages in 0_usize..5, body in any::<Vec<u8>>(), status in 100_u16..600) {
        if let Some(found) = found(&text, passages) {
            prop_assert_eq!(found.len(), passages);
        }
        let answer = Answer { status: StatusCode::from_u16(status).unwrap(), headers: HeaderMap::new(), body: Some(body) };
        let _ = read(&answer);
    }
}
