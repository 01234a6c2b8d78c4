//! A stand-in for OpenPhone (Quo): it sends texts, lists texts and calls, keeps recordings, plays people who write and
//! call, and tells of everything by signed webhooks in the old shapes or the new.

mod courier;
mod event;
mod ledger;
mod list;
mod play;
mod problem;
mod routes;
mod scenario;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use secrecy::SecretString;

use crate::{ScenarioError, book::Book, outbound, outbound::Tasks, server::Server};

pub use ledger::{Call, Ledger, Message, SendSeen, Spoken, WebhookSeen};
pub use scenario::{CallStory, Fault, MediaPlay, NumberScript, Outcome, Scenario, Timing};

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// The API key of the only workspace.
    pub key: SecretString,
    pub lines: Vec<Line>,
    pub webhook: Option<Webhook>,
    pub scenario: Scenario,
}

/// A phone line of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `PN…`
    pub id: String,
    /// In E.164.
    pub number: String,
}

/// Where events are told, and how.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub url: String,
    pub shape: Shape,
    /// As it is handed out: base64, at Quo after `whsec_`.
    pub secret: SecretString,
}

/// Which of the vendor's webhooks they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Made in the app, signed the old way.
    V3,
    /// Made by the API, signed the old way.
    V4,
    /// The dated API's: Standard Webhooks.
    Quo,
}

impl Config {
    /// A workspace with these numbers as its lines `PN1`, `PN2`, …, on a free port of this machine.
    pub fn with_lines(key: &str, numbers: &[&str], scenario: Scenario) -> Self {
        let line = |(index, number): (usize, &&str)| Line {
            id: format!("PN{}", index + 1),
            number: (*number).to_owned(),
        };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            key: key.into(),
            lines: numbers.iter().enumerate().map(line).collect(),
            webhook: None,
            scenario,
        }
    }

    /// The same, with events told to an address.
    pub fn telling(mut self, url: &str, shape: Shape, secret: &str) -> Self {
        self.webhook = Some(Webhook {
            url: url.to_owned(),
            shape,
            secret: secret.into(),
        });
        self
    }
}

/// What all handlers and tasks share.
#[derive(Debug)]
struct Shared {
    book: Arc<Book<Scenario, Ledger>>,
    key: SecretString,
    lines: Vec<Line>,
    webhook: Mutex<Option<Webhook>>,
    tasks: Tasks,
    http: reqwest::Client,
    /// Where recordings are.
    base_url: OnceLock<String>,
}

/// A running fake. Dropping it stops it, and everything on its way.
#[derive(Debug)]
pub struct Running {
    server: Server,
    shared: Arc<Shared>,
}

/// Starts the fake. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let shared = Arc::new(Shared {
        book: Book::new(config.scenario)?,
        key: config.key,
        lines: config.lines,
        webhook: Mutex::new(config.webhook),
        tasks: Tasks::default(),
        http: outbound::client()?,
        base_url: OnceLock::new(),
    });
    let server = Server::start(config.address, routes::router(shared.clone())).await?;
    let _ = shared.base_url.set(server.base_url());
    Ok(Running { server, shared })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base address to give to an OpenPhone client.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Has events told to an address from now on, as when somebody sets up a webhook in the app.
    pub fn tell(&self, webhook: Webhook) {
        *self.shared.told() = Some(webhook);
    }

    /// A person writes to a line. Answers the text's id, or `None` when there is no such line.
    pub fn text_from(&self, person: &str, line: &str, body: &str) -> Option<String> {
        play::text_from(&self.shared, person, line, body)
    }

    /// A person calls a line. Answers the call's id, or `None` when there is no such line.
    pub fn call_from(&self, person: &str, line: &str, story: CallStory) -> Option<String> {
        play::call_from(&self.shared, person, line, story)
    }

    /// The summary of a call comes, however long ago it was; `false` when there is no such call.
    pub fn summarise(&self, call: &str, points: &[&str]) -> bool {
        play::summarise(&self.shared, call, points)
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

    /// Waits until this many requests to send came, whatever was answered.
    pub async fn asked(&self, requests: usize, patience: Duration) -> bool {
        let book = &self.shared.book;
        book.reaches(patience, |ledger| ledger.sends.len() >= requests)
            .await
    }

    /// Waits until nothing is on its way: every text has come as far as it does, every call is over and told.
    pub async fn quiet(&self, patience: Duration) -> bool {
        let book = &self.shared.book;
        book.reaches(patience, |ledger| ledger.under_way == 0).await
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
    fn told(&self) -> MutexGuard<'_, Option<Webhook>> {
        self.webhook.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where events are told, if they are.
    fn webhook(&self) -> Option<Webhook> {
        self.told().clone()
    }

    /// A line by its id or number.
    fn line(&self, name: &str) -> Option<&Line> {
        let mut lines = self.lines.iter();
        lines.find(|line| line.id == name || line.number == name)
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
