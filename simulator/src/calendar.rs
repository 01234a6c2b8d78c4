//! A stand-in for the calendars of Google, Cal.com and an iCal feed, which show the same diaries: it gives out
//! tokens, tells what is taken, fails on request, and keeps a ledger.

mod cal_com;
mod diary;
mod door;
mod feed;
mod google;
mod ledger;
mod proof;
mod scenario;

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{ScenarioError, book::Book, server::Server};
use diary::Diaries;
use proof::Proofs;

pub use ledger::{Asked, Ledger};
pub use scenario::{Door, DoorScript, Fault, Scenario};

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// The names of the diaries that there are, empty at first. At Google a name is the calendar's id, at
    /// Cal.com the event type's number or `user/slug`, of a feed a part of its address.
    pub calendars: Vec<String>,
    /// The key for Cal.com. Whoever sends none sees the slots as well, as of a public event type.
    pub cal_com_key: SecretString,
    pub scenario: Scenario,
}

impl Config {
    /// On a free port of this machine.
    pub fn with_calendars(calendars: &[&str], scenario: Scenario) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            calendars: calendars.iter().map(|name| (*name).to_owned()).collect(),
            cal_com_key: "cal_simulator".into(),
            scenario,
        }
    }
}

/// What all handlers share.
#[derive(Debug)]
struct Shared {
    book: Arc<Book<Scenario, Ledger>>,
    diaries: Diaries,
    proofs: Proofs,
    cal_com_key: SecretString,
    /// The access tokens that were given out and hold.
    tokens: Mutex<HashSet<String>>,
}

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    server: Server,
    shared: Arc<Shared>,
}

/// Starts the fake. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let shared = Arc::new(Shared {
        book: Book::new(config.scenario)?,
        diaries: Diaries::named(config.calendars),
        proofs: Proofs::new()?,
        cal_com_key: config.cal_com_key,
        tokens: Mutex::default(),
    });
    let server = Server::start(config.address, door::router(shared.clone())).await?;
    Ok(Running { server, shared })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base address to give to a client of Google or of Cal.com.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Where Google's access tokens are given out.
    pub fn token_url(&self) -> String {
        format!("{}/token", self.base_url())
    }

    /// The address of a diary's feed.
    pub fn feed_url(&self, calendar: &str) -> SecretString {
        format!("{}/ical/{calendar}/basic.ics", self.base_url()).into()
    }

    /// The file of a service account that may see every diary.
    pub fn service_account(&self) -> SecretString {
        self.shared.proofs.service_account()
    }

    /// The file of a person who may see every diary, with a refresh token.
    pub fn authorized_user(&self) -> SecretString {
        self.shared.proofs.authorized_user()
    }

    /// Takes a time in a diary, which is made when it is not there yet.
    pub fn add_busy(&self, calendar: &str, start: Timestamp, end: Timestamp) {
        self.shared.diaries.add(calendar, start, end);
    }

    /// Frees a time again; false when just this one was not taken.
    pub fn remove_busy(&self, calendar: &str, start: Timestamp, end: Timestamp) -> bool {
        self.shared.diaries.remove(calendar, start, end)
    }

    /// Shows this text as the diary's feed, whatever is taken in it.
    pub fn set_feed(&self, calendar: &str, text: &str) {
        self.shared.diaries.set_feed(calendar, text);
    }

    /// Lets no access token hold that was given out before.
    pub fn withdraw_tokens(&self) {
        self.shared.tokens().clear();
    }

    /// Everything seen since the start.
    pub fn ledger(&self) -> Ledger {
        self.shared.book.ledger()
    }

    pub fn scenario(&self) -> Scenario {
        self.shared.book.scenario().as_ref().clone()
    }

    /// Replaces the scenario for requests to come. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.shared.book.set_scenario(scenario)
    }

    /// Waits until this many requests came in at a door, whatever was answered.
    pub async fn asked(&self, door: Door, requests: usize, patience: Duration) -> bool {
        self.shared
            .book
            .reaches(patience, |ledger| ledger.at(door).count() >= requests)
            .await
    }

    /// Serves until the server fails or the future is dropped.
    pub async fn serve(mut self) {
        self.server.ended().await;
    }

    pub async fn stop(mut self) {
        self.server.stop().await;
    }
}

impl Shared {
    fn tokens(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
