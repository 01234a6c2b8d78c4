//! The accounts of the tenants at the providers of phone calls, and what is asked of them: in the same words for all.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    call::Observation,
    ids::{CallId, TenantId},
    settings::{Settings, VoiceProvider},
};
use jiff::Timestamp;
use providers::{
    error::{ClientError, PlaceError, ReadError},
    retell, vapi,
    voice::{Placed, Timeouts},
};
use secrecy::{ExposeSecret, SecretString};

/// Where the providers of phone calls answer, and how long they may take.
#[derive(Debug, Clone)]
pub struct VoiceOptions {
    pub retell_base_url: String,
    pub vapi_base_url: String,
    pub timeouts: Timeouts,
}

impl Default for VoiceOptions {
    fn default() -> Self {
        Self {
            retell_base_url: retell::BASE_URL.to_owned(),
            vapi_base_url: vapi::BASE_URL.to_owned(),
            timeouts: Timeouts::default(),
        }
    }
}

/// One client for each tenant and provider, made anew when its key changes.
#[derive(Clone)]
pub struct Accounts {
    options: VoiceOptions,
    clients: Arc<Mutex<Clients>>,
}

/// With the key that each was made with.
type Clients = HashMap<(TenantId, VoiceProvider), (SecretString, VoiceClient)>;

impl Accounts {
    pub fn new(options: VoiceOptions) -> Self {
        Self {
            options,
            clients: Arc::default(),
        }
    }

    pub(crate) fn client(
        &self,
        tenant: TenantId,
        provider: VoiceProvider,
        key: &SecretString,
    ) -> Result<VoiceClient, ClientError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = clients.get(&(tenant, provider))
            && known.expose_secret() == key.expose_secret()
        {
            return Ok(client.clone());
        }
        let client = self.made(provider, key)?;
        clients.insert((tenant, provider), (key.clone(), client.clone()));
        Ok(client)
    }

    fn made(
        &self,
        provider: VoiceProvider,
        key: &SecretString,
    ) -> Result<VoiceClient, ClientError> {
        let (options, key) = (&self.options, key.clone());
        Ok(match provider {
            VoiceProvider::Retell => VoiceClient::Retell(retell::Client::new(
                &options.retell_base_url,
                key,
                options.timeouts,
            )?),
            VoiceProvider::Vapi => VoiceClient::Vapi(vapi::Client::new(
                &options.vapi_base_url,
                key,
                options.timeouts,
            )?),
        })
    }
}

/// One account at a provider of phone calls.
#[derive(Clone)]
pub(crate) enum VoiceClient {
    Retell(retell::Client),
    Vapi(vapi::Client),
}

/// A call to be placed. It holds what the agent is told, and so has no `Debug`.
pub(crate) struct Dial {
    pub(crate) agent: String,
    /// What is called from: a number, or the provider's id of one.
    pub(crate) line: String,
    /// In E.164.
    pub(crate) to_number: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) call: CallId,
    /// Counted from 1.
    pub(crate) attempt: u32,
}

/// A call as its provider knows it.
pub(crate) struct KnownCall {
    pub(crate) provider_call_id: String,
    pub(crate) observation: Observation,
}

impl VoiceClient {
    /// Asks for a call, with one request and never another.
    pub(crate) async fn place(&self, dial: &Dial) -> Result<Placed, PlaceError> {
        match self {
            Self::Retell(client) => {
                let call = retell::NewCall {
                    from_number: dial.line.clone(),
                    to_number: dial.to_number.clone(),
                    agent_id: Some(dial.agent.clone()),
                    dynamic_variables: dial.variables.clone(),
                    call_id: dial.call,
                    attempt: dial.attempt,
                };
                client.create_call(&call).await
            }
            Self::Vapi(client) => {
                let call = vapi::NewCall {
                    assistant_id: dial.agent.clone(),
                    phone_number_id: dial.line.clone(),
                    to_number: dial.to_number.clone(),
                    variables: dial.variables.clone(),
                    call_id: dial.call,
                    attempt: dial.attempt,
                };
                client.create_call(&call).await
            }
        }
    }

    /// Searches for one of our calls, which was asked for no sooner than `since`.
    pub(crate) async fn find(
        &self,
        call: CallId,
        to_number: &str,
        since: Timestamp,
        settings: &Settings,
    ) -> Result<Option<KnownCall>, ReadError> {
        Ok(match self {
            Self::Retell(client) => {
                let found = client.find_call(call, to_number).await?;
                found.map(|call| of_retell(&call, settings))
            }
            Self::Vapi(client) => {
                let found = client.find_call(call, since).await?;
                found.map(|call| of_vapi(&call, settings))
            }
        })
    }

    pub(crate) async fn read(
        &self,
        provider_call_id: &str,
        settings: &Settings,
    ) -> Result<KnownCall, ReadError> {
        Ok(match self {
            Self::Retell(client) => of_retell(&client.get_call(provider_call_id).await?, settings),
            Self::Vapi(client) => of_vapi(&client.get_call(provider_call_id).await?, settings),
        })
    }
}

fn of_retell(call: &retell::CallObject, settings: &Settings) -> KnownCall {
    KnownCall {
        provider_call_id: call.call_id.clone(),
        observation: retell::observe_call(call, &settings.retell.outcome_field),
    }
}

fn of_vapi(call: &vapi::CallObject, settings: &Settings) -> KnownCall {
    KnownCall {
        provider_call_id: call.id().to_owned(),
        observation: vapi::observe_call(call, &settings.vapi.outcome_field),
    }
}
