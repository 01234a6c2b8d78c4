//! The outline of a Vapi message.

use domain::ids::CallId;

use crate::{
    json::Json,
    outline::{MAX_NAME, Outline, ParseProblem, Plucked, hash, name, pluck, required},
};

/// Where our own call id may come back, the likeliest first. That Vapi echoes the metadata at all is not
/// documented; the name of a call is.
const OUR_CALL: &[&str] = &[
    "message.call.assistantOverrides.metadata.bellhop_call_id",
    "message.call.metadata.bellhop_call_id",
    "message.assistant.metadata.bellhop_call_id",
    "message.call.name",
];

/// The same within a call.
const OUR_CALL_IN_CALL: &[&str] = &[
    "assistantOverrides.metadata.bellhop_call_id",
    "metadata.bellhop_call_id",
    "name",
];

const PATHS: &[&str] = &[
    "message.type",
    "message.status",
    "message.timestamp",
    "message.call.id",
    "message.toolCallList.*.id",
];

/// Reads the outline of a message.
///
/// The dedupe key is made of what the message is about, because Vapi sends no delivery id: the header that
/// can be set up for one is not known to stay the same over retries. An end-of-call report's key leaves the
/// body out: it holds signed addresses that are made anew for each delivery, so a retry's body differs.
pub fn outline(body: &[u8]) -> Result<Outline, ParseProblem> {
    let plucked = pluck(body, &[PATHS, OUR_CALL].concat())?;
    let event_type = required(plucked.text("message.type"), "message.type")?;
    let provider_call_id = name(plucked.text("message.call.id"), "message.call.id")?;
    let subject = subject(&event_type, &plucked, provider_call_id.is_some(), body);
    let call = provider_call_id.as_deref().unwrap_or("-");
    Ok(Outline {
        dedupe_key: format!("vapi:{event_type}:{call}:{subject}"),
        event_type,
        call_id: our_call(&plucked),
        provider_call_id,
    })
}

/// What tells one message of a type from the next one of the same call. Without a call only the body does.
fn subject(event_type: &str, plucked: &Plucked, of_call: bool, body: &[u8]) -> String {
    let text = |path| plucked.text(path).filter(|text| text.len() <= MAX_NAME);
    let time = text("message.timestamp").unwrap_or("-");
    let tools = plucked.all("message.toolCallList.*.id");
    match event_type {
        "end-of-call-report" if of_call => "end".to_owned(),
        "status-update" if of_call => match text("message.status") {
            Some(status) => status.to_owned(),
            None => hash(body),
        },
        "tool-calls" if of_call && !tools.is_empty() => hash(tools.join("\n").as_bytes()),
        "hang" if of_call && time != "-" => time.to_owned(),
        _ => format!("{time}:{}", hash(body)),
    }
}

fn our_call(plucked: &Plucked) -> Option<CallId> {
    OUR_CALL
        .iter()
        .find_map(|path| plucked.text(path)?.parse().ok())
}

/// The same of a body that was read in full.
pub(in crate::vapi) fn our_call_in(body: Json<'_>) -> Option<CallId> {
    first_id(body, OUR_CALL)
}

/// The same of a call that was read.
pub(in crate::vapi) fn our_call_in_call(call: Json<'_>) -> Option<CallId> {
    first_id(call, OUR_CALL_IN_CALL)
}

fn first_id(json: Json<'_>, paths: &[&str]) -> Option<CallId> {
    paths
        .iter()
        .find_map(|path| json.at(path).text()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_name_the_key_that_our_calls_carry() {
        for (paths, count) in [(OUR_CALL, 3), (OUR_CALL_IN_CALL, 2)] {
            let keys: Vec<_> = paths
                .iter()
                .filter(|path| path.contains("metadata"))
                .collect();
            assert_eq!(keys.len(), count);
            assert!(
                keys.iter()
                    .all(|path| path.ends_with(crate::vapi::CALL_ID_KEY))
            );
        }
    }

    const CALL: &str = "cal_019a0000000070008000000000000001";

    fn key(body: &str) -> String {
        outline(body.as_bytes()).unwrap().dedupe_key
    }

    #[test]
    fn a_report_sent_again_with_fresh_addresses_is_the_same() {
        let report = |url: &str| {
            key(&format!(
                r#"{{"message":{{"type":"end-of-call-report","call":{{"id":"c1"}},"artifact":{{"recordingUrl":"{url}"}}}}}}"#
            ))
        };
        assert_eq!(report("https://a?sig=1"), report("https://a?sig=2"));
    }

    #[test]
    fn each_status_of_a_call_is_an_event_of_its_own() {
        let status = |status: &str, call: &str| {
            key(&format!(
                r#"{{"message":{{"type":"status-update","status":"{status}","timestamp":1,"call":{{"id":"{call}"}}}}}}"#
            ))
        };
        assert_eq!(status("ended", "c1"), status("ended", "c1"));
        assert_ne!(status("ended", "c1"), status("ringing", "c1"));
        assert_ne!(status("ended", "c1"), status("ended", "c2"));
    }

    #[test]
    fn what_has_no_name_of_its_own_is_told_by_its_body() {
        let transcript = |text: &str| {
            key(&format!(
                r#"{{"message":{{"type":"transcript","transcript":"{text}","timestamp":7,"call":{{"id":"c1"}}}}}}"#
            ))
        };
        assert_eq!(transcript("a"), transcript("a"));
        assert_ne!(transcript("a"), transcript("b"));
        // Without a call, two reports are only the same when their bodies are.
        let lost = |n: u8| {
            key(&format!(
                r#"{{"message":{{"type":"end-of-call-report","n":{n}}}}}"#
            ))
        };
        assert_ne!(lost(1), lost(2));
    }

    #[test]
    fn tool_calls_are_told_by_their_ids() {
        let tools = |id: &str, n: u8| {
            key(&format!(
                r#"{{"message":{{"type":"tool-calls","timestamp":{n},"call":{{"id":"c1"}},"toolCallList":[{{"id":"{id}"}}]}}}}"#
            ))
        };
        assert_eq!(tools("t1", 1), tools("t1", 2));
        assert_ne!(tools("t1", 1), tools("t2", 1));
    }

    #[test]
    fn our_own_call_is_recognised_wherever_vapi_echoes_it() {
        for call in [
            format!(
                r#"{{"id":"c1","assistantOverrides":{{"metadata":{{"bellhop_call_id":"{CALL}"}}}}}}"#
            ),
            format!(r#"{{"id":"c1","metadata":{{"bellhop_call_id":"{CALL}"}}}}"#),
            format!(r#"{{"id":"c1","name":"{CALL}"}}"#),
        ] {
            let body = format!(r#"{{"message":{{"type":"hang","call":{call}}}}}"#);
            let outline = outline(body.as_bytes()).unwrap();
            assert_eq!(
                outline.call_id.map(|id| id.to_string()).as_deref(),
                Some(CALL)
            );
            assert_eq!(outline.provider_call_id.as_deref(), Some("c1"));
        }
        let theirs = br#"{"message":{"type":"hang","call":{"id":"c1","name":"job 7"}}}"#;
        assert_eq!(outline(theirs).unwrap().call_id, None);
    }

    #[test]
    fn an_unknown_type_is_kept_and_a_missing_one_is_named() {
        let odd = outline(br#"{"message":{"type":"call.sung","new":[1]}}"#).unwrap();
        assert_eq!(odd.event_type, "call.sung");
        for body in ["{}", r#"{"type":"hang"}"#, r#"{"message":{"type":""}}"#] {
            assert_eq!(
                outline(body.as_bytes()),
                Err(ParseProblem::Missing("message.type"))
            );
        }
    }
}
