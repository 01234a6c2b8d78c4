//! A stand-in for Vapi: the same HTTP interface, calls that ring and talk in time, calls that come in, signed server
//! messages, questions with their limits, faults on request, and a ledger of everything that happened.

mod answer;
mod call;
mod deliver;
mod ledger;
mod list;
mod message;
mod plan;
mod play;
mod ring;
mod routes;
mod scenario;
mod sim_routes;
mod state;
mod tools;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{senders::VapiAuth, server::Server};

pub use crate::retell::{CreateFault, CreateSeen, Delivery, Outcome, Timing, Try, WebhookFault};
pub use answer::Taken;
pub use ledger::{CallSeen, Direction, Ledger, QuestionSeen, ToolSeen, Totals, WebhookSeen};
pub use ring::{Caller, Rang};
pub use scenario::{
    Analysis, ArtifactPlace, CallScript, NumberScript, Scenario, ScenarioError, Sending,
};
use state::Shared;
pub use tools::{ToolShape, ToolUse};

/// What the simulator starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub accounts: Vec<Account>,
    pub scenario: Scenario,
}

impl Config {
    /// One account on a free port of this machine, with any assistant and any number, whose messages bear the secret
    /// as a bearer token.
    pub fn with_account(key: &str, server: Option<(String, &str)>, scenario: Scenario) -> Self {
        let server = server.map(|(url, secret)| MessageServer {
            url,
            secret: secret.into(),
            auth: VapiAuth::default(),
        });
        let account = Account {
            key: key.into(),
            server,
            assistants: None,
            phone_numbers: None,
        };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            accounts: vec![account],
            scenario,
        }
    }
}

/// One customer of the fake Vapi.
#[derive(Debug, Clone)]
pub struct Account {
    /// The private key.
    pub key: SecretString,
    /// Where messages go; `None` sends none, and whoever calls is not answered.
    pub server: Option<MessageServer>,
    /// The assistants there are; `None` for any.
    pub assistants: Option<Vec<String>>,
    /// The ids of the numbers that may be called from; `None` for any.
    pub phone_numbers: Option<Vec<String>>,
}

/// The customer's server, and how Vapi proves itself there.
#[derive(Debug, Clone)]
pub struct MessageServer {
    pub url: String,
    pub secret: SecretString,
    pub auth: VapiAuth,
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

    /// The base address to give to a Vapi client.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Everything seen since the start.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger()
    }

    /// The ledger's counts alone.
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

    /// Waits until no call is under way and no message is to be sent; false when that takes longer than `patience`.
    /// Calls that are stuck for ever do not count.
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
