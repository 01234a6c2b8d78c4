//! What Twilio's answer to a send means.

use serde::Deserialize;

use super::{MessageSid, Options};
use crate::{
    channel::{SendError, http::Answer},
    retry_after::retry_after,
};

/// Too many requests, whatever the status beside it.
const RATE_LIMITED: u32 = 20429;

#[derive(Deserialize)]
struct Created {
    sid: String,
}

#[derive(Deserialize)]
struct Failed {
    code: u32,
}

/// The message that was made of the request, or why there is none.
pub(super) fn sent(answer: &Answer, options: &Options) -> Result<MessageSid, SendError> {
    if answer.status.is_success() {
        // Something was accepted; which message it is can be found out.
        return created(answer).ok_or(SendError::Uncertain);
    }
    Err(refusal(answer, options))
}

fn created(answer: &Answer) -> Option<MessageSid> {
    let created: Created = serde_json::from_slice(answer.body.as_deref()?).ok()?;
    MessageSid::parse(&created.sid)
}

fn refusal(answer: &Answer, options: &Options) -> SendError {
    let status = answer.status.as_u16();
    let code = code(answer);
    if status == 429 || code == Some(RATE_LIMITED) {
        return SendError::RateLimited {
            retry_after: retry_after(&answer.headers),
        };
    }
    if matches!(status, 100..200 | 408 | 409 | 425 | 500..) {
        return SendError::Uncertain;
    }
    let detail = code.map_or_else(|| format!("status_{status}"), |code| code.to_string());
    let listed = |list: &[u32]| code.is_some_and(|code| list.contains(&code));
    if listed(&options.misconfigured_codes)
        || matches!(status, 401..=405)
        || answer.status.is_redirection()
    {
        SendError::misconfigured(detail)
    } else {
        SendError::refused(!listed(&options.passing_codes), detail)
    }
}

/// Twilio's number of the error. Anything longer is none: it could be a phone number.
pub(super) fn code(answer: &Answer) -> Option<u32> {
    let failed: Failed = serde_json::from_slice(answer.body.as_deref()?).ok()?;
    (failed.code <= 99_999).then_some(failed.code)
}
