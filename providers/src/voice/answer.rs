//! What an HTTP answer, or the lack of one, means for the caller.

use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    error::{Doubt, PlaceError, ReadError},
    redact::masked_text,
    retry_after::retry_after,
};

/// Largest answer that is read, in bytes: a page of a thousand calls with their transcripts.
const MAX_ANSWER: usize = 128 * 1024 * 1024;
/// Longest message that is kept of a refusal, in characters.
const MAX_MESSAGE: usize = 300;

/// Statuses with which neither the request to dial nor its refusal is certain: a gateway's timeout,
/// and a conflict that may be with the very same request.
const UNCERTAIN: [StatusCode; 3] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::CONFLICT,
    StatusCode::TOO_EARLY,
];

/// The body of an accepted request to dial.
pub(super) async fn to_place(
    response: Response,
    key: &SecretString,
) -> Result<Vec<u8>, PlaceError> {
    let status = response.status();
    if status.is_success() {
        return body(response).await.map_err(|error| match error {
            BodyError::Broken(error) => place_failure(error),
            BodyError::TooLarge => {
                PlaceError::Uncertain(Doubt::Unreadable("answer too large".into()))
            }
        });
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(PlaceError::RateLimited {
            retry_after: retry_after(response.headers()),
        });
    }
    let message = message(response, key).await;
    let code = status.as_u16();
    Err(
        if status.is_server_error() || UNCERTAIN.contains(&status) || status.is_informational() {
            PlaceError::Uncertain(Doubt::Status {
                status: code,
                message,
            })
        } else {
            PlaceError::Refused {
                status: code,
                message,
                systemic: is_systemic(status),
            }
        },
    )
}

/// The body of an answered read.
pub(super) async fn to_read(response: Response, key: &SecretString) -> Result<Vec<u8>, ReadError> {
    let status = response.status();
    if status.is_success() {
        return body(response).await.map_err(|error| match error {
            BodyError::Broken(error) => read_failure(error),
            BodyError::TooLarge => ReadError::Unreadable("answer too large".into()),
        });
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(ReadError::RateLimited {
            retry_after: retry_after(response.headers()),
        });
    }
    let message = message(response, key).await;
    Err(
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            ReadError::Failed(format!("status {}: {message}", status.as_u16()))
        } else {
            ReadError::Refused {
                status: status.as_u16(),
                message,
                systemic: is_systemic(status),
            }
        },
    )
}

/// A request to dial that got no answer. Only a failure to connect proves that it never left.
pub(super) fn place_failure(error: reqwest::Error) -> PlaceError {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        PlaceError::Unreachable(error)
    } else if error.is_timeout() {
        PlaceError::Uncertain(Doubt::Timeout(error))
    } else {
        PlaceError::Uncertain(Doubt::Broken(error))
    }
}

/// A read that got no answer.
pub(super) fn read_failure(error: reqwest::Error) -> ReadError {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection broke"
    };
    ReadError::Failed(what.into())
}

/// Whether the refusal is of the account or the address rather than of this one request. A 404 or a
/// redirect on a fixed path means a wrong base address.
fn is_systemic(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401..=405) || status.is_redirection()
}

enum BodyError {
    Broken(reqwest::Error),
    TooLarge,
}

async fn body(mut response: Response) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What the provider said, shortened, without phone numbers and without our key.
async fn message(response: Response, key: &SecretString) -> String {
    let body = body(response).await.unwrap_or_default();
    let text = match serde_json::from_slice::<Value>(&body) {
        Ok(answer) => ["message", "error_message", "error"]
            .iter()
            .find_map(|field| words(answer.get(field)?))
            .unwrap_or_else(|| answer.to_string()),
        Err(_) => String::from_utf8_lossy(&body).into_owned(),
    };
    let text = match key.expose_secret() {
        "" => text,
        key => text.replace(key, "[key]"),
    };
    let start: String = text.chars().take(4 * MAX_MESSAGE).collect();
    masked_text(&start)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_MESSAGE)
        .collect()
}

/// A text, or several in a list.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(texts) => {
            let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join("; "))
        }
        _ => None,
    }
}
