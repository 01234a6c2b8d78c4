//! A stand-in for Twilio's SMS interface: it takes messages, reports on them by signed callbacks, lists
//! them, fails on request, and keeps a ledger.

mod callback;
mod ledger;
mod list;
mod message;
mod play;
mod problem;
mod routes;
mod scenario;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{ScenarioError, book::Book, outbound, outbound::Tasks, server::Server};

pub use ledger::{CallbackSeen, Ledger, Message, SendSeen};
pub use scenario::{Fault, NumberScript, Outcome, Scenario, Timing};

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub accounts: Vec<Account>,
    pub scenario: Scenario,
}

impl Config {
    /// One account on a free port of this machine, which may send from anything.
    pub fn with_account(sid: &str, auth_token: &str, scenario: Scenario) -> Self {
        let account = Account {
            sid: sid.to_owned(),
            auth_token: auth_token.into(),
            api_key: None,
            senders: None,
        };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            accounts: vec![account],
            scenario,
        }
    }
}

/// One customer of the fake Twilio. Its auth token also signs its callbacks, as at Twilio.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AC…`
    pub sid: String,
    pub auth_token: SecretString,
    /// A key (`SK…`) and its secret, which are accepted in place of sid and token.
    pub api_key: Option<(String, SecretString)>,
    /// What may stand in `From` or `MessagingServiceSid`; `None` for anything.
    pub senders: Option<Vec<String>>,
}

/// What all handlers and tasks share.
#[derive(Debug)]
struct Shared {
    book: Arc<Book<Scenario, Ledger>>,
    accounts: Vec<Account>,
    tasks: Tasks,
    http: reqwest::Client,
}

/// A running fake. Dropping it stops it, and every message on its way.
#[derive(Debug)]
pub struct Running {
    server: Server,
    shared: Arc<Shared>,
}

/// Starts the fake. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let shared = Arc::new(Shared {
        book: Book::new(config.scenario)?,
        accounts: config.accounts,
        tasks: Tasks::default(),
        http: outbound::client()?,
    });
    let server = Server::start(config.address, routes::router(shared.clone())).await?;
    Ok(Running { server, shared })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base address to give to a Twilio client.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Everything seen since the start.
    pub fn ledger(&self) -> Ledger {
        self.shared.book.ledger()
    }

    pub fn scenario(&self) -> Scenario {
        self.shared.book.scenario().as_ref().clone()
    }

    /// Replaces the scenario for messages to come. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.shared.book.set_scenario(scenario)
    }

    /// Waits until this many messages were taken; false when that takes longer than `patience`.
    pub async fn received(&self, messages: usize, patience: Duration) -> bool {
        self.shared
            .book
            .reaches(patience, |ledger| ledger.messages.len() >= messages)
            .await
    }

    /// Waits until this many requests to send came, whatever was answered.
    pub async fn asked(&self, requests: usize, patience: Duration) -> bool {
        self.shared
            .book
            .reaches(patience, |ledger| ledger.sends.len() >= requests)
            .await
    }

    /// Waits until every message has arrived or failed and every callback was sent.
    pub async fn quiet(&self, patience: Duration) -> bool {
        self.shared
            .book
            .reaches(patience, |ledger| ledger.under_way == 0)
            .await
    }

    /// Serves until the server fails or the future is dropped.
    pub async fn serve(mut self) {
        self.server.ended().await;
    }

    pub async fn stop(mut self) {
        self.server.stop().await;
    }

    pub(crate) fn book(&self) -> &Arc<Book<Scenario, Ledger>> {
        &self.shared.book
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.tasks.abandon();
    }
}

impl Shared {
    /// Runs something until it ends or the fake does.
    fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let book = self.book.clone();
        book.note(|ledger| ledger.under_way += 1);
        self.tasks.spawn(async move {
            task.await;
            book.note(|ledger| ledger.under_way -= 1);
        });
    }
}
