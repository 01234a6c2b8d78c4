//! A diary as an iCal feed, with a version that can be asked for.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Shared,
    diary::Diary,
    door::{answered, problem},
    scenario::{Door, Fault},
};

pub(super) async fn feed(
    State(shared): State<Arc<Shared>>,
    Path((calendar, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answered(&shared, Door::Feed, Some(calendar.clone()), |fault| {
        let diary = shared.diaries.find(&calendar);
        let Some(diary) = diary.filter(|_| fault != Fault::Hidden) else {
            return problem(Door::Feed, 404, "");
        };
        let text = diary.feed.clone().unwrap_or_else(|| text(&diary));
        let version = format!("\"{}\"", hex::encode(Sha256::digest(&text)));
        let known = headers.get(header::IF_NONE_MATCH);
        if known.is_some_and(|known| known.as_bytes() == version.as_bytes()) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let kind = "text/calendar; charset=utf-8".to_owned();
        let headers = [(header::CONTENT_TYPE, kind), (header::ETAG, version)];
        (headers, text).into_response()
    })
    .await
}

/// One event for each time that is taken.
fn text(diary: &Diary) -> String {
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".to_owned()];
    lines.push("PRODID:-//Bellhop//Simulator//EN".to_owned());
    for (place, (start, end)) in diary.taken.iter().enumerate() {
        lines.extend([
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{place}@simulator"),
            format!("DTSTAMP:{}", stamp(*start)),
            format!("DTSTART:{}", stamp(*start)),
            format!("DTEND:{}", stamp(*end)),
            "SUMMARY:Taken".to_owned(),
            "END:VEVENT".to_owned(),
        ]);
    }
    lines.push("END:VCALENDAR\r\n".to_owned());
    lines.join("\r\n")
}

fn stamp(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}
