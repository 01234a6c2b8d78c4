//! Slack: messages to one channel through an incoming webhook.
//!
//! Facts about the API were read in the vendor's Python SDK and its documentation in autumn 2026. Slack
//! answers with no id and knows no idempotency key, so after a doubt the message is sent again: a
//! duplicate in a channel does no harm.

mod message;

use std::fmt;

use reqwest::{StatusCode, Url, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::{
    channel::{
        HttpOptions, SendError, error_word,
        http::{self, Answer, MAX_ANSWER},
    },
    retry_after::retry_after,
};

pub use message::{Link, SlackMessage};

/// How the client behaves. The defaults are what Slack is known to do; its statuses are not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    /// Longest text, in characters. Slack advises 4,000 and cuts at 40,000.
    pub max_text: usize,
    /// Statuses with which the webhook itself is at fault: gone, forbidden, its channel archived.
    pub misconfigured_statuses: Vec<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: HttpOptions::default(),
            max_text: 4_000,
            misconfigured_statuses: vec![401, 403, 404, 405, 410],
        }
    }
}

/// Sends to one channel. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    webhook: SecretString,
    options: Options,
    http: reqwest::Client,
}

impl Client {
    /// A client of the channel that the webhook's URL stands for. The URL is the secret. Fails only with
    /// [`SendError::Misconfigured`].
    pub fn new(webhook_url: SecretString, options: Options) -> Result<Self, SendError> {
        let url = url(&webhook_url)?;
        let http = http::client(&url, options.http)?;
        Ok(Self {
            webhook: webhook_url,
            options,
            http,
        })
    }

    /// Sends one message, once.
    pub async fn send(&self, message: &SlackMessage) -> Result<(), SendError> {
        let text = message.mrkdwn(self.options.max_text);
        let body = json!({"text": text, "unfurl_links": false, "unfurl_media": false});
        let request = self
            .http
            .post(url(&self.webhook)?)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string());
        let answer = http::send(request, MAX_ANSWER).await?;
        self.outcome(&answer)
    }

    /// Judges by status: the words are for people.
    fn outcome(&self, answer: &Answer) -> Result<(), SendError> {
        let status = answer.status;
        match status.as_u16() {
            200..300 => return accepted(answer),
            429 => {
                return Err(SendError::RateLimited {
                    retry_after: retry_after(&answer.headers),
                });
            }
            408 | 409 | 425 | 504 => return Err(SendError::Uncertain),
            500.. => return Err(SendError::Unavailable),
            _ => {}
        }
        let detail = self.word(answer);
        let code = status.as_u16();
        if status.is_redirection() || self.options.misconfigured_statuses.contains(&code) {
            Err(SendError::misconfigured(detail))
        } else {
            Err(SendError::refused(true, detail))
        }
    }

    /// What Slack calls the error, else its status.
    fn word(&self, answer: &Answer) -> String {
        let body = answer.body.as_deref().unwrap_or_default();
        let said = std::str::from_utf8(body).ok();
        said.and_then(|text| error_word(text, self.webhook.expose_secret()))
            .unwrap_or_else(|| status_word(answer.status))
    }
}

/// Slack says `ok` and nothing else. Anything else came from somebody who is not Slack, and told nobody.
fn accepted(answer: &Answer) -> Result<(), SendError> {
    match &answer.body {
        Some(body) if body.trim_ascii() == b"ok" => Ok(()),
        Some(_) => Err(SendError::misconfigured("not_a_slack_webhook")),
        None => Err(SendError::Uncertain),
    }
}

fn status_word(status: StatusCode) -> String {
    format!("status_{}", status.as_u16())
}

fn url(webhook: &SecretString) -> Result<Url, SendError> {
    Url::parse(webhook.expose_secret().trim()).map_err(|_| SendError::misconfigured("webhook_url"))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
