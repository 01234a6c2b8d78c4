//! Cal.com's slots: all that is not taken, day and night.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    Shared,
    diary::Diary,
    door::{answered, problem},
    scenario::{Door, Fault},
};

/// The version whose shape is played.
const VERSION: &str = "2024-09-04";
/// Longest stretch of time that is answered.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 92);

struct Query(HashMap<String, String>);

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The diary: an event type's number, or its user and its slug.
    fn calendar(&self) -> Option<String> {
        let by_slug = self.get("username").zip(self.get("eventTypeSlug"));
        let by_slug = by_slug.map(|(user, slug)| format!("{user}/{slug}"));
        self.get("eventTypeId").map(str::to_owned).or(by_slug)
    }

    fn instant(&self, name: &str) -> Option<Timestamp> {
        self.get(name)?.parse().ok()
    }
}

pub(super) async fn slots(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let query = Query(
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
    );
    let calendar = query.calendar();
    answered(&shared, Door::Slots, calendar.clone(), |fault| {
        if !may_ask(&shared, &headers) {
            return problem(Door::Slots, 401, "UNAUTHORIZED");
        }
        let diary = calendar.and_then(|name| shared.diaries.find(&name));
        let Some(diary) = diary.filter(|_| fault != Fault::Hidden) else {
            return problem(Door::Slots, 404, "NOT_FOUND");
        };
        let Some((start, end)) = query.instant("start").zip(query.instant("end")) else {
            return problem(Door::Slots, 400, "BAD_REQUEST");
        };
        if end.duration_since(start) > LONGEST {
            return problem(Door::Slots, 400, "BAD_REQUEST");
        }
        let version = headers.get("cal-api-version");
        let data = match version.is_some_and(|version| version == VERSION) {
            true => {
                let length = shared.book.scenario().slot_minutes;
                let ranges = query.get("format") == Some("range");
                days(&diary, (start, end), length, ranges)
            }
            // Another version has another shape, and nothing says so.
            false => json!({"slots": {}}),
        };
        Json(json!({"status": "success", "data": data})).into_response()
    })
    .await
}

/// With no key, what is public is shown; with another one, nothing.
fn may_ask(shared: &Shared, headers: &HeaderMap) -> bool {
    let right = format!("Bearer {}", shared.cal_com_key.expose_secret());
    let key = headers.get(header::AUTHORIZATION);
    key.is_none_or(|key| key.as_bytes() == right.as_bytes())
}

/// The free slots by their day. Days without any are missing.
fn days(diary: &Diary, asked: (Timestamp, Timestamp), minutes: u16, ranges: bool) -> Value {
    let seconds = i64::from(minutes) * 60;
    let mut days: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let first = -(-asked.0.as_second()).div_euclid(seconds);
    for number in first.. {
        let at = |number: i64| Timestamp::from_second(number * seconds).ok();
        let Some((start, end)) = at(number).zip(at(number + 1)) else {
            break;
        };
        if start >= asked.1 {
            break;
        }
        if diary.within(start, end).is_empty() {
            let day = TimeZone::UTC.to_datetime(start).date().to_string();
            let slot = match ranges {
                true => json!({"start": shown(start), "end": shown(end)}),
                false => json!({"start": shown(start)}),
            };
            days.entry(day).or_default().push(slot);
        }
    }
    json!(days)
}

fn shown(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.000+00:00").to_string()
}
