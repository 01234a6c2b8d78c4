//! The search for a message that may have been sent.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::{Client, MessageSid, answer};
use crate::{
    channel::{
        SendError,
        http::{self, Answer},
    },
    error::ReadError,
    retry_after::retry_after,
};

/// Messages on one page.
const PAGE_SIZE: &str = "100";
/// Pages after which a search gives up: more texts than that to one person are no search any more.
const MAX_PAGES: u32 = 10;
/// Largest page that is read, in bytes: a hundred messages of the longest text.
const MAX_PAGE: usize = 4 * 1024 * 1024;
/// How far Twilio's clock may be behind ours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(60);

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    sid: String,
    body: Option<String>,
    direction: Option<String>,
    date_created: Option<String>,
}

/// Reads the list of messages to a number, newest first, until it is older than `since`.
///
/// The list is asked for by number alone: its filters by date look at the time of sending, which a
/// message that still waits in a queue does not have.
pub(super) async fn find(
    client: &Client,
    to: &str,
    since: Timestamp,
    text: &str,
) -> Result<Option<MessageSid>, ReadError> {
    let since = since.saturating_sub(CLOCKS_APART).unwrap_or(since);
    let mut url = client.messages();
    url.query_pairs_mut()
        .append_pair("To", to)
        .append_pair("PageSize", PAGE_SIZE);
    for _ in 0..MAX_PAGES {
        let page = read(client, url).await?;
        let recent = || page.messages.iter().filter(|each| !each.is_before(since));
        if let Some(ours) = recent().find(|each| each.is_ours(text)) {
            return MessageSid::parse(&ours.sid)
                .map(Some)
                .ok_or_else(|| unreadable("a message without a name"));
        }
        url = match page.next_page_uri.as_deref() {
            Some(next) if recent().next().is_some() => following(client, next)?,
            _ => return Ok(None),
        };
    }
    Err(ReadError::TooMany { pages: MAX_PAGES })
}

impl Message {
    /// A message without a date may be a new one.
    fn is_before(&self, since: Timestamp) -> bool {
        let created = self.date_created.as_deref();
        created
            .and_then(|date| DateTimeParser::new().parse_timestamp(date).ok())
            .is_some_and(|created| created < since)
    }

    /// A trial account's messages have words put in front.
    fn is_ours(&self, text: &str) -> bool {
        let outbound = self
            .direction
            .as_deref()
            .is_none_or(|way| way.starts_with("outbound"));
        let body = self.body.as_deref().unwrap_or_default().trim();
        let text = text.trim();
        outbound && !text.is_empty() && body.ends_with(text)
    }
}

async fn read(client: &Client, url: Url) -> Result<Page, ReadError> {
    let request = client.request(Method::GET, url);
    let answer = http::send(request, MAX_PAGE)
        .await
        .map_err(|error| match error {
            SendError::Misconfigured { detail } => refused(0, detail, true),
            other => ReadError::Failed(other.to_string()),
        })?;
    let status = answer.status.as_u16();
    match status {
        200..300 => page(&answer),
        429 => Err(ReadError::RateLimited {
            retry_after: retry_after(&answer.headers),
        }),
        408 | 500.. => Err(ReadError::Failed(format!("status {status}"))),
        _ => {
            let word =
                answer::code(&answer).map_or_else(|| "no code".into(), |code| code.to_string());
            let systemic = answer.status.is_redirection() || matches!(status, 401..=405);
            Err(refused(status, word, systemic))
        }
    }
}

fn page(answer: &Answer) -> Result<Page, ReadError> {
    let body = answer
        .body
        .as_deref()
        .ok_or_else(|| ReadError::Failed("the answer broke off or was too large".into()))?;
    serde_json::from_slice(body).map_err(|_| unreadable("not a list of messages"))
}

/// The next page's address, which must be Twilio's own: the key goes with the request.
fn following(client: &Client, next: &str) -> Result<Url, ReadError> {
    let url = client.base.join(next).ok();
    url.filter(|url| url.origin() == client.base.origin())
        .ok_or_else(|| unreadable("a next page that is elsewhere"))
}

fn refused(status: u16, message: String, systemic: bool) -> ReadError {
    ReadError::Refused {
        status,
        message,
        systemic,
    }
}

fn unreadable(what: &str) -> ReadError {
    ReadError::Unreadable(what.to_owned())
}
