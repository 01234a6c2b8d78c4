//! A message as it is posted, and whether Slack would take it.

use serde::Deserialize;
use serde_json::Value;

use super::scenario::Limits;

/// The parts of a message that are looked at.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) blocks: Option<Value>,
    #[serde(default)]
    attachments: Option<Value>,
}

impl Message {
    /// Reads a body: JSON, or a form with the JSON as `payload`.
    pub(super) fn read(content_type: &str, body: &[u8]) -> Option<Self> {
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return serde_json::from_slice(body).ok();
        }
        let (_, payload) =
            form_urlencoded::parse(body).find(|(name, _)| name.as_ref() == "payload")?;
        serde_json::from_str(&payload).ok()
    }

    /// The word with which it is refused, if it is.
    pub(super) fn objection(&self, limits: &Limits) -> Option<&'static str> {
        let has = |part: &Option<Value>| {
            part.as_ref()
                .and_then(Value::as_array)
                .is_some_and(|items| !items.is_empty())
        };
        let says_something = self.text.as_ref().is_some_and(|text| !text.is_empty());
        if !says_something && !has(&self.blocks) && !has(&self.attachments) {
            return Some("no_text");
        }
        let fits = match &self.blocks {
            None | Some(Value::Null) => true,
            Some(Value::Array(blocks)) => {
                blocks.len() <= limits.blocks && blocks.iter().all(|block| fits(block, limits))
            }
            Some(_) => false,
        };
        (!fits).then_some("invalid_blocks")
    }
}

/// Whether a block is of a known form and within the limits. Blocks of other types are taken as they are.
fn fits(block: &Value, limits: &Limits) -> bool {
    let items = |name: &str| block.get(name).and_then(Value::as_array);
    match block.get("type").and_then(Value::as_str) {
        None => false,
        Some("header") => text_fits(block.get("text"), limits.header),
        Some("section") => {
            let fields = items("fields");
            let text = block.get("text");
            (text.is_some() || fields.is_some_and(|fields| !fields.is_empty()))
                && text.is_none_or(|text| text_fits(Some(text), limits.section))
                && fields.is_none_or(|fields| {
                    fields.len() <= limits.fields
                        && fields
                            .iter()
                            .all(|each| text_fits(Some(each), limits.field))
                })
        }
        Some("context") => items("elements")
            .is_some_and(|all| !all.is_empty() && all.len() <= limits.context_elements),
        Some("actions") => items("elements").is_some_and(|all| {
            let buttons = all.iter().filter(|each| each["type"] == "button");
            !all.is_empty()
                && all.len() <= limits.action_elements
                && buttons
                    .into_iter()
                    .all(|button| text_fits(button.get("text"), limits.button))
        }),
        Some(_) => true,
    }
}

/// Whether this is a text object with between one and `most` characters.
fn text_fits(text: Option<&Value>, most: usize) -> bool {
    let kind = text
        .and_then(|text| text.get("type"))
        .and_then(Value::as_str);
    let words = text
        .and_then(|text| text.get("text"))
        .and_then(Value::as_str);
    matches!(kind, Some("plain_text" | "mrkdwn"))
        && words.is_some_and(|words| !words.is_empty() && words.chars().count() <= most)
}
