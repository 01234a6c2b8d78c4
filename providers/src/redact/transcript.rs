//! Cuts what was said in a call out of a stored body, word for word; what sums it up stays.

use serde_json::Value;

use crate::source::SourceKind;

/// Stands in the place of each text. It is not empty: that there was a talk is known by it.
pub(crate) const REMOVED: &str = "[removed]";

/// What every body with a transcript has in it, so that the others need not be read.
const TELLING: &[&[u8]] = &[b"transcript", b"dialogue", b"messages", b"conversation"];

/// The body without the transcripts of calls, if it has any. Voicemails, texts and summaries are none.
pub fn without_transcript(kind: SourceKind, body: &[u8]) -> Option<Vec<u8>> {
    let may_hold = |word: &&[u8]| body.windows(word.len()).any(|part| part == *word);
    if !TELLING.iter().any(may_hold) {
        return None;
    }
    let mut json: Value = serde_json::from_slice(body).ok()?;
    let cut = cut(kind, &mut json);
    cut.then(|| serde_json::to_vec(&json).ok()).flatten()
}

/// Whether a transcript stands under a key.
fn is_transcript(kind: SourceKind, key: &str) -> bool {
    match kind {
        SourceKind::Retell => {
            key.starts_with("transcript") || key.starts_with("scrubbed_transcript")
        }
        SourceKind::Vapi => {
            matches!(key, "transcript" | "conversation") || key.starts_with("messages")
        }
        SourceKind::OpenPhone | SourceKind::Quo => key == "dialogue",
        _ => false,
    }
}

/// `true` when something was cut. The depth is that of JSON which could be read.
fn cut(kind: SourceKind, json: &mut Value) -> bool {
    let mut any = false;
    match json {
        Value::Object(fields) => {
            for (key, value) in fields {
                any |= match is_transcript(kind, key) {
                    true => blank(value),
                    false => cut(kind, value),
                };
            }
        }
        Value::Array(values) => {
            for value in values {
                any |= cut(kind, value);
            }
        }
        _ => {}
    }
    any
}

/// Every text in it.
fn blank(json: &mut Value) -> bool {
    match json {
        Value::String(text) if text.is_empty() || text == REMOVED => false,
        Value::String(text) => {
            REMOVED.clone_into(text);
            true
        }
        Value::Array(values) => values.iter_mut().fold(false, |any, each| blank(each) | any),
        Value::Object(fields) => fields
            .values_mut()
            .fold(false, |any, each| blank(each) | any),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn left(kind: SourceKind, body: &Value) -> Option<Value> {
        let left = without_transcript(kind, body.to_string().as_bytes())?;
        Some(serde_json::from_slice(&left).unwrap())
    }

    #[test]
    fn what_was_said_is_cut_out_in_each_vendors_form_and_the_summary_stays() {
        for (kind, body) in [
            (
                SourceKind::Retell,
                json!({"event": "call_analyzed", "call": {
                    "call_id": "c", "transcript": "User: marigold",
                    "transcript_object": [{"role": "user", "content": "marigold", "words": [{"word": "marigold", "start": 1.5}]}],
                    "transcript_with_tool_calls": [{"role": "user", "content": "marigold"}],
                    "scrubbed_transcript_with_tool_calls": [{"content": "marigold"}],
                    "call_analysis": {"call_summary": "a flower"}}}),
            ),
            (
                SourceKind::Vapi,
                json!({"message": {"type": "end-of-call-report", "call": {"id": "c"},
                    "artifact": {"transcript": "User: marigold", "messages": [{"message": "marigold"}],
                                 "messagesOpenAIFormatted": [{"content": "marigold"}]},
                    "conversation": [{"content": "marigold"}],
                    "analysis": {"summary": "a flower"}}}),
            ),
            (
                SourceKind::OpenPhone,
                json!({"type": "call.transcript.completed", "data": {"object": {"callId": "c",
                    "dialogue": [{"content": "marigold", "start": 1.5}], "note": "a flower"}}}),
            ),
        ] {
            let left = left(kind, &body).unwrap();
            let text = left.to_string();
            assert!(!text.contains("marigold"), "{text}");
            assert!(
                text.contains("a flower") && text.contains("\"c\""),
                "{text}"
            );
            // Once is enough.
            assert_eq!(without_transcript(kind, text.as_bytes()), None);
        }
    }

    #[test]
    fn a_body_without_a_transcript_is_left_as_it_is() {
        let voicemail = json!({"type": "call.voicemail.completed", "data": {"object": {"transcript": "ring me"}}});
        assert_eq!(left(SourceKind::OpenPhone, &voicemail), None);
        let empty = json!({"call": {"transcript": "", "transcript_object": []}});
        assert_eq!(left(SourceKind::Retell, &empty), None);
        let text =
            json!({"type": "message.received", "data": {"object": {"body": "the transcript"}}});
        assert_eq!(left(SourceKind::Quo, &text), None);
        assert_eq!(without_transcript(SourceKind::Retell, b"transcript="), None);
        assert_eq!(without_transcript(SourceKind::Retell, b""), None);
    }
}
