//! Gemini: reads values out of people's words, in answers of a fixed shape.
//!
//! The words are data. They stand apart from the instruction, as JSON, and an answer can hold nothing but the values of
//! [`Found`]; what the values are worth is decided in [`domain::text::proposals`]. Facts about the API were read in the
//! vendor's Python SDK and its documentation in autumn 2026.

mod answer;
mod request;

use std::{fmt, pin::Pin, time::Duration};

use domain::text::{Found, Passage};
use jiff::tz::TimeZone;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    channel::{HttpOptions, SendError, http},
    extractor::{ExtractError, ExtractFailure, Extraction, Extractor},
};

/// Where Gemini answers, unless configured otherwise.
pub const BASE_URL: &str = "https://generativelanguage.googleapis.com";

/// The header with the key. In the address it would be written into logs.
const KEY_HEADER: &str = "x-goog-api-key";

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// How the client behaves.
#[derive(Debug, Clone)]
pub struct Options {
    pub http: HttpOptions,
    /// The vendor's name of it, such as `gemini-2.5-flash`. None is built in: they are retired often.
    pub model: String,
    /// The zone of the business: in it, it is told when words were said.
    pub zone: TimeZone,
    /// Characters of one passage that are read; the rest is left out.
    pub longest_passage: usize,
    /// Tokens of an answer, for each passage.
    pub answer_tokens: u32,
    /// Tokens that the model may think. Some models need this, some refuse it.
    pub thinking_budget: Option<u32>,
    /// The same for models that take a word, such as `low`.
    pub thinking_level: Option<String>,
}

impl Options {
    pub fn with_model(model: &str, zone: TimeZone) -> Self {
        Self {
            http: HttpOptions {
                total: Duration::from_secs(60),
                ..HttpOptions::default()
            },
            model: model.to_owned(),
            zone,
            longest_passage: 20_000,
            answer_tokens: 512,
            thinking_budget: None,
            thinking_level: None,
        }
    }
}

/// Reads for one account. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    url: Url,
    key: SecretString,
    options: Options,
    http: reqwest::Client,
}

impl Client {
    /// A client of the project that `key` belongs to. `base_url` is [`BASE_URL`], or a simulator's. Fails only with
    /// [`SendError::Misconfigured`].
    pub fn new(base_url: &str, key: SecretString, options: Options) -> Result<Self, SendError> {
        let base = Url::parse(base_url).map_err(|_| SendError::misconfigured("base_url"))?;
        if options.model.is_empty() {
            return Err(SendError::misconfigured("model"));
        }
        let http = http::client(&base, options.http)?;
        let mut url = base;
        if let Ok(mut segments) = url.path_segments_mut() {
            let method = format!("{}:generateContent", options.model);
            segments
                .pop_if_empty()
                .extend(["v1beta", "models", &method]);
        }
        Ok(Self {
            url,
            key,
            options,
            http,
        })
    }

    /// Reads passages in one request; without any, asks nobody.
    pub async fn read(&self, passages: &[Passage]) -> Result<Extraction, ExtractFailure> {
        if passages.is_empty() {
            return Ok(Extraction {
                found: Vec::new(),
                usage: Default::default(),
                model: None,
            });
        }
        let request = self
            .http
            .post(self.url.clone())
            .header(KEY_HEADER, self.key.expose_secret())
            .json(&request::body(passages, &self.options));
        let answer = http::send(request, MAX_ANSWER).await.map_err(not_sent)?;
        let answer = answer::read(&answer)?;
        let found = answer::found(&answer.text, passages.len()).ok_or(ExtractFailure {
            error: ExtractError::Unreadable {
                detail: "not_as_asked",
            },
            usage: answer.usage,
        })?;
        Ok(Extraction {
            found,
            usage: answer.usage,
            model: answer.model,
        })
    }
}

impl Extractor for Client {
    fn extract<'a>(
        &'a self,
        passages: &'a [Passage],
    ) -> Pin<Box<dyn Future<Output = Result<Extraction, ExtractFailure>> + Send + 'a>> {
        Box::pin(self.read(passages))
    }
}

fn not_sent(error: SendError) -> ExtractError {
    match error {
        SendError::Misconfigured { detail } => ExtractError::Misconfigured { detail },
        _ => ExtractError::Unavailable,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("model", &self.options.model)
            .finish_non_exhaustive()
    }
}

/// What stands in passages of which nothing was found.
fn nothing(passages: usize) -> Vec<Found> {
    vec![Found::default(); passages]
}
