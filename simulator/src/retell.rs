//! A stand-in for Retell: the same HTTP interface, calls that ring and talk in time, signed webhooks,
//! faults on request, and a ledger of everything that happened.

mod ask;
mod call;
mod deliver;
mod ledger;
mod list;
mod play;
mod ring;
mod routes;
mod scenario;
mod sim_routes;
mod state;
pub(crate) mod words;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::server::Server;

pub use ask::FunctionAnswer;
pub use call::Direction;
pub(crate) use call::is_e164;
pub use ledger::{CallSeen, CreateSeen, Delivery, Ledger, Totals, Try, WebhookSeen};
pub use ring::{Caller, Rang};
pub use scenario::{
    CallFaults, CallScript, CreateFault, CreateFaults, Faults, NumberScript, Outcome, ReadFaults,
    Scenario, ScenarioError, Sending, Timing, WebhookFault, WebhookFaults,
};
use state::Shared;

/// What the simulator starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub accounts: Vec<Account>,
    pub scenario: Scenario,
}

impl Config {
    /// One account on a free port of this machine, with any agent and any number.
    pub fn with_account(key: &str, webhook_url: Option<String>, scenario: Scenario) -> Self {
        let account = Account {
            key: key.into(),
            webhook_url,
            agents: None,
            numbers: None,
        };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            accounts: vec![account],
            scenario,
        }
    }
}

/// One customer of the fake Retell. Its API key also signs its webhooks, as at Retell.
#[derive(Debug, Clone)]
pub struct Account {
    pub key: SecretString,
    /// Where events go; `None` sends none.
    pub webhook_url: Option<String>,
    /// The agents there are; `None` for any.
    pub agents: Option<Vec<String>>,
    /// The numbers that may be called from; `None` for any.
    pub numbers: Option<Vec<String>>,
}

/// A running simulator. Dropping it stops the server and every call.
#[derive(Debug)]
pub struct Running {
    server: Server,
    shared: Arc<Shared>,
}

/// Starts the simulator. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    config.scenario.check()?;
    let shared = Shared::new(config.accounts, config.scenario)?;
    let server = Server::start(config.address, routes::router(shared.clone())).await?;
    Ok(Running { server, shared })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base address to give to a Retell client.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Everything seen since the start.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger()
    }

    /// The ledger's counts alone: cheap, for polling.
    pub fn totals(&self) -> Totals {
        self.shared.totals()
    }

    /// Replaces the scenario for calls and requests to come. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.shared.set_scenario(scenario)
    }

    pub fn scenario(&self) -> Scenario {
        self.shared.scenario().as_ref().clone()
    }

    /// Adds an account, or replaces the one with the same key.
    pub fn set_account(&self, account: Account) {
        self.shared.set_account(account);
    }

    /// Waits until no call is under way and no webhook is to be sent; false when that takes longer
    /// than `patience`. Calls that are stuck for ever do not count.
    pub async fn quiet(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.shared.quiet())
            .await
            .is_ok()
    }

    /// Serves until the server fails or the task is dropped.
    pub async fn serve(mut self) {
        self.server.ended().await;
    }

    /// Stops the server and every call.
    pub async fn stop(mut self) {
        self.server.stop().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
