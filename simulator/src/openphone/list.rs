//! `GET /v1/messages` and `/v1/calls`: newest first, of one line and one person, in pages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::problem::Problem;

/// What is asked for. Line, person and size have to be named.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) line_id: String,
    pub(super) person: String,
    size: usize,
    after_ms: Option<i64>,
    before_ms: Option<i64>,
    start: usize,
}

impl Query {
    pub(super) fn read(query: &str) -> Result<Self, Problem> {
        let mut read = Self::default();
        let instant = |text: &str| {
            let at = text.parse::<Timestamp>();
            at.map(Timestamp::as_millisecond)
                .map_err(|_| Problem::BAD_REQUEST)
        };
        let number = |text: &str| text.parse::<usize>().map_err(|_| Problem::BAD_REQUEST);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "phoneNumberId" => read.line_id = value.into_owned(),
                "participants" | "participants[]" => read.person = value.into_owned(),
                "maxResults" => read.size = number(&value)?,
                "createdAfter" => read.after_ms = Some(instant(&value)?),
                "createdBefore" => read.before_ms = Some(instant(&value)?),
                "pageToken" => read.start = number(&value)?,
                _ => {}
            }
        }
        let named = !read.line_id.is_empty() && !read.person.is_empty();
        match named && (1..=100).contains(&read.size) {
            true => Ok(read),
            false => Err(Problem::BAD_REQUEST),
        }
    }

    pub(super) fn wants(&self, line_id: &str, person: &str, created_ms: i64) -> bool {
        line_id == self.line_id
            && person == self.person
            && self.after_ms.is_none_or(|after| created_ms >= after)
            && self.before_ms.is_none_or(|before| created_ms <= before)
    }

    /// The page that is asked for, of all that is wanted, newest first.
    pub(super) fn page(&self, found: Vec<Value>) -> Value {
        let total = found.len();
        let data: Vec<Value> = found.into_iter().skip(self.start).take(self.size).collect();
        let end = self.start.saturating_add(data.len());
        let next = (end < total).then(|| end.to_string());
        json!({"data": data, "totalItems": total, "nextPageToken": next})
    }
}
