//! A stand-in for Gemini: it answers by rules, counts tokens, and fails as the real one does.

mod ledger;
mod reply;
mod routes;
mod scenario;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{ScenarioError, book::Book, server::Server};

pub use ledger::{Ledger, RequestSeen};
pub use scenario::{Fault, Rule, Scenario};

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub key: SecretString,
    pub scenario: Scenario,
}

impl Config {
    /// On a free port of this machine.
    pub fn with_key(key: &str, scenario: Scenario) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            key: key.into(),
            scenario,
        }
    }
}

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    server: Server,
    book: Arc<Book<Scenario, Ledger>>,
}

/// Starts the fake. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let book = Book::new(config.scenario)?;
    let router = routes::router(book.clone(), config.key);
    let server = Server::start(config.address, router).await?;
    Ok(Running { server, book })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base address to give to a Gemini client.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Everything seen since the start.
    pub fn ledger(&self) -> Ledger {
        self.book.ledger()
    }

    pub fn scenario(&self) -> Scenario {
        self.book.scenario().as_ref().clone()
    }

    /// Replaces the scenario for requests to come. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.book.set_scenario(scenario)
    }

    /// Waits until this many requests came, whatever was answered.
    pub async fn asked(&self, requests: usize, patience: Duration) -> bool {
        let reached = |ledger: &Ledger| ledger.requests.len() >= requests;
        self.book.reaches(patience, reached).await
    }

    /// Serves until the server fails or the future is dropped.
    pub async fn serve(mut self) {
        self.server.ended().await;
    }

    pub async fn stop(mut self) {
        self.server.stop().await;
    }
}
