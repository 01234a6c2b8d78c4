//! What OpenPhone's answers mean for whoever asked.

use serde::Deserialize;

use super::{Accepted, Options};
use crate::{
    channel::{SendError, http::Answer},
    error::ReadError,
    retry_after::retry_after,
};

#[derive(Deserialize)]
struct Created {
    data: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    phone_number_id: Option<String>,
}

#[derive(Deserialize)]
struct Failed {
    code: String,
}

/// The text that was made of the request, or why there is none.
pub(super) fn sent(answer: &Answer, options: &Options) -> Result<Accepted, SendError> {
    if answer.status.is_success() {
        // Something was accepted; which text it is can be found out.
        return created(answer).ok_or(SendError::Uncertain);
    }
    Err(refusal(answer, options))
}

fn created(answer: &Answer) -> Option<Accepted> {
    let created: Created = serde_json::from_slice(answer.body.as_deref()?).ok()?;
    let Message {
        id,
        phone_number_id,
    } = created.data;
    (!id.is_empty()).then_some(Accepted {
        message_id: id,
        line_id: phone_number_id,
    })
}

fn refusal(answer: &Answer, options: &Options) -> SendError {
    let status = answer.status.as_u16();
    match status {
        429 => {
            return SendError::RateLimited {
                retry_after: retry_after(&answer.headers),
            };
        }
        100..200 | 408 | 409 | 425 | 500.. => return SendError::Uncertain,
        _ => {}
    }
    let code = code(answer);
    let detail = code.clone().unwrap_or_else(|| format!("status_{status}"));
    let listed = code.is_some_and(|code| options.misconfigured_codes.contains(&code));
    if listed || matches!(status, 401..=405) || answer.status.is_redirection() {
        SendError::misconfigured(detail)
    } else {
        SendError::refused(true, detail)
    }
}

/// The body of an answered read.
pub(super) fn read(answer: Answer) -> Result<Vec<u8>, ReadError> {
    let status = answer.status.as_u16();
    match status {
        200..300 => answer
            .body
            .ok_or_else(|| ReadError::Failed("the answer broke off or was too large".into())),
        429 => Err(ReadError::RateLimited {
            retry_after: retry_after(&answer.headers),
        }),
        408 | 500.. => Err(ReadError::Failed(format!("status {status}"))),
        _ => Err(ReadError::Refused {
            status,
            message: code(&answer).unwrap_or_else(|| "no code".into()),
            systemic: answer.status.is_redirection() || matches!(status, 401..=403 | 405),
        }),
    }
}

/// OpenPhone's number of the error. Anything longer is none: it could be a phone number.
fn code(answer: &Answer) -> Option<String> {
    let failed: Failed = serde_json::from_slice(answer.body.as_deref()?).ok()?;
    let is_code =
        (1..=8).contains(&failed.code.len()) && failed.code.bytes().all(|b| b.is_ascii_digit());
    is_code.then_some(failed.code)
}
