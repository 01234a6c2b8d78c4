//! `GET …/Messages.json`: newest first, by number, sender and day, in pages.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    ledger::{Ledger, Message},
    message::{API_VERSION, object},
};

/// Most messages on one page.
const MAX_PAGE_SIZE: usize = 1000;

/// What is asked for. The day is the day of sending; a message that is not sent yet counts by its creation.
#[derive(Debug)]
pub(super) struct Query {
    to: Option<String>,
    from: Option<String>,
    /// Both ends included, in milliseconds since 1970.
    from_ms: i64,
    until_ms: i64,
    page: usize,
    page_size: usize,
    /// The query as sent, without its page.
    filters: String,
}

impl Query {
    /// Reads a query string. `Err` names the parameter that cannot be read.
    pub(super) fn read(query: &str) -> Result<Self, String> {
        let mut read = Self {
            to: None,
            from: None,
            from_ms: i64::MIN,
            until_ms: i64::MAX,
            page: 0,
            page_size: 50,
            filters: String::new(),
        };
        let mut filters = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let wrong = || format!("{name} cannot be read");
            match name.as_ref() {
                "To" => read.to = Some(value.clone().into_owned()),
                "From" => read.from = Some(value.clone().into_owned()),
                "DateSent" => {
                    (read.from_ms, read.until_ms) = instants(&value).ok_or_else(wrong)?;
                }
                // `DateSent>=2026-01-01` in a URL is the name `DateSent>` and the rest.
                "DateSent>" => read.from_ms = instants(&value).ok_or_else(wrong)?.0,
                "DateSent<" => read.until_ms = instants(&value).ok_or_else(wrong)?.1,
                "Page" => read.page = value.parse().map_err(|_| wrong())?,
                "PageSize" => {
                    let size: usize = value.parse().map_err(|_| wrong())?;
                    read.page_size = size.clamp(1, MAX_PAGE_SIZE);
                }
                _ => {}
            }
            if name != "Page" {
                filters.append_pair(&name, &value);
            }
        }
        read.filters = filters.finish();
        Ok(read)
    }

    fn wants(&self, message: &Message) -> bool {
        let at_ms = message.sent_ms.unwrap_or(message.created_ms);
        self.to.as_ref().is_none_or(|to| *to == message.to)
            && (self.from.is_none() || self.from == message.from)
            && (self.from_ms..=self.until_ms).contains(&at_ms)
    }

    /// The page that is asked for, of an account's messages created until `newest_ms`.
    pub(super) fn page(&self, ledger: &Ledger, account: &str, newest_ms: i64) -> Value {
        let found: Vec<&Message> = ledger
            .messages
            .iter()
            .rev()
            .filter(|message| message.account == account && message.created_ms <= newest_ms)
            .filter(|message| self.wants(message))
            .collect();
        let start = self.page.saturating_mul(self.page_size);
        let messages: Vec<Value> = found
            .iter()
            .skip(start)
            .take(self.page_size)
            .map(|message| object(message))
            .collect();
        let more = found.len() > start.saturating_add(messages.len());
        let uri = |page: usize| {
            format!(
                "/{API_VERSION}/Accounts/{account}/Messages.json?{}&Page={page}",
                self.filters
            )
        };
        json!({
            "start": start,
            "end": start.saturating_add(messages.len()).saturating_sub(1),
            "page": self.page,
            "page_size": self.page_size,
            "uri": uri(self.page),
            "first_page_uri": uri(0),
            "previous_page_uri": self.page.checked_sub(1).map(uri),
            "next_page_uri": (more && !messages.is_empty()).then(|| uri(self.page + 1)),
            "messages": messages,
        })
    }
}

/// The first and last millisecond of a day or an instant.
fn instants(text: &str) -> Option<(i64, i64)> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at.as_millisecond(), at.as_millisecond()));
    }
    let day: Date = text.parse().ok()?;
    let start = |day: Date| {
        let zoned = day.to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp().as_millisecond())
    };
    Some((start(day)?, start(day.tomorrow().ok()?)? - 1))
}
