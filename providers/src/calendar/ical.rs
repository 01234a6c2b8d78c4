//! Feeds in the iCalendar format (RFC 5545), read over https.
//!
//! A feed is hostile input: its size, its events and the work on its rules are limited. What is beyond a limit,
//! or not understood, is unknown. Rules are expanded here and not by a library: those that there are begin each
//! at its first event and cannot be stopped on the way, and take what they do not understand for free time.

mod event;
mod expand;
mod feed;
mod lay;
mod line;
mod rule;
mod time;
mod times;
mod windows;
mod zone;

use std::{fmt, sync::Arc};

use domain::calendar::{FreeBusy, Span};
use jiff::{Timestamp, tz::TimeZone};
use reqwest::{
    StatusCode, Url,
    header::{
        ACCEPT, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::{CalendarError, http::refusal};
use crate::channel::{
    HttpOptions, check_public_url,
    http::{self, Answer},
};

pub use feed::{Feed, NoFeed};

/// How the client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    /// Largest feed, in bytes.
    pub largest: usize,
    /// How often a feed may send the reader elsewhere.
    pub redirects: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: HttpOptions::default(),
            largest: 10 * 1024 * 1024,
            redirects: 3,
        }
    }
}

/// Reads one feed. Cheap to clone; clones share what was read last.
#[derive(Clone)]
pub struct Client {
    address: SecretString,
    options: Options,
    http: reqwest::Client,
    /// Locked while the feed is fetched, so that it is fetched once at a time.
    kept: Arc<Mutex<Option<Kept>>>,
}

/// The feed as it was read last, and what its server calls that version.
struct Kept {
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
    feed: Arc<Feed>,
}

impl Client {
    /// `address` is the feed's, with `https` or `webcal`; whoever knows it can read the calendar. Fails only
    /// with [`CalendarError::Refused`].
    pub fn new(address: &SecretString, options: Options) -> Result<Self, CalendarError> {
        let address = address.expose_secret().trim();
        let address = match address.strip_prefix("webcal://") {
            Some(rest) => format!("https://{rest}"),
            None => address.to_owned(),
        };
        let url = Url::parse(&address).map_err(|_| CalendarError::refused("address"))?;
        Ok(Self {
            address: address.into(),
            options,
            http: http::client(&url, options.http)?,
            kept: Arc::default(),
        })
    }

    /// The taken times of the feed. Times without a zone are those of the calendar's own, else of `zone`. `now`
    /// is only written into the answer.
    pub async fn free_busy(
        &self,
        asked: Span,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<FreeBusy, CalendarError> {
        let feed = self.feed().await?;
        let zone = zone.clone();
        // A hostile feed may take a second's work.
        tokio::task::spawn_blocking(move || feed.free_busy(asked, &zone, now))
            .await
            .map_err(|_| CalendarError::unreadable("feed"))
    }

    async fn feed(&self) -> Result<Arc<Feed>, CalendarError> {
        let mut kept = self.kept.lock().await;
        let answer = self.fetch(kept.as_ref()).await?;
        if let (StatusCode::NOT_MODIFIED, Some(kept)) = (answer.status, kept.as_ref()) {
            return Ok(kept.feed.clone());
        }
        let header = |name| answer.headers.get(name).cloned();
        let (etag, modified) = (header(ETAG), header(LAST_MODIFIED));
        let feed = Arc::new(read(answer).await?);
        *kept = Some(Kept {
            etag,
            modified,
            feed: feed.clone(),
        });
        Ok(feed)
    }

    /// Asks, and goes where the feed is now. Each place on the way must be one that may be talked to.
    async fn fetch(&self, kept: Option<&Kept>) -> Result<Answer, CalendarError> {
        let address = self.address.expose_secret();
        let mut url = Url::parse(address).map_err(|_| CalendarError::refused("address"))?;
        for _ in 0..=self.options.redirects {
            let answer = self.ask(url.clone(), kept).await?;
            if !matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            url = elsewhere(&url, &answer).ok_or_else(|| CalendarError::refused("redirect"))?;
            check_public_url(&url, self.options.http.allow_private)
                .map_err(|_| CalendarError::refused("address_not_public"))?;
        }
        Err(CalendarError::refused("redirects"))
    }

    async fn ask(&self, url: Url, kept: Option<&Kept>) -> Result<Answer, CalendarError> {
        let mut request = self.http.get(url).header(ACCEPT, "text/calendar");
        if let Some(kept) = kept {
            for (name, value) in [
                (IF_NONE_MATCH, &kept.etag),
                (IF_MODIFIED_SINCE, &kept.modified),
            ] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
        }
        Ok(http::send(request, self.options.largest).await?)
    }
}

fn elsewhere(url: &Url, answer: &Answer) -> Option<Url> {
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    url.join(location).ok()
}

async fn read(answer: Answer) -> Result<Feed, CalendarError> {
    if answer.status != StatusCode::OK {
        return Err(refusal(&answer, None));
    }
    let body = answer.body;
    let body = body.ok_or(CalendarError::unreadable("too_large_or_cut_off"))?;
    let read = tokio::task::spawn_blocking(move || Feed::read(&body)).await;
    match read {
        Ok(Ok(feed)) => Ok(feed),
        Ok(Err(NoFeed::NotACalendar)) => Err(CalendarError::unreadable("not_a_calendar")),
        Ok(Err(NoFeed::Broken)) => Err(CalendarError::unreadable("broken_feed")),
        Ok(Err(NoFeed::TooManyEvents)) => Err(CalendarError::unreadable("too_many_events")),
        Err(_) => Err(CalendarError::unreadable("feed")),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
