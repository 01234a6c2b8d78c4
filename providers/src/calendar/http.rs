//! What the clients of all calendars have in common.

use domain::calendar::Span;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::Value;

use super::CalendarError;
use crate::{channel::http::Answer, retry_after::retry_after};

/// Largest answer in JSON that is read, in bytes: two months of slots come to less than one.
pub(super) const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Longest code of a provider's that is shown.
const LONGEST_CODE: usize = 40;

/// A base address with a path.
pub(super) fn joined(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// A base address from the configuration.
pub(super) fn base(text: &str) -> Result<Url, CalendarError> {
    let url = Url::parse(text).ok().filter(|url| !url.cannot_be_a_base());
    url.ok_or_else(|| CalendarError::refused("base_url"))
}

/// What stands in an answer that says yes.
pub(super) fn json(answer: &Answer) -> Result<Value, CalendarError> {
    let body = answer.body.as_deref();
    let body = body.ok_or(CalendarError::unreadable("too_large_or_cut_off"))?;
    serde_json::from_slice(body).map_err(|_| CalendarError::unreadable("no_json"))
}

/// What an answer that says no means, by its status; `code` is the provider's.
pub(super) fn refusal(answer: &Answer, code: Option<String>) -> CalendarError {
    let retry_after = retry_after(&answer.headers);
    match answer.status.as_u16() {
        429 => CalendarError::RateLimited { retry_after },
        408 | 409 | 425 | 500.. => CalendarError::Unavailable { retry_after },
        status => CalendarError::refused(code.unwrap_or_else(|| format!("status_{status}"))),
    }
}

/// A provider's code, when it is only that: short, and of letters and `_`.
pub(super) fn code(text: &str) -> Option<String> {
    let is_code = (1..=LONGEST_CODE).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    is_code.then(|| text.to_owned())
}

/// The span in parts of at most so many days.
pub(super) fn parts(asked: Span, days: u16) -> impl Iterator<Item = Span> {
    let longest = SignedDuration::from_hours(24 * i64::from(days.max(1)));
    let mut start = asked.start;
    std::iter::from_fn(move || {
        let end = start.checked_add(longest).unwrap_or(Timestamp::MAX);
        let part = Span::new(start, end.min(asked.end))?;
        start = part.end;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_hours(hours)
    }

    #[test]
    fn a_span_is_asked_for_in_parts_without_gaps() {
        let asked = Span::new(at(0), at(100)).unwrap();
        let ends: Vec<_> = parts(asked, 2).map(|part| (part.start, part.end)).collect();
        assert_eq!(ends, [(at(0), at(48)), (at(48), at(96)), (at(96), at(100))]);
        assert_eq!(parts(asked, 60).collect::<Vec<_>>(), [asked]);
    }

    #[test]
    fn a_code_of_a_provider_is_nothing_personal() {
        for (text, is_code) in [
            ("invalid_grant", true),
            ("notFound", true),
            ("UNAUTHORIZED", true),
            ("ada@example.com", false),
            ("no such user", false),
            ("", false),
            ("room1", false),
        ] {
            assert_eq!(code(text).is_some(), is_code, "{text}");
        }
        assert_eq!(code(&"a".repeat(41)), None);
    }
}
