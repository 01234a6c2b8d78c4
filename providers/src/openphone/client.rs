//! The client of OpenPhone's HTTP interface, version 1: it sends texts, reads what webhooks missed, and fetches sound.
//!
//! OpenPhone knows no idempotency key: after [`SendError::Uncertain`] look with [`Client::find_text`] before anything
//! else, as a second text costs money and a person's patience.

mod answer;
mod audio;
mod read;

use std::{fmt, time::Duration};

use domain::{phone::PhoneNumber, text::LONGEST_TEXT};
use reqwest::{Method, RequestBuilder, Url, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::channel::{
    HttpOptions, SendError,
    http::{self, MAX_ANSWER},
};

pub use audio::{Audio, AudioError};
pub use read::{Line, Page};

/// Where OpenPhone answers, unless configured otherwise.
pub const BASE_URL: &str = "https://api.openphone.com";

/// How the client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    pub audio: AudioOptions,
    /// Longest text, in characters. A longer one is refused, never cut.
    pub longest_text: usize,
    /// Codes of errors that any text would meet: no registration with the carriers, no credits, a line of somebody
    /// else. Those that are known; the vendor lists none.
    pub misconfigured_codes: Vec<String>,
}

/// How sound is fetched. Its addresses come in webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioOptions {
    /// Of a fetch in all.
    pub total: Duration,
    /// Largest sound that is taken, in bytes.
    pub largest: usize,
    /// Lets http and addresses that are not public in: for a simulator.
    pub allow_private: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: HttpOptions::default(),
            audio: AudioOptions::default(),
            longest_text: LONGEST_TEXT,
            misconfigured_codes: ["0206400", "0200402", "0202403"].map(str::to_owned).into(),
        }
    }
}

impl Default for AudioOptions {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(120),
            largest: 50 * 1024 * 1024,
            allow_private: false,
        }
    }
}

/// A text that OpenPhone has accepted. Whether it arrives is told by webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// OpenPhone's id (`AC…`).
    pub message_id: String,
    /// OpenPhone's id of the line it was sent from (`PN…`), if it was told.
    pub line_id: Option<String>,
}

/// Talks for one workspace. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    base: Url,
    key: SecretString,
    options: Options,
    http: reqwest::Client,
    sound: reqwest::Client,
}

impl Client {
    /// A client of the workspace that `key` belongs to. `base_url` is [`BASE_URL`], or a simulator's. Fails only with
    /// [`SendError::Misconfigured`].
    pub fn new(base_url: &str, key: SecretString, options: Options) -> Result<Self, SendError> {
        let base = Url::parse(base_url).map_err(|_| SendError::misconfigured("base_url"))?;
        let http = http::client(&base, options.http)?;
        let sound = audio::client(&options)?;
        Ok(Self {
            base,
            key,
            options,
            http,
            sound,
        })
    }

    /// Asks OpenPhone to send one text, and never asks again. `from` is a line's id (`PN…`) or number in E.164.
    pub async fn send_text(
        &self,
        from: &str,
        to: &PhoneNumber,
        text: &str,
    ) -> Result<Accepted, SendError> {
        if text.trim().is_empty() {
            return Err(SendError::refused(true, "empty"));
        }
        if text.chars().count() > self.options.longest_text {
            return Err(SendError::refused(true, "too_long"));
        }
        let body = json!({"content": text, "from": from, "to": [to.e164()]});
        let request = self.request(Method::POST, &["messages"]).json(&body);
        let answer = http::send(request, MAX_ANSWER).await?;
        answer::sent(&answer, &self.options)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        // The bare key: OpenPhone wants no `Bearer` before it.
        self.http
            .request(method, url)
            .header(AUTHORIZATION, self.key.expose_secret())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
