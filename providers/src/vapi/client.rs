//! The client of Vapi's HTTP interface.

use std::{collections::BTreeMap, fmt};

use domain::ids::CallId;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{
    ATTEMPT_KEY, CALL_ID_KEY,
    list::{Page, Window},
    wire::{CallObject, CreateCall, Customer},
};
use crate::{
    error::{ClientError, PlaceError, ReadError},
    json::broken,
    redact::masked_number,
    voice::{Http, Placed, Timeouts, placed, unreadable},
};

/// Pages after which a search gives up: twenty thousand calls are no search any more.
const MAX_PAGES: u32 = 20;

/// How far Vapi's clock may be from ours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(10);

/// One call to be placed.
#[derive(Clone)]
pub struct NewCall {
    pub assistant_id: String,
    /// Vapi's id of the number that is called from.
    pub phone_number_id: String,
    /// In E.164.
    pub to_number: String,
    /// What the assistant's prompt may use.
    pub variables: BTreeMap<String, String>,
    pub call_id: CallId,
    /// Counted from 1.
    pub attempt: u32,
}

impl fmt::Debug for NewCall {
    /// Without what the assistant is told, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall")
            .field("call_id", &self.call_id)
            .field("attempt", &self.attempt)
            .field("to_number", &masked_number(&self.to_number))
            .finish_non_exhaustive()
    }
}

/// Talks to one Vapi account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
}

impl Client {
    /// A client of the account that `key` belongs to: the private one. `base_url` is [`super::BASE_URL`], or a
    /// simulator's.
    pub fn new(base_url: &str, key: SecretString, timeouts: Timeouts) -> Result<Self, ClientError> {
        let http = Http::new(base_url, key, timeouts)?;
        Ok(Self { http })
    }

    /// Asks Vapi to dial. Sends one request and never another: Vapi knows no idempotency key, so after
    /// [`PlaceError::Uncertain`] the caller must look with [`Client::find_call`].
    pub async fn create_call(&self, call: &NewCall) -> Result<Placed, PlaceError> {
        let body = CreateCall {
            assistant_id: &call.assistant_id,
            phone_number_id: &call.phone_number_id,
            customer: Customer {
                number: &call.to_number,
            },
            name: call.call_id.to_string(),
            assistant_overrides: overrides(call),
        };
        let body = self.http.dial(&["call"], &body).await.map_err(too_many)?;
        placed(&body, "id")
    }

    /// Reads one call. An id that is not of this account is refused with 404.
    pub async fn get_call(&self, provider_call_id: &str) -> Result<CallObject, ReadError> {
        let path = ["call", provider_call_id];
        let body = self.http.read(self.http.get(&path)).await;
        let body = body.map_err(no_such_call)?;
        broken::read(&body).map_err(|error| unreadable(&error))
    }

    /// Searches Vapi's list for one of our calls among all that were made since a time, which is that of the request
    /// to dial. It is told by its name, or by the metadata of its assistant.
    ///
    /// `Ok(None)` says that the list does not have it *now*. A call may be listed late, so only an answer from well
    /// after the request to dial proves that there is none.
    pub async fn find_call(
        &self,
        call_id: CallId,
        since: Timestamp,
    ) -> Result<Option<CallObject>, ReadError> {
        let from = since.saturating_sub(CLOCKS_APART);
        let mut window = Window::since(from.unwrap_or(Timestamp::MIN));
        for _ in 0..MAX_PAGES {
            let page = self.page(&window).await?;
            if let Some(ours) = page.call(call_id) {
                return Ok(Some(ours));
            }
            match page.rest(&window)? {
                Some(rest) => window = rest,
                None => return Ok(None),
            }
        }
        Err(ReadError::TooMany { pages: MAX_PAGES })
    }

    async fn page(&self, window: &Window) -> Result<Page, ReadError> {
        let query = window.query();
        let body = self.http.read(self.http.list(&["call"], &query)).await?;
        broken::read(&body).map_err(|error| unreadable(&error))
    }
}

fn overrides(call: &NewCall) -> Map<String, Value> {
    let metadata = BTreeMap::from([
        (CALL_ID_KEY, call.call_id.to_string()),
        (ATTEMPT_KEY, call.attempt.to_string()),
    ]);
    let mut overrides = Map::from_iter([("metadata".to_owned(), json!(metadata))]);
    if !call.variables.is_empty() {
        overrides.insert("variableValues".to_owned(), json!(call.variables));
    }
    overrides
}

/// Too many calls at once are refused with 400, and with these words, by the vendor's documentation of old. It passes.
fn too_many(error: PlaceError) -> PlaceError {
    match &error {
        PlaceError::Refused {
            status: 400,
            message,
            ..
        } if message.to_lowercase().contains("concurrency limit") => {
            PlaceError::RateLimited { retry_after: None }
        }
        _ => error,
    }
}

/// Here 404 is about one call, and no sign of a wrong address.
fn no_such_call(error: ReadError) -> ReadError {
    match error {
        ReadError::Refused {
            status: 404,
            message,
            ..
        } => ReadError::Refused {
            status: 404,
            message,
            systemic: false,
        },
        error => error,
    }
}
