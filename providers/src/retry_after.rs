//! The wait that an answer's `Retry-After` asks for.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// In seconds or until a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(text, Timestamp::now())?,
    };
    Some(wait.min(LONGEST))
}

/// The wait until an HTTP date; none at all when it is past.
fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let at = DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(date)
        .ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_date_is_a_wait_until_then() {
        let now: Timestamp = "2027-03-26T09:00:00Z".parse().unwrap();
        let table = [
            ("Fri, 26 Mar 2027 09:01:30 GMT", Some(90)),
            ("Fri, 26 Mar 2027 08:00:00 GMT", Some(0)),
            ("in a while", None),
        ];
        for (date, expected) in table {
            assert_eq!(
                until(date, now),
                expected.map(Duration::from_secs),
                "{date}"
            );
        }
    }
}
