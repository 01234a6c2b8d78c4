//! The provider accounts of the tenants.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::ids::TenantId;
use providers::{
    error::ClientError,
    retell::{Client, Timeouts},
};
use secrecy::{ExposeSecret, SecretString};

/// Where Retell answers, and how long it may take.
#[derive(Debug, Clone)]
pub struct RetellOptions {
    pub base_url: String,
    pub timeouts: Timeouts,
}

/// One client for each tenant, made anew when its key changes.
#[derive(Clone)]
pub struct Accounts {
    options: RetellOptions,
    clients: Arc<Mutex<HashMap<TenantId, (SecretString, Client)>>>,
}

impl Accounts {
    pub fn new(options: RetellOptions) -> Self {
        Self {
            options,
            clients: Arc::default(),
        }
    }

    pub(crate) fn retell(
        &self,
        tenant: TenantId,
        key: &SecretString,
    ) -> Result<Client, ClientError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = clients.get(&tenant)
            && known.expose_secret() == key.expose_secret()
        {
            return Ok(client.clone());
        }
        let client = Client::new(&self.options.base_url, key.clone(), self.options.timeouts)?;
        clients.insert(tenant, (key.clone(), client.clone()));
        Ok(client)
    }
}
