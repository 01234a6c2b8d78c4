//! What is answered to words: by rule, in the shape that was asked for.

use serde_json::{Map, Value, json};

use super::scenario::Scenario;

/// A request, as far as it matters.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) instruction: String,
    pub(super) input: String,
    /// Whether a list was asked for.
    wants_list: bool,
}

impl Request {
    /// Takes a request; `None` when it is none that Gemini would take.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let contents = body.get("contents")?.as_array()?;
        let kind = body["generationConfig"]["responseSchema"]["type"].as_str();
        Some(Self {
            instruction: words(&body["systemInstruction"]),
            input: contents.iter().map(words).collect(),
            wants_list: kind.is_some_and(|kind| kind.eq_ignore_ascii_case("array")),
        })
    }

    /// The answer: one entry for each passage of the input, or one for the whole of it.
    pub(super) fn answer(&self, scenario: &Scenario) -> String {
        let passages: Option<Vec<Value>> = serde_json::from_str(&self.input).ok();
        match passages.filter(|_| self.wants_list) {
            Some(passages) => Value::Array(
                passages
                    .iter()
                    .map(|passage| found(scenario, passage))
                    .collect(),
            ),
            None => Value::Object(scenario.finds(&self.input)),
        }
        .to_string()
    }
}

fn found(scenario: &Scenario, passage: &Value) -> Value {
    let words = passage["words"].as_str().unwrap_or_default();
    let mut entry = Map::from_iter([("index".to_owned(), passage["index"].clone())]);
    entry.extend(scenario.finds(words));
    Value::Object(entry)
}

fn words(content: &Value) -> String {
    let parts = content["parts"].as_array();
    let texts = parts.into_iter().flatten();
    texts.filter_map(|part| part["text"].as_str()).collect()
}

/// About four characters to a token, as with English.
pub(super) fn tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(4) as u64
}

/// The body of a 200.
pub(super) fn candidate(
    text: Option<&str>,
    reason: &str,
    prompt: u64,
    answer: u64,
    model: &str,
) -> Value {
    let mut candidate = json!({"finishReason": reason, "index": 0});
    if let Some(text) = text {
        candidate["content"] = json!({"role": "model", "parts": [{"text": text}]});
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": usage(prompt, answer),
        "modelVersion": model,
        "responseId": "r_sim",
    })
}

pub(super) fn usage(prompt: u64, answer: u64) -> Value {
    json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": answer,
        "totalTokenCount": prompt + answer,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    })
}
