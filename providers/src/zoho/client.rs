//! The client of Zoho's HTTP interface. Every request is sent once.

mod answer;

use std::fmt;

use reqwest::{Method, RequestBuilder, Url, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{AccessToken, CallFields, CrmError, VERSION};
use crate::channel::{HttpOptions, http};

pub(super) use answer::problem;

/// Largest answer that is read, in bytes: a page of two hundred records with all their fields.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// How the client behaves. What is not verified of Zoho is here, with what is thought to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    /// Whether the CRM's own workflows run on what is written. Off: a sync is no event of the business.
    pub run_workflows: bool,
    /// Longest title and text of a note, in characters.
    pub max_title: usize,
    pub max_note: usize,
    pub call_fields: CallFields,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: HttpOptions::default(),
            run_workflows: false,
            max_title: 120,
            max_note: 32_000,
            call_fields: CallFields::default(),
        }
    }
}

/// Talks to one account with one token. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    base: Url,
    token: SecretString,
    pub(super) options: Options,
    http: reqwest::Client,
}

/// What it means that no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Write,
}

impl Client {
    /// Fails only with [`CrmError::Misconfigured`].
    pub fn new(token: &AccessToken, options: Options) -> Result<Self, CrmError> {
        let base = Url::parse(&token.api_url).map_err(|_| CrmError::Misconfigured {
            detail: "api_url".to_owned(),
        })?;
        let http = http::client(&base, options.http)
            .map_err(|error| answer::failure(error, Effect::Read))?;
        Ok(Self {
            base,
            token: token.secret.clone(),
            options,
            http,
        })
    }

    /// The same client with another token. Fails as [`Client::new`].
    pub fn with_token(&self, token: &AccessToken) -> Result<Self, CrmError> {
        match Url::parse(&token.api_url) {
            Ok(base) if base == self.base => Ok(Self {
                token: token.secret.clone(),
                ..self.clone()
            }),
            _ => Self::new(token, self.options.clone()),
        }
    }

    pub(super) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.asked(method, path, &[])
    }

    /// A request with parameters in its address.
    pub(super) fn asked(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(["crm", VERSION])
                .extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let token = format!("Zoho-oauthtoken {}", self.token.expose_secret());
        self.http.request(method, url).header(AUTHORIZATION, token)
    }

    /// What is read, or `None` when there is nothing.
    pub(super) async fn read(&self, request: RequestBuilder) -> Result<Option<Value>, CrmError> {
        self.ask(request, Effect::Read).await
    }

    pub(super) async fn write(&self, request: RequestBuilder) -> Result<Value, CrmError> {
        let answer = self.ask(request, Effect::Write).await?;
        answer.ok_or(CrmError::Uncertain)
    }

    async fn ask(
        &self,
        request: RequestBuilder,
        effect: Effect,
    ) -> Result<Option<Value>, CrmError> {
        let answer = http::send(request, MAX_ANSWER)
            .await
            .map_err(|error| answer::failure(error, effect))?;
        answer::read(&answer, effect)
    }
}

impl fmt::Debug for Client {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base.as_str())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
