//! Requests to vendors of phone calls: a request to dial is sent once and on a connection of its own.

use std::{fmt, time::Duration};

use reqwest::{Method, RequestBuilder, Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::answer;
use crate::error::{ClientError, Doubt, PlaceError, ReadError};

/// How long each kind of request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// Of a request to dial, in all. Generous, because giving up early leaves a dial in doubt.
    pub place: Duration,
    /// Of any other request, in all.
    pub read: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            place: Duration::from_secs(60),
            read: Duration::from_secs(20),
        }
    }
}

/// A call that the vendor has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub provider_call_id: String,
}

/// Talks to one account, whose key is a bearer token. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Http {
    base: Url,
    key: SecretString,
    timeouts: Timeouts,
    /// For requests to dial: a fresh connection each. A kept one may be closed by the far side just
    /// as the request leaves, which puts the dial in doubt, or has the HTTP library send it again.
    dialing: reqwest::Client,
    reading: reqwest::Client,
}

impl Http {
    pub(crate) fn new(
        base_url: &str,
        key: SecretString,
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        let base = Url::parse(base_url).map_err(|_| ClientError::BaseUrl)?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(ClientError::BaseUrl);
        }
        let dialing = http(&base, timeouts)?.pool_max_idle_per_host(0).build()?;
        let reading = http(&base, timeouts)?.build()?;
        Ok(Self {
            base,
            key,
            timeouts,
            dialing,
            reading,
        })
    }

    /// Sends one request to dial, and never another. The body of its acceptance.
    pub(crate) async fn dial(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, PlaceError> {
        let request = self.request(&self.dialing, Method::POST, path);
        let response = request.timeout(self.timeouts.place).json(body).send().await;
        answer::to_place(response.map_err(answer::place_failure)?, &self.key).await
    }

    /// The body of an answered read.
    pub(crate) async fn read(&self, request: RequestBuilder) -> Result<Vec<u8>, ReadError> {
        let response = request
            .timeout(self.timeouts.read)
            .send()
            .await
            .map_err(answer::read_failure)?;
        answer::to_read(response, &self.key).await
    }

    /// A read, each part of whose path is one segment.
    pub(crate) fn get(&self, path: &[&str]) -> RequestBuilder {
        self.request(&self.reading, Method::GET, path)
    }

    /// The same, with a query that says what is to be read.
    pub(crate) fn list(&self, path: &[&str], query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        self.bearing(self.reading.get(url))
    }

    /// The same, with a body that says what is to be read.
    pub(crate) fn post(&self, path: &[&str]) -> RequestBuilder {
        self.request(&self.reading, Method::POST, path)
    }

    fn request(&self, client: &reqwest::Client, method: Method, path: &[&str]) -> RequestBuilder {
        self.bearing(client.request(method, self.url(path)))
    }

    fn bearing(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.key.expose_secret())
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// An HTTP client that sends each request once: no retries, no redirects.
fn http(base: &Url, timeouts: Timeouts) -> Result<reqwest::ClientBuilder, ClientError> {
    // Fails when another part of the program was first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .user_agent(concat!("bellhop/", env!("CARGO_PKG_VERSION")));
    let builder = match base.scheme() {
        // A simulator on this machine needs neither the system's certificates nor its proxy.
        "http" => builder.tls_certs_only([]),
        _ => builder,
    };
    Ok(if is_this_machine(base) {
        builder.no_proxy()
    } else {
        builder
    })
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

/// The call that an acceptance names under this key.
pub(crate) fn placed(body: &[u8], key: &str) -> Result<Placed, PlaceError> {
    let call: Result<Value, _> = serde_json::from_slice(body);
    let id = call.ok().and_then(|call| {
        let id = call.get(key).and_then(Value::as_str)?;
        (!id.is_empty()).then(|| id.to_owned())
    });
    id.map(|provider_call_id| Placed { provider_call_id })
        .ok_or_else(|| {
            PlaceError::Uncertain(Doubt::Unreadable("no id of a call in the answer".into()))
        })
}

/// Says where, and not what: an answer may hold personal data.
pub(crate) fn unreadable(error: &serde_json::Error) -> ReadError {
    ReadError::Unreadable(format!(
        "{:?} error at line {}, column {}",
        error.classify(),
        error.line(),
        error.column()
    ))
}
