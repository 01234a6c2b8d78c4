use super::*;
use crate::{outline::ParseProblem, private::Private, signature::check, testing::headers};

const INPUT: &str = r#"{"session_id":"0b6c","transcript_path":"/home/ada/x.jsonl","cwd":"/src/app","permission_mode":"acceptEdits","hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"command":"cargo test"},"tool_response":{"stdout":"ok"},"tool_use_id":"toolu_01A","duration_ms":4120}"#;

fn envelope(input: &str) -> String {
    format!(
        r#"{{"type":"agent.hook.PostToolUse","timestamp":"2026-01-01T00:00:00Z","data":{{"client":{{"id":"c","version":"1","host":"h"}},"event_id":"0190","seq":7,"payload":{input}}}}}"#
    )
}

fn key(header: Option<&str>, body: &str) -> String {
    let pairs: Vec<_> = header.map(|id| (ID_HEADER, id)).into_iter().collect();
    outline(&headers(&pairs), body.as_bytes())
        .unwrap()
        .dedupe_key
}

#[test]
fn only_the_right_token_is_accepted() {
    for (value, valid) in [
        ("Bearer tok", true),
        ("BEARER tok", true),
        ("Bearer tok2", false),
        ("Basic tok", false),
        ("tok", false),
        ("Bearer", false),
        ("Bearer  ", false),
    ] {
        let headers = headers(&[(TOKEN_HEADER, value)]);
        let result = bearer(&headers)
            .and_then(|token| check(&token, b"", &["old".into(), "tok".into()], 0, None));
        assert_eq!(result.is_ok(), valid, "{value}");
    }
    assert_eq!(sign(&"tok".into()), "Bearer tok");
}

#[test]
fn both_forms_have_the_same_type() {
    for body in [INPUT.to_owned(), envelope(INPUT)] {
        let outline = outline(&HeaderMap::new(), body.as_bytes()).unwrap();
        assert_eq!(outline.event_type, "agent.hook.PostToolUse");
    }
    assert_eq!(
        outline(&HeaderMap::new(), br#"{"session_id":"x"}"#),
        Err(ParseProblem::Missing("hook_event_name"))
    );
    assert_eq!(
        outline(&HeaderMap::new(), br#"{"hook_event_name":5}"#),
        Err(ParseProblem::Missing("hook_event_name"))
    );
}

#[test]
fn an_envelope_is_known_by_its_event_id_however_it_is_written() {
    let first = key(None, &envelope(INPUT));
    assert_eq!(first, key(Some("0190"), &envelope("{}")));
    assert_eq!(first, key(Some("0190"), INPUT));
    assert_ne!(first, key(Some("0191"), INPUT));
    assert_ne!(first, key(None, &envelope(INPUT).replace("0190", "0191")));
}

#[test]
fn the_agents_own_input_is_known_by_tool_prompt_or_body() {
    let retimed = INPUT.replace("4120", "4121");
    assert_eq!(key(None, INPUT), key(None, &retimed));
    assert_ne!(key(None, INPUT), key(None, &INPUT.replace("01A", "01B")));
    assert_ne!(key(None, INPUT), key(None, &INPUT.replace("Post", "Pre")));
    assert_ne!(key(None, INPUT), key(None, &INPUT.replace("0b6c", "0b6d")));
    let hook = |name: &str, prompt: &str, text: &str| {
        key(
            None,
            &format!(
                r#"{{"session_id":"s","hook_event_name":"{name}","prompt_id":"{prompt}","message":"{text}"}}"#
            ),
        )
    };
    assert_eq!(
        hook("UserPromptSubmit", "p1", "a"),
        hook("UserPromptSubmit", "p1", "b")
    );
    assert_ne!(
        hook("Notification", "p1", "a"),
        hook("Notification", "p1", "b")
    );
    assert_ne!(
        hook("Notification", "p1", "a"),
        hook("Notification", "p2", "a")
    );
    assert_eq!(
        hook("Notification", "p1", "a"),
        hook("Notification", "p1", "a")
    );
}

#[test]
fn a_tools_use_is_read_in_full_in_either_form_and_under_older_names() {
    for body in [
        INPUT.to_owned(),
        envelope(INPUT),
        INPUT.replace("tool_response", "tool_result"),
    ] {
        let hook = read(body.as_bytes()).unwrap();
        assert_eq!(hook.hook_event_name, "PostToolUse");
        assert_eq!(hook.session_id.as_deref(), Some("0b6c"));
        assert_eq!(hook.cwd, Some(Private("/src/app".to_owned())));
        let Says::Tool {
            name,
            use_id,
            input,
            response,
            duration_ms,
            ..
        } = &hook.says
        else {
            panic!("{hook:?}");
        };
        assert_eq!(
            (name.as_deref(), use_id.as_deref()),
            (Some("Bash"), Some("toolu_01A"))
        );
        assert_eq!(input.as_ref().unwrap()["command"], "cargo test");
        assert_eq!(response.as_ref().unwrap()["stdout"], "ok");
        assert_eq!(*duration_ms, Some(4120));
        let printed = format!("{hook:?}");
        assert!(
            !printed.contains("cargo test") && !printed.contains("/src"),
            "{printed}"
        );
    }
    let hook = read(envelope(INPUT).as_bytes()).unwrap();
    assert_eq!(
        (hook.event_id.as_deref(), hook.seq),
        (Some("0190"), Some(7))
    );
    assert_eq!(hook.captured_at, "2026-01-01T00:00:00Z".parse().ok());
    assert_eq!(hook.client.unwrap().version.as_deref(), Some("1"));
}

#[test]
fn other_hooks_say_what_they_are() {
    let says = |rest: &str| {
        read(format!(r#"{{"session_id":"s",{rest}}}"#).as_bytes())
            .unwrap()
            .says
    };
    assert_eq!(
        says(r#""hook_event_name":"SessionStart","source":"startup","model":"m""#),
        Says::SessionStart {
            source: Some("startup".to_owned()),
            model: Some("m".to_owned())
        }
    );
    assert_eq!(
        says(r#""hook_event_name":"SessionEnd","reason":"clear""#),
        Says::SessionEnd {
            reason: Some("clear".to_owned())
        }
    );
    for prompt in ["prompt", "user_prompt"] {
        assert_eq!(
            says(&format!(
                r#""hook_event_name":"UserPromptSubmit","{prompt}":"Hi""#
            )),
            Says::Prompt {
                prompt: Some(Private("Hi".to_owned()))
            }
        );
    }
    assert!(matches!(
        says(r#""hook_event_name":"Stop""#),
        Says::Stop { .. }
    ));
    assert_eq!(
        says(r#""hook_event_name":"TeammateIdle""#),
        Says::Other {
            event_type: "agent.hook.TeammateIdle".to_owned()
        }
    );
    assert_eq!(read(b"{}"), Err(ParseProblem::Missing("hook_event_name")));
    assert_eq!(
        read(br#"{"type":"agent.hook.Odd","data":{}}"#)
            .unwrap()
            .hook_event_name,
        "Odd"
    );
}

#[test]
fn what_names_no_hook_is_no_event() {
    let untold = |incomplete: &str| {
        format!(
            r#"{{"type":"agent.hook.unknown","data":{{"event_id":"0190",{incomplete}"payload":{{"text":"hello"}}}}}}"#
        )
    };
    for (body, problem) in [
        (
            r#"{"hook_event_name":5}"#.to_owned(),
            ParseProblem::Unexpected("hook_event_name"),
        ),
        (
            envelope(r#"{"hook_event_name":{}}"#),
            ParseProblem::Unexpected("data.payload.hook_event_name"),
        ),
        (
            r#"{"type":"contact.created"}"#.to_owned(),
            ParseProblem::Missing("hook_event_name"),
        ),
        (
            untold(""),
            ParseProblem::Missing("data.payload.hook_event_name"),
        ),
        (
            untold(r#""incomplete":"not_json","#),
            ParseProblem::Missing("data.payload.hook_event_name"),
        ),
    ] {
        assert_eq!(read(body.as_bytes()), Err(problem), "{body}");
    }
    // The name may have stood after the cut.
    let cut = read(untold(r#""incomplete":"too_large","#).as_bytes()).unwrap();
    assert_eq!(cut.hook_event_name, "unknown");
}
