//! Access tokens: fetched, and kept for as long as they hold.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Client;
use crate::{
    calendar::{
        CalendarError,
        http::{code, json, refusal},
    },
    channel::http::{self, MAX_ANSWER},
    json::Json,
};

/// A token is not used any more when it has only so long to live.
const MARGIN: Duration = Duration::from_secs(60);
/// Longest life of a token that is believed.
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: SecretString,
    pub(super) given: Instant,
    lives: Duration,
}

#[derive(Deserialize)]
struct Given {
    access_token: SecretString,
    /// Seconds.
    expires_in: Option<u64>,
}

impl Token {
    pub(super) fn holds(&self) -> bool {
        self.given.elapsed() + MARGIN < self.lives
    }
}

/// Asks for a token. The proof in the request is dated by the wall clock, as Google judges it by its own.
pub(super) async fn fetch(client: &Client) -> Result<Token, CalendarError> {
    let options = &client.options;
    let form = client
        .credentials
        .form(&options.token_url, &options.scope, Timestamp::now())?;
    let request = client
        .token_http
        .post(client.token_url.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.expose_secret().to_owned());
    // What is left of its life is counted from before it was given.
    let given = Instant::now();
    let answer = http::send(request, MAX_ANSWER).await?;
    if !answer.status.is_success() {
        let said = json(&answer).unwrap_or_default();
        let error = Json::from(&said).at("error").text();
        return Err(refusal(&answer, error.and_then(|error| code(&error))));
    }
    let body = answer.body.as_deref().unwrap_or_default();
    let token: Given =
        serde_json::from_slice(body).map_err(|_| CalendarError::unreadable("token"))?;
    let lives = token.expires_in.map_or(LONGEST, Duration::from_secs);
    Ok(Token {
        text: token.access_token,
        given,
        lives: lives.min(LONGEST),
    })
}
