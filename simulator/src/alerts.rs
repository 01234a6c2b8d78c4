//! Slack, Twilio and a mail server together, with one ledger: everywhere that alerts go.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::get,
};
use serde::{Deserialize, Serialize};

use crate::{
    ScenarioError,
    book::Book,
    scenario::{self, Checked},
    server::Server,
    sim_routes::{read_scenario, replaced},
    slack, smtp, twilio,
};

/// What the fakes start with. Their own configurations say which ports they take.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where `/sim/…` is served. Port 0 takes a free one.
    pub address: SocketAddr,
    pub slack: slack::Config,
    pub twilio: twilio::Config,
    pub smtp: smtp::Config,
}

impl Config {
    /// All on free ports of this machine, with one Twilio account, and mail in the clear for anybody.
    pub fn with_account(sid: &str, auth_token: &str, scenario: Scenario) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            slack: slack::Config::with_scenario(scenario.slack),
            twilio: twilio::Config::with_account(sid, auth_token, scenario.twilio),
            smtp: smtp::Config::with_scenario(scenario.smtp),
        }
    }
}

/// What goes wrong at each of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    pub slack: slack::Scenario,
    pub twilio: twilio::Scenario,
    pub smtp: smtp::Scenario,
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_toml(text)
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        self.slack.check()?;
        self.twilio.check()?;
        self.smtp.check()
    }
}

/// Everything seen since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub slack: slack::Ledger,
    pub twilio: twilio::Ledger,
    pub smtp: smtp::Ledger,
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub slack_url: String,
    pub twilio_url: String,
    pub smtp: SocketAddr,
    /// The mail server's certificate, in PEM.
    pub smtp_certificate: String,
}

/// The running fakes. Dropping it stops them.
#[derive(Debug)]
pub struct Running {
    server: Server,
    books: Arc<Books>,
    pub slack: slack::Running,
    pub twilio: twilio::Running,
    pub smtp: smtp::Running,
}

#[derive(Debug)]
struct Books {
    slack: Arc<Book<slack::Scenario, slack::Ledger>>,
    twilio: Arc<Book<twilio::Scenario, twilio::Ledger>>,
    smtp: Arc<Book<smtp::Scenario, smtp::Ledger>>,
    addresses: Addresses,
}

/// Starts all three. Fails when a scenario is invalid or an address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let slack = slack::start(config.slack).await?;
    let twilio = twilio::start(config.twilio).await?;
    let smtp = smtp::start(config.smtp).await?;
    let books = Arc::new(Books {
        slack: slack.book().clone(),
        twilio: twilio.book().clone(),
        smtp: smtp.book().clone(),
        addresses: Addresses {
            slack_url: slack.base_url(),
            twilio_url: twilio.base_url(),
            smtp: smtp.address(),
            smtp_certificate: smtp.certificate_pem().to_owned(),
        },
    });
    let server = Server::start(config.address, router(books.clone())).await?;
    Ok(Running {
        server,
        books,
        slack,
        twilio,
        smtp,
    })
}

impl Running {
    /// The address of `/sim/…`.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base address of `/sim/…`.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    pub fn addresses(&self) -> &Addresses {
        &self.books.addresses
    }

    pub fn ledger(&self) -> Ledger {
        self.books.ledger()
    }

    pub fn scenario(&self) -> Scenario {
        self.books.scenario()
    }

    /// Replaces the scenario of all three. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.books.set_scenario(scenario)
    }

    /// Serves until the server of `/sim/…` fails or the future is dropped.
    pub async fn serve(mut self) {
        self.server.ended().await;
    }

    pub async fn stop(mut self) {
        self.server.stop().await;
        self.slack.stop().await;
        self.twilio.stop().await;
        self.smtp.stop().await;
    }
}

impl Books {
    fn ledger(&self) -> Ledger {
        Ledger {
            slack: self.slack.ledger(),
            twilio: self.twilio.ledger(),
            smtp: self.smtp.ledger(),
        }
    }

    fn scenario(&self) -> Scenario {
        Scenario {
            slack: self.slack.scenario().as_ref().clone(),
            twilio: self.twilio.scenario().as_ref().clone(),
            smtp: self.smtp.scenario().as_ref().clone(),
        }
    }

    fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        scenario.check()?;
        self.slack.set_scenario(scenario.slack)?;
        self.twilio.set_scenario(scenario.twilio)?;
        self.smtp.set_scenario(scenario.smtp)
    }
}

fn router(books: Arc<Books>) -> Router {
    type Shared = State<Arc<Books>>;
    Router::new()
        .route("/sim/health", get(async || "ok"))
        .route(
            "/sim/addresses",
            get(async |State(books): Shared| Json(books.addresses.clone())),
        )
        .route(
            "/sim/ledger",
            get(async |State(books): Shared| Json(books.ledger())),
        )
        .route(
            "/sim/scenario",
            get(async |State(books): Shared| Json(books.scenario())).post(set_scenario),
        )
        .with_state(books)
}

async fn set_scenario(
    State(books): State<Arc<Books>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    replaced(read_scenario(&headers, &body).and_then(|scenario| books.set_scenario(scenario)))
}
