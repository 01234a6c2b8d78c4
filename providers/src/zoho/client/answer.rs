//! What an answer, or the lack of one, means for the caller.

use serde_json::Value;

use super::Effect;
use crate::{
    channel::{SendError, http::Answer},
    json::{Json, broken},
    retry_after::retry_after,
    zoho::{CrmError, ProblemKind, RecordProblem, error::code_word},
};

/// In place of a word that Zoho did not give.
const UNKNOWN: &str = "UNKNOWN";

/// A request that got no answer.
pub(super) fn failure(error: SendError, effect: Effect) -> CrmError {
    match error {
        SendError::Misconfigured { detail } => CrmError::Misconfigured { detail },
        SendError::Uncertain => lost(effect),
        _ => CrmError::Unavailable,
    }
}

/// The body of an answer that is one; `None` for an answer without, as Zoho has when nothing is found.
pub(super) fn read(answer: &Answer, effect: Effect) -> Result<Option<Value>, CrmError> {
    let status = answer.status.as_u16();
    if matches!(status, 204 | 304) {
        return Ok(None);
    }
    if answer.status.is_success() {
        return body(answer, effect).map(Some);
    }
    let value: Value = answer
        .body
        .as_deref()
        .and_then(|body| broken::read(body).ok())
        .unwrap_or_default();
    let whole = !["data", "watch"].iter().any(|list| value[list].is_array());
    let code = code(&value);
    match (status, code.as_str()) {
        (429, _) | (_, "TOO_MANY_REQUESTS") => Err(CrmError::RateLimited {
            retry_after: retry_after(&answer.headers),
        }),
        (412, _) => Err(CrmError::Changed),
        (401, "OAUTH_SCOPE_MISMATCH") | (403, _) if whole => Err(CrmError::Denied { code }),
        (401, _) => Err(CrmError::TokenInvalid),
        (100..=199 | 408 | 425 | 500.., _) => Err(lost(effect)),
        (300..=399 | 404 | 405 | 415, _) if whole => Err(CrmError::Misconfigured { detail: code }),
        // Each record's own problem stands in the list.
        _ if !whole => Ok(Some(value)),
        _ => Err(problem(&value).into()),
    }
}

fn body(answer: &Answer, effect: Effect) -> Result<Value, CrmError> {
    let Some(body) = answer.body.as_deref() else {
        return Err(lost(effect));
    };
    broken::read(body).map_err(|_| match effect {
        Effect::Read => CrmError::Unreadable("not JSON"),
        Effect::Write => CrmError::Uncertain,
    })
}

fn lost(effect: Effect) -> CrmError {
    match effect {
        Effect::Read => CrmError::Unavailable,
        Effect::Write => CrmError::Uncertain,
    }
}

fn code(value: &Value) -> String {
    let text = Json::from(value).at("code").text();
    text.and_then(|text| code_word(&text))
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

/// What is wrong with a request, or with one element of its list.
pub(in crate::zoho) fn problem(value: &Value) -> RecordProblem {
    let json = Json::from(value);
    let code = code(value);
    let field = json.at("details.api_name").text();
    let field = field.filter(|name| is_name(name));
    let duplicate_of = json
        .first(&["details.id", "details.duplicate_record.id"])
        .text();
    RecordProblem {
        kind: kind(&code, field.as_deref()),
        duplicate_of: duplicate_of
            .filter(|_| code == "DUPLICATE_DATA")
            .and_then(|id| id.parse().ok()),
        code,
        field,
    }
}

/// The name of a field, and nothing else.
fn is_name(text: &str) -> bool {
    text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn kind(code: &str, field: Option<&str>) -> ProblemKind {
    match (code, field) {
        ("DUPLICATE_DATA", _) => ProblemKind::Duplicate,
        ("INVALID_DATA", Some("id" | "channel_id"))
        | ("NOT_SUBSCRIBED" | "RECORD_NOT_FOUND", _) => ProblemKind::NotFound,
        (
            "INVALID_DATA"
            | "MANDATORY_NOT_FOUND"
            | "REQUIRED_DATA_NOT_FOUND"
            | "DEPENDENT_FIELD_MISSING"
            | "EXPECTED_FIELD_MISSING"
            | "PATTERN_NOT_MATCHED",
            _,
        ) => ProblemKind::Values,
        (
            "RECORD_LOCKED" | "RECORD_IN_BLUEPRINT" | "NOT_APPROVED" | "STORAGE_SPACE_EXCEEDED",
            _,
        ) => ProblemKind::Locked,
        ("PRECONDITION_FAILED", _) => ProblemKind::Changed,
        ("NO_PERMISSION" | "AUTHORIZATION_FAILED" | "OAUTH_SCOPE_MISMATCH", _) => {
            ProblemKind::Denied
        }
        ("INTERNAL_ERROR" | "TOO_MANY_REQUESTS", _) => ProblemKind::Passing,
        _ => ProblemKind::Other,
    }
}

impl From<RecordProblem> for CrmError {
    fn from(problem: RecordProblem) -> Self {
        match problem.kind {
            ProblemKind::Changed => Self::Changed,
            ProblemKind::Denied => Self::Denied { code: problem.code },
            _ => Self::Refused(problem),
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
