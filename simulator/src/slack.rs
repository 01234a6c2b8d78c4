//! A stand-in for Slack's incoming webhooks: it takes messages, refuses and hangs on request, and keeps a
//! ledger of what was said where.

mod ledger;
mod message;
mod routes;
mod scenario;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{book::Book, server::Server};

pub use ledger::{Ledger, Posted};
pub use scenario::{Fault, HookScript, Limits, Scenario};

use crate::ScenarioError;

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// The hooks there are, each as `T…/B…/X…`; `None` for any.
    pub hooks: Option<Vec<String>>,
    pub scenario: Scenario,
}

impl Config {
    /// On a free port of this machine, with any hook.
    pub fn with_scenario(scenario: Scenario) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            hooks: None,
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
    let router = routes::router(book.clone(), config.hooks);
    let server = Server::start(config.address, router).await?;
    Ok(Running { server, book })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The address to post to for a hook, given as `T…/B…/X…`.
    pub fn hook_url(&self, hook: &str) -> String {
        format!("{}/services/{hook}", self.base_url())
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

    /// Waits until this many messages stand in channels; false when that takes longer than `patience`.
    pub async fn received(&self, messages: usize, patience: Duration) -> bool {
        self.book
            .reaches(patience, |ledger| ledger.accepted().count() >= messages)
            .await
    }

    /// Waits until this many requests came, whatever was answered.
    pub async fn asked(&self, requests: usize, patience: Duration) -> bool {
        self.book
            .reaches(patience, |ledger| ledger.posts.len() >= requests)
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
        &self.book
    }
}
