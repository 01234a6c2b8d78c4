//! Cal.com: the times at which an event type can be booked.
//!
//! Facts about the API were read in the vendor's documentation in autumn 2026. Cal.com tells what is free, so
//! everything else in the span is busy: taken, closed, too soon or too far ahead.

use std::{collections::BTreeMap, fmt};

use domain::calendar::{FreeBusy, Span, tidy, without};
use jiff::Timestamp;
use reqwest::{Url, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    CalendarError,
    http::{MAX_ANSWER, base, code, joined, json, parts, refusal},
};
use crate::{
    channel::{
        HttpOptions,
        http::{self, Answer},
    },
    json::Json,
};

/// Where Cal.com answers, unless configured otherwise.
pub const BASE_URL: &str = "https://api.cal.com";

/// How the client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    /// The version of the slots' interface: another one silently selects another shape of the answer.
    pub api_version: String,
    /// Longest span of one request.
    pub longest_days: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: HttpOptions::default(),
            api_version: "2024-09-04".to_owned(),
            longest_days: 31,
        }
    }
}

/// Reads the slots that one key may see. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    base: Url,
    key: Option<SecretString>,
    options: Options,
    http: reqwest::Client,
}

/// `{"status":"success","data":{"2026-01-05":[{"start":…,"end":…}]}}`
#[derive(Deserialize)]
struct Slots {
    status: String,
    data: BTreeMap<String, Vec<Span>>,
}

impl Client {
    /// Without a key, of public event types. `base_url` is [`BASE_URL`], or a simulator's. Fails only with
    /// [`CalendarError::Refused`].
    pub fn new(
        base_url: &str,
        key: Option<SecretString>,
        options: Options,
    ) -> Result<Self, CalendarError> {
        let base = base(base_url)?;
        let http = http::client(&base, options.http)?;
        Ok(Self {
            base,
            key,
            options,
            http,
        })
    }

    /// What of the span cannot be booked of an event type, given as its number or as `user/slug`. `now` is only
    /// written into the answer.
    pub async fn free_busy(
        &self,
        event_type: &str,
        asked: Span,
        now: Timestamp,
    ) -> Result<FreeBusy, CalendarError> {
        let mut free = Vec::new();
        for part in parts(asked, self.options.longest_days) {
            free.extend(self.free(event_type, part).await?);
        }
        let busy = without(&[asked], &tidy(free));
        Ok(FreeBusy::new(busy, vec![asked], now))
    }

    async fn free(&self, event_type: &str, asked: Span) -> Result<Vec<Span>, CalendarError> {
        let mut request = self
            .http
            .get(self.url(event_type, asked))
            .header("cal-api-version", &self.options.api_version);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, bearer(key)?);
        }
        free(&http::send(request, MAX_ANSWER).await?)
    }

    fn url(&self, event_type: &str, asked: Span) -> Url {
        let mut url = joined(&self.base, &["v2", "slots"]);
        let mut query = url.query_pairs_mut();
        match event_type.split_once('/') {
            Some((user, slug)) => query
                .append_pair("username", user)
                .append_pair("eventTypeSlug", slug),
            None => query.append_pair("eventTypeId", event_type),
        };
        query
            .append_pair("start", &asked.start.to_string())
            .append_pair("end", &asked.end.to_string())
            .append_pair("timeZone", "UTC")
            .append_pair("format", "range");
        drop(query);
        url
    }
}

fn bearer(key: &SecretString) -> Result<reqwest::header::HeaderValue, CalendarError> {
    let text = format!("Bearer {}", key.expose_secret().trim());
    let mut value =
        reqwest::header::HeaderValue::from_str(&text).map_err(|_| CalendarError::refused("key"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The slots of an answer, or why there are none.
fn free(answer: &Answer) -> Result<Vec<Span>, CalendarError> {
    let said = json(answer);
    if !answer.status.is_success() {
        let said = said.unwrap_or_default();
        let error = Json::from(&said).at("error.code").text();
        return Err(refusal(answer, error.and_then(|error| code(&error))));
    }
    let slots: Slots =
        serde_json::from_value(said?).map_err(|_| CalendarError::unreadable("slots"))?;
    match slots.status.as_str() {
        "success" => Ok(slots.data.into_values().flatten().collect()),
        _ => Err(CalendarError::unreadable("status")),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
