//! The client of Retell's HTTP interface.

use std::{collections::BTreeMap, fmt};

use domain::ids::CallId;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    ATTEMPT_KEY, CALL_ID_KEY,
    wire::{CallObject, CallPage, CreatePhoneCall, number_filter, our_call_filter},
};
use crate::{
    error::{ClientError, PlaceError, ReadError},
    json::broken,
    redact::masked_number,
    voice::{Http, Placed, Timeouts, placed, unreadable},
};

/// Calls on one page of a search; the most that Retell gives.
const PAGE_SIZE: u32 = 1000;
/// Pages after which a search gives up: twenty thousand calls of one number are no search any more.
const MAX_PAGES: u32 = 20;

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

/// Talks to one Retell account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
}

impl Client {
    /// A client of the account that `key` belongs to. `base_url` is [`super::BASE_URL`], or a simulator's.
    pub fn new(base_url: &str, key: SecretString, timeouts: Timeouts) -> Result<Self, ClientError> {
        let http = Http::new(base_url, key, timeouts)?;
        Ok(Self { http })
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
        let body = self.http.dial(&["v2", "create-phone-call"], &body).await?;
        placed(&body, "call_id")
    }

    /// Reads one call. An id that is not of this account is refused with 422.
    pub async fn get_call(&self, provider_call_id: &str) -> Result<CallObject, ReadError> {
        let path = ["v2", "get-call", provider_call_id];
        let body = self.http.read(self.http.get(&path)).await?;
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
        let request = self.http.post(&["v3", "list-calls"]).json(&query);
        let body = self.http.read(request).await?;
        broken::read(&body).map_err(|error| unreadable(&error))
    }
}
