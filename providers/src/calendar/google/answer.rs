//! What Google's answer about a calendar means.

use domain::calendar::Span;
use serde::Deserialize;
use serde_json::Value;

use super::Options;
use crate::{
    calendar::{
        CalendarError,
        http::{code, json, refusal},
    },
    channel::http::Answer,
    json::Json,
    retry_after::retry_after,
};

#[derive(Deserialize)]
struct Calendar {
    /// Required: where it is missing, nothing was said of what is busy.
    busy: Vec<Span>,
    #[serde(default)]
    errors: Vec<Value>,
}

/// The taken times of the one calendar that was asked about, or why they are not known.
pub(super) fn busy(
    answer: &Answer,
    calendar_id: &str,
    options: &Options,
) -> Result<Vec<Span>, CalendarError> {
    if !answer.status.is_success() {
        return Err(refused(answer, options));
    }
    let mut said = json(answer)?;
    let calendars = said.get_mut("calendars").and_then(Value::as_object_mut);
    let calendar = calendars
        .and_then(|all| all.remove(calendar_id))
        .ok_or(CalendarError::unreadable("no_calendar"))?;
    let calendar: Calendar =
        serde_json::from_value(calendar).map_err(|_| CalendarError::unreadable("calendar"))?;
    match calendar.errors.first() {
        None => Ok(calendar.busy),
        Some(error) => Err(not_seen(Json::from(error).at("reason").text())),
    }
}

/// An error of the calendar itself.
fn not_seen(reason: Option<String>) -> CalendarError {
    let reason = reason.and_then(|reason| code(&reason));
    match reason.as_deref() {
        Some("internalError" | "backendError") => CalendarError::Unavailable { retry_after: None },
        _ => CalendarError::refused(reason.unwrap_or_else(|| "calendar_error".to_owned())),
    }
}

fn refused(answer: &Answer, options: &Options) -> CalendarError {
    let said = json(answer).unwrap_or_default();
    let error = Json::from(&said).at("error");
    let reason = error.at("errors").items().next();
    let reason = reason.and_then(|first| first.at("reason").text());
    let is_limit = |reason: &String| options.rate_limit_reasons.contains(reason);
    if answer.status.as_u16() == 403 && reason.as_ref().is_some_and(is_limit) {
        return CalendarError::RateLimited {
            retry_after: retry_after(&answer.headers),
        };
    }
    refusal(answer, reason.and_then(|reason| code(&reason)))
}
