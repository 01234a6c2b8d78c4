//! Google Calendar: the taken times of one calendar.
//!
//! Facts about the API were read in the vendor's documentation in autumn 2026. A calendar that may not be seen
//! is an error inside an answer that says yes, with nothing busy: it is never taken for a free one.

mod answer;
mod credentials;
mod token;

use std::{fmt, sync::Arc};

use domain::calendar::{FreeBusy, Span};
use jiff::Timestamp;
use reqwest::{
    StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Mutex;

use super::{
    CalendarError,
    http::{MAX_ANSWER, base, joined, parts},
};
use crate::channel::{HttpOptions, http};
use credentials::Credentials;
use token::Token;

/// Where the calendars are, unless configured otherwise.
pub const BASE_URL: &str = "https://www.googleapis.com";
/// Where access tokens are given out, unless configured otherwise.
pub const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// How the client behaves. The lists of reasons and the longest span could not be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    /// The address of the token endpoint. It is also whom a service account's proof is for.
    pub token_url: String,
    /// What a service account asks to be allowed.
    pub scope: String,
    /// Longest span of one request.
    pub longest_days: u16,
    /// Reasons of a 403 that only mean too many requests.
    pub rate_limit_reasons: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let reasons = [
            "rateLimitExceeded",
            "userRateLimitExceeded",
            "quotaExceeded",
        ];
        Self {
            http: HttpOptions::default(),
            token_url: TOKEN_URL.to_owned(),
            scope: "https://www.googleapis.com/auth/calendar.freebusy".to_owned(),
            longest_days: 60,
            rate_limit_reasons: reasons.map(str::to_owned).to_vec(),
        }
    }
}

/// Reads the calendars that one account may see. Cheap to clone; clones share the access token.
#[derive(Clone)]
pub struct Client {
    base: Url,
    token_url: Url,
    credentials: Arc<Credentials>,
    options: Options,
    http: reqwest::Client,
    token_http: reqwest::Client,
    /// Locked while a token is fetched, so that it is fetched once.
    token: Arc<Mutex<Option<Token>>>,
}

impl Client {
    /// `credentials` is the JSON file from Google with a service account's key, or with a refresh token
    /// (`authorized_user`). `base_url` is [`BASE_URL`], or a simulator's. Fails only with
    /// [`CalendarError::Refused`].
    pub fn new(
        base_url: &str,
        credentials: &SecretString,
        options: Options,
    ) -> Result<Self, CalendarError> {
        let (url, token_url) = (base(base_url)?, base(&options.token_url)?);
        Ok(Self {
            credentials: Arc::new(Credentials::read(credentials)?),
            http: http::client(&url, options.http)?,
            token_http: http::client(&token_url, options.http)?,
            base: url,
            token_url,
            options,
            token: Arc::default(),
        })
    }

    /// The taken times of a calendar. `now` is only written into the answer.
    pub async fn free_busy(
        &self,
        calendar_id: &str,
        asked: Span,
        now: Timestamp,
    ) -> Result<FreeBusy, CalendarError> {
        let mut busy = Vec::new();
        for part in parts(asked, self.options.longest_days) {
            busy.extend(self.part(calendar_id, part).await?);
        }
        let within = busy.into_iter().filter_map(|span: Span| span.within(asked));
        Ok(FreeBusy::new(within.collect(), vec![asked], now))
    }

    async fn part(&self, calendar_id: &str, asked: Span) -> Result<Vec<Span>, CalendarError> {
        let token = self.token(None).await?;
        let mut answer = self.ask(calendar_id, asked, &token).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            // Withdrawn before its time: another one may do.
            let token = self.token(Some(&token)).await?;
            answer = self.ask(calendar_id, asked, &token).await?;
        }
        answer::busy(&answer, calendar_id, &self.options)
    }

    async fn ask(
        &self,
        calendar_id: &str,
        asked: Span,
        token: &Token,
    ) -> Result<http::Answer, CalendarError> {
        let url = joined(&self.base, &["calendar", "v3", "freeBusy"]);
        let body = json!({
            "timeMin": asked.start.to_string(),
            "timeMax": asked.end.to_string(),
            "items": [{"id": calendar_id}],
        });
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.text.expose_secret()))
            .map_err(|_| CalendarError::unreadable("token"))?;
        bearer.set_sensitive(true);
        let request = self
            .http
            .post(url)
            .header(AUTHORIZATION, bearer)
            .json(&body);
        Ok(http::send(request, MAX_ANSWER).await?)
    }

    /// An access token that still holds for a while, and is not the refused one.
    async fn token(&self, refused: Option<&Token>) -> Result<Token, CalendarError> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref()
            && token.holds()
            && refused.is_none_or(|refused| refused.given != token.given)
        {
            return Ok(token.clone());
        }
        *kept = None;
        let token = token::fetch(self).await?;
        *kept = Some(token.clone());
        Ok(token)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
