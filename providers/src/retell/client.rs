//! The client of Retell's HTTP interface.

mod answer;

use std::{collections::BTreeMap, fmt, time::Duration};

use domain::ids::CallId;
use reqwest::{Method, RequestBuilder, Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    ATTEMPT_KEY, CALL_ID_KEY,
    wire::{CallObject, CallPage, CreatePhoneCall, number_filter, our_call_filter},
};
use crate::{
    error::{ClientError, Doubt, PlaceError, ReadError},
    json::broken,
    redact::masked_number,
};

/// Calls on one page of a search; the most that Retell gives.
const PAGE_SIZE: u32 = 1000;
/// Pages after which a search gives up: twenty thousand calls of one number are no search any more.
const MAX_PAGES: u32 = 20;

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

/// One call to be placed.
#[derive(Clone)]
pub struct NewCall {
    /// In E.164.
    pub from_number: String,
    /// In E.164.
    pub to_number: String,
    /// Else the agent that the number has for outbound calls.
    pub agent_id: Option<String>,
    pub dynamic_variables: BTreeMap<String, String>,
    pub call_id: CallId,
    /// Counted from 1.
    pub attempt: u32,
}

impl fmt::Debug for NewCall {
    /// Without what the agent is told, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall")
            .field("call_id", &self.call_id)
            .field("attempt", &self.attempt)
            .field("to_number", &masked_number(&self.to_number))
            .finish_non_exhaustive()
    }
}

/// A call that Retell has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub provider_call_id: String,
}

/// Talks to one Retell account. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    base: Url,
    key: SecretString,
    timeouts: Timeouts,
    /// For requests to dial: a fresh connection each. A kept one may be closed by the far side just
    /// as the request leaves, which puts the dial in doubt, or has the HTTP library send it again.
    dialing: reqwest::Client,
    reading: reqwest::Client,
}

impl Client {
    /// A client of the account that `key` belongs to. `base_url` is [`super::BASE_URL`], or a simulator's.
    pub fn new(base_url: &str, key: SecretString, timeouts: Timeouts) -> Result<Self, ClientError> {
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

    /// Asks Retell to dial. Sends one request and never another: Retell knows no idempotency key,
    /// so after [`PlaceError::Uncertain`] the caller must look with [`Client::find_call`].
    pub async fn create_call(&self, call: &NewCall) -> Result<Placed, PlaceError> {
        let body = CreatePhoneCall {
            from_number: &call.from_number,
            to_number: &call.to_number,
            override_agent_id: call.agent_id.as_deref(),
            retell_llm_dynamic_variables: &call.dynamic_variables,
            metadata: BTreeMap::from([
                (CALL_ID_KEY, call.call_id.to_string()),
                (ATTEMPT_KEY, call.attempt.to_string()),
            ]),
        };
        let request = self.request(&self.dialing, Method::POST, &["v2", "create-phone-call"]);
        let response = request
            .timeout(self.timeouts.place)
            .json(&body)
            .send()
            .await;
        let body = answer::to_place(response.map_err(answer::place_failure)?, &self.key).await?;
        placed(&body)
    }

    /// Reads one call. An id that is not of this account is refused with 422.
    pub async fn get_call(&self, provider_call_id: &str) -> Result<CallObject, ReadError> {
        let body = self
            .read(self.request(
                &self.reading,
                Method::GET,
                &["v2", "get-call", provider_call_id],
            ))
            .await?;
        broken::read(&body).map_err(|error| unreadable(&error))
    }

    /// Searches Retell's list for one of our calls: by the metadata it carries, then, should that
    /// filter fail us, among all calls to the number.
    ///
    /// `Ok(None)` says that the list does not have it *now*. A call may be listed late, so only an
    /// answer from well after the request to dial proves that there is none.
    pub async fn find_call(
        &self,
        call_id: CallId,
        to_number: &str,
    ) -> Result<Option<CallObject>, ReadError> {
        match self.search(call_id, our_call_filter(call_id)).await {
            // The filter is refused or ignored: the search by number decides.
            Ok(None)
            | Err(
                ReadError::Refused {
                    systemic: false, ..
                }
                | ReadError::TooMany { .. },
            ) => self.search(call_id, number_filter(to_number)).await,
            found => found,
        }
    }

    async fn search(
        &self,
        call_id: CallId,
        filter: Value,
    ) -> Result<Option<CallObject>, ReadError> {
        let mut from: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(&filter, from.as_deref()).await?;
            let id = call_id.to_string();
            if let Some(ours) = page
                .items
                .into_iter()
                .find(|item| item["metadata"][CALL_ID_KEY] == id)
            {
                return serde_json::from_value(ours)
                    .map(Some)
                    .map_err(|error| unreadable(&error));
            }
            match (page.has_more, page.pagination_key) {
                (Some(false), _) | (None, None) => return Ok(None),
                (_, Some(next)) if from.as_ref() != Some(&next) => from = Some(next),
                _ => {
                    return Err(ReadError::Unreadable(
                        "more calls, and no way to the next page".into(),
                    ));
                }
            }
        }
        Err(ReadError::TooMany { pages: MAX_PAGES })
    }

    async fn page(&self, filter: &Value, from: Option<&str>) -> Result<CallPage, ReadError> {
        let mut query =
            json!({"filter_criteria": filter, "limit": PAGE_SIZE, "sort_order": "descending"});
        if let (Some(from), Some(query)) = (from, query.as_object_mut()) {
            query.insert("pagination_key".into(), from.into());
        }
        let request = self
            .request(&self.reading, Method::POST, &["v3", "list-calls"])
            .json(&query);
        let body = self.read(request).await?;
        broken::read(&body).map_err(|error| unreadable(&error))
    }

    async fn read(&self, request: RequestBuilder) -> Result<Vec<u8>, ReadError> {
        let response = request
            .timeout(self.timeouts.read)
            .send()
            .await
            .map_err(answer::read_failure)?;
        answer::to_read(response, &self.key).await
    }

    fn request(&self, client: &reqwest::Client, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        client
            .request(method, url)
            .bearer_auth(self.key.expose_secret())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
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

fn placed(body: &[u8]) -> Result<Placed, PlaceError> {
    let call: Result<Value, _> = serde_json::from_slice(body);
    let id = call.ok().and_then(|call| {
        call.get("call_id")
            .and_then(Value::as_str)
            .map(str::to_owned)
    });
    id.filter(|id| !id.is_empty())
        .map(|provider_call_id| Placed { provider_call_id })
        .ok_or_else(|| PlaceError::Uncertain(Doubt::Unreadable("no call_id in the answer".into())))
}

/// Says where, and not what: an answer may hold personal data.
fn unreadable(error: &serde_json::Error) -> ReadError {
    ReadError::Unreadable(format!(
        "{:?} error at line {}, column {}",
        error.classify(),
        error.line(),
        error.column()
    ))
}
