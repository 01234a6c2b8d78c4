//! A stand-in for Zoho CRM: tokens, records, search, notes, calls, COQL and notification channels, with people who
//! change records too, and a ledger of who did what.

mod coql;
mod ledger;
mod lists;
mod notify;
mod people;
mod problem;
mod records;
mod routes;
mod scenario;
mod state;
mod stored;
mod token;
mod watch;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::SecretString;

use crate::{ScenarioError, book::Book, outbound, outbound::Tasks, server::Server};
use notify::Letter;
use state::State;

pub use ledger::{Ledger, NotificationSeen, RequestSeen, TokenSeen, WriteSeen};
pub use scenario::{Fault, Refusal, Scenario, TokenFault};

/// The user that the interface writes as, and the one that stands for people.
pub const INTEGRATION_USER: &str = "4876876000000001";
pub const PERSON: &str = "4876876000000002";

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub client_id: String,
    pub client_secret: SecretString,
    pub refresh_token: SecretString,
    pub scenario: Scenario,
}

impl Config {
    /// One account on a free port of this machine.
    pub fn with_grant(
        client_id: &str,
        client_secret: &str,
        refresh_token: &str,
        scenario: Scenario,
    ) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            client_id: client_id.to_owned(),
            client_secret: client_secret.into(),
            refresh_token: refresh_token.into(),
            scenario,
        }
    }
}

/// What all handlers and tasks share.
#[derive(Debug)]
struct Shared {
    book: Arc<Book<Scenario, Ledger>>,
    state: Mutex<State>,
    /// A notification that waits for the next to be sent before it.
    held: Mutex<Option<Letter>>,
    tasks: Tasks,
    http: reqwest::Client,
    client_id: String,
    client_secret: SecretString,
    refresh_token: SecretString,
}

/// A running fake. Dropping it stops it, and every notification on its way.
#[derive(Debug)]
pub struct Running {
    server: Server,
    shared: Arc<Shared>,
}

/// Starts the fake. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let shared = Arc::new(Shared {
        book: Book::new(config.scenario)?,
        state: Mutex::default(),
        held: Mutex::default(),
        tasks: Tasks::default(),
        http: outbound::client()?,
        client_id: config.client_id,
        client_secret: config.client_secret,
        refresh_token: config.refresh_token,
    });
    let server = Server::start(config.address, routes::router(shared.clone())).await?;
    Ok(Running { server, shared })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of both hosts: accounts and data.
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

    /// Replaces the scenario for what is to come. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.shared.book.set_scenario(scenario)
    }

    /// Waits until the ledger is as wished; false when that takes longer than `patience`.
    pub async fn reaches(&self, patience: Duration, wish: impl Fn(&Ledger) -> bool) -> bool {
        self.shared.book.reaches(patience, wish).await
    }

    /// Waits until every notification was sent.
    pub async fn quiet(&self, patience: Duration) -> bool {
        self.reaches(patience, |ledger| ledger.under_way == 0).await
    }

    /// Serves until the server fails or the future is dropped.
    pub async fn serve(mut self) {
        self.server.ended().await;
    }

    pub async fn stop(mut self) {
        self.server.stop().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.tasks.abandon();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since 1970 by the fake's own clock.
    fn now_ms(&self) -> i64 {
        self.book.scenario().now_ms()
    }

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
