//! What Gemini's answer means.

use std::time::Duration;

use domain::text::{Found, Usage};
use serde_json::Value;

use super::nothing;
use crate::{
    channel::http::Answer,
    extractor::{ExtractError, ExtractFailure},
    json::{Json, broken},
    retry_after::retry_after,
};

/// Longest wait that is believed.
const LONGEST_WAIT: f64 = 24.0 * 3600.0;

/// A good answer.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) text: String,
    pub(super) usage: Usage,
    pub(super) model: Option<String>,
}

pub(super) fn read(answer: &Answer) -> Result<Read, ExtractFailure> {
    if !answer.status.is_success() {
        return Err(refusal(answer).into());
    }
    let body = answer.body.as_deref().ok_or(ExtractError::Unavailable)?;
    let unreadable = |_| ExtractError::Unreadable { detail: "not_json" };
    let body: Value = broken::read(body).map_err(unreadable)?;
    let json = Json::from(&body);
    let usage = usage(json);
    let failed = |error| ExtractFailure { error, usage };
    let text = text(&body).map_err(failed)?;
    Ok(Read {
        text,
        usage,
        model: json.at("modelVersion").text(),
    })
}

/// What was thought is paid for as what was answered.
fn usage(json: Json<'_>) -> Usage {
    let count = |key: &str| {
        let count = json
            .at("usageMetadata")
            .at(key)
            .integer()
            .unwrap_or_default();
        u64::try_from(count).unwrap_or_default()
    };
    Usage {
        input: count("promptTokenCount").saturating_add(count("toolUsePromptTokenCount")),
        output: count("candidatesTokenCount").saturating_add(count("thoughtsTokenCount")),
    }
}

fn text(body: &Value) -> Result<String, ExtractError> {
    let json = Json::from(body);
    if let Some(reason) = json.at("promptFeedback.blockReason").text() {
        return Err(blocked(&reason));
    }
    let candidate = json.at("candidates").items().next();
    let candidate = candidate.ok_or_else(|| blocked("no_candidate"))?;
    match candidate.at("finishReason").text().as_deref() {
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => {}
        Some("MAX_TOKENS") => return Err(ExtractError::Cut),
        Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS") => {
            return Err(ExtractError::Unreadable {
                detail: "tool_call",
            });
        }
        Some(reason) => return Err(blocked(reason)),
    }
    let parts = candidate.at("content.parts").items();
    let spoken = parts.filter(|part| part.at("thought").value() != Some(&Value::Bool(true)));
    let text: String = spoken.filter_map(|part| part.at("text").text()).collect();
    match text.trim().is_empty() {
        true => Err(ExtractError::Unreadable { detail: "empty" }),
        false => Ok(text),
    }
}

fn blocked(reason: &str) -> ExtractError {
    ExtractError::Blocked {
        reason: word(reason).unwrap_or_else(|| "other".to_owned()),
    }
}

/// A word of the vendor's, when it is only that.
fn word(text: &str) -> Option<String> {
    let is_word = (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    is_word.then(|| text.to_ascii_lowercase())
}

/// What was found in each passage. An index that is out of range, or comes again, is dropped; `None` when the text is
/// no list at all.
pub(super) fn found(text: &str, passages: usize) -> Option<Vec<Found>> {
    let list: Value = broken::read(unfenced(text).as_bytes()).ok()?;
    let mut found = nothing(passages);
    let mut taken = vec![false; passages];
    for item in list.as_array()? {
        let index = item.get("index").and_then(Value::as_u64);
        let Some(index) = index.and_then(|index| usize::try_from(index).ok()) else {
            continue;
        };
        if let (Some(place), Some(taken)) = (found.get_mut(index), taken.get_mut(index))
            && !*taken
        {
            *taken = true;
            *place = Found::read(item);
        }
    }
    Some(found)
}

/// Without the fence that models put around JSON now and then.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inside = text
        .strip_prefix("```json")
        .or_else(|| text.strip_prefix("```"))
        .and_then(|text| text.strip_suffix("```"));
    inside.unwrap_or(text).trim()
}

fn refusal(answer: &Answer) -> ExtractError {
    let body: Option<Value> = answer
        .body
        .as_deref()
        .and_then(|body| broken::read(body).ok());
    let body = body.unwrap_or_default();
    // Streams wrap an error in a list.
    let json = match &body {
        Value::Array(list) => list.first().map_or(Json::from(&body), Json::from),
        _ => Json::from(&body),
    };
    let status = answer.status.as_u16();
    let named = json
        .at("error.status")
        .text()
        .and_then(|named| word(&named));
    let detail = || named.clone().unwrap_or_else(|| format!("status_{status}"));
    match status {
        429 => rate_limited(json, answer),
        400 if says_key(json) => ExtractError::Misconfigured {
            detail: "key".to_owned(),
        },
        400 if named.as_deref() == Some("failed_precondition") => {
            ExtractError::Misconfigured { detail: detail() }
        }
        401..=405 => ExtractError::Misconfigured { detail: detail() },
        _ if answer.status.is_redirection() => ExtractError::Misconfigured { detail: detail() },
        408 | 499 | 500.. => ExtractError::Unavailable,
        _ => ExtractError::Refused { detail: detail() },
    }
}

/// A wrong key is a bad request there.
fn says_key(json: Json<'_>) -> bool {
    let mut details = json.at("error.details").items();
    details.any(|detail| detail.at("reason").text().as_deref() == Some("API_KEY_INVALID"))
}

fn rate_limited(json: Json<'_>, answer: &Answer) -> ExtractError {
    let details = || json.at("error.details").items();
    let asked = details().find_map(|detail| seconds(&detail.at("retryDelay").text()?));
    let for_today = details()
        .flat_map(|detail| detail.at("violations").items())
        .filter_map(|violation| violation.at("quotaId").text())
        .any(|quota| quota.contains("PerDay"));
    ExtractError::RateLimited {
        retry_after: asked.or_else(|| retry_after(&answer.headers)),
        for_today,
    }
}

/// `21s`, or `3.5s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| Duration::from_secs_f64(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests;
