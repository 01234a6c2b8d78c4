//! Sends text messages through Twilio's HTTP interface.
//!
//! Facts about the API were read in the vendor's Python SDK and its documentation in autumn 2026. Twilio
//! knows no idempotency key: after [`SendError::Uncertain`] look with [`Client::find`] before anything
//! else, as a second text costs money and a person's patience.

mod answer;
mod list;

use std::{fmt, time::Duration};

use form_urlencoded::Serializer;
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, Url, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    channel::{
        HttpOptions, SendError, cut,
        http::{self, MAX_ANSWER},
    },
    error::ReadError,
};

/// Where Twilio answers, unless configured otherwise.
pub const BASE_URL: &str = "https://api.twilio.com";

/// How the client behaves. The lists of codes are Twilio's as far as they are known; its documentation
/// was not at hand to verify them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub http: HttpOptions,
    /// Longest text, in characters.
    pub max_text: usize,
    /// How long Twilio may try to deliver; then the message fails. An alert is of no use a day later.
    pub validity: Option<Duration>,
    /// Errors that any message would meet: key, sender, permission for the region, a suspended account.
    pub misconfigured_codes: Vec<u32>,
    /// Errors that may pass by themselves.
    pub passing_codes: Vec<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: HttpOptions::default(),
            max_text: 1_600,
            validity: Some(Duration::from_secs(3_600)),
            misconfigured_codes: vec![20003, 20005, 21408, 21606, 21659, 21660, 30002],
            passing_codes: vec![30001, 30003, 30008],
        }
    }
}

/// Twilio's name of a message: two letters and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageSid(String);

impl MessageSid {
    fn parse(text: &str) -> Option<Self> {
        is_sid(text, &["SM", "MM"]).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Sends for one account. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    base: Url,
    account_sid: String,
    auth_token: SecretString,
    options: Options,
    http: reqwest::Client,
}

impl Client {
    /// A client of the account. `base_url` is [`BASE_URL`], or a simulator's. Fails only with
    /// [`SendError::Misconfigured`].
    pub fn new(
        base_url: &str,
        account_sid: &str,
        auth_token: SecretString,
        options: Options,
    ) -> Result<Self, SendError> {
        let base = Url::parse(base_url).map_err(|_| SendError::misconfigured("base_url"))?;
        if !is_sid(account_sid, &["AC"]) {
            return Err(SendError::misconfigured("account_sid"));
        }
        let http = http::client(&base, options.http)?;
        Ok(Self {
            base,
            account_sid: account_sid.to_owned(),
            auth_token,
            options,
            http,
        })
    }

    /// Asks Twilio to send one text, once. `from` is a number, a sender's name or a messaging service
    /// (`MG…`), `to` a number in E.164. That it was delivered is told to `status_callback` later.
    pub async fn send_sms(
        &self,
        from: &str,
        to: &str,
        text: &str,
        status_callback: Option<&str>,
    ) -> Result<MessageSid, SendError> {
        let body = self.form(from, to, text, status_callback);
        let request = self
            .request(Method::POST, self.messages())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let answer = http::send(request, MAX_ANSWER).await?;
        answer::sent(&answer, &self.options)
    }

    /// Searches the account's list for a text that was sent to a number since a time, to learn what became
    /// of one in doubt. Texts that must be told apart need something of their own in them.
    ///
    /// `Ok(None)` says that the list does not have it *now*. A message may be listed late, so only an answer
    /// from well after the request proves that there is none.
    pub async fn find(
        &self,
        to: &str,
        since: Timestamp,
        text: &str,
    ) -> Result<Option<MessageSid>, ReadError> {
        let text = cut(text, self.options.max_text);
        list::find(self, to, since, &text).await
    }

    fn form(&self, from: &str, to: &str, text: &str, status_callback: Option<&str>) -> String {
        let sender = if is_sid(from, &["MG"]) {
            "MessagingServiceSid"
        } else {
            "From"
        };
        let mut form = Serializer::new(String::new());
        form.append_pair("To", to)
            .append_pair(sender, from)
            .append_pair("Body", &cut(text, self.options.max_text));
        if let Some(url) = status_callback {
            form.append_pair("StatusCallback", url);
        }
        if let Some(validity) = self.options.validity {
            form.append_pair("ValidityPeriod", &validity.as_secs().to_string());
        }
        form.finish()
    }

    fn messages(&self) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend([
                "2010-04-01",
                "Accounts",
                &self.account_sid,
                "Messages.json",
            ]);
        }
        url
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http
            .request(method, url)
            .basic_auth(&self.account_sid, Some(self.auth_token.expose_secret()))
    }
}

fn is_sid(text: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| {
        text.strip_prefix(kind)
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

impl fmt::Debug for Client {
    /// Without the account, which is half of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
