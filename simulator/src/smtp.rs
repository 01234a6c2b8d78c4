//! A mail server that keeps what it is sent: in the clear, with STARTTLS or encrypted throughout, with or
//! without a login. It greylists, refuses, hangs and breaks off on request.

mod command;
mod door;
mod ledger;
mod login;
mod scenario;
mod session;
mod wire;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tokio_rustls::TlsAcceptor;

use crate::{ScenarioError, book::Book};
use door::Door;

pub use ledger::{Ledger, Mail, Refusal, Stage};
pub use scenario::{ConnectionFault, DataFault, MailboxScript, RecipientFault, Scenario};

/// What the fake starts with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub tls: Tls,
    /// Who may send, with what password; `None` for anybody, without a login.
    pub users: Option<Vec<(String, SecretString)>>,
    pub scenario: Scenario,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all, nor is it offered.
    None,
    /// After a first word in the clear, as on port 587. Mail is taken only then.
    StartTls,
    /// From the first byte, as on port 465.
    Implicit,
}

impl Config {
    /// On a free port of this machine, in the clear, for anybody.
    pub fn with_scenario(scenario: Scenario) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: Tls::None,
            users: None,
            scenario,
        }
    }
}

/// What all connections share.
struct Desk {
    book: Arc<Book<Scenario, Ledger>>,
    tls: Tls,
    acceptor: TlsAcceptor,
    users: Option<Vec<(String, SecretString)>>,
}

/// A running fake. Dropping it stops it.
pub struct Running {
    door: Door,
    desk: Arc<Desk>,
    certificate: String,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.door.address())
            .finish_non_exhaustive()
    }
}

/// Starts the fake. Fails when the scenario is invalid or the address is taken.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let (acceptor, certificate) = acceptor(config.address)?;
    let desk = Arc::new(Desk {
        book: Book::new(config.scenario)?,
        tls: config.tls,
        acceptor,
        users: config.users,
    });
    let door = Door::open(config.address, desk.clone()).await?;
    Ok(Running {
        door,
        desk,
        certificate,
    })
}

/// A certificate made for this run alone, for `localhost` and the address.
fn acceptor(address: SocketAddr) -> anyhow::Result<(TlsAcceptor, String)> {
    let names = vec!["localhost".to_owned(), address.ip().to_string()];
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), made.cert.pem()))
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// The certificate to trust, in PEM. It is made anew at each start.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Everything seen since the start.
    pub fn ledger(&self) -> Ledger {
        self.desk.book.ledger()
    }

    pub fn scenario(&self) -> Scenario {
        self.desk.book.scenario().as_ref().clone()
    }

    /// Replaces the scenario for what is to come. Fails when it is invalid, and changes nothing.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.desk.book.set_scenario(scenario)
    }

    /// Waits until this many mails were taken; false when that takes longer than `patience`.
    pub async fn received(&self, mails: usize, patience: Duration) -> bool {
        self.desk
            .book
            .reaches(patience, |ledger| ledger.mails.len() >= mails)
            .await
    }

    /// Waits until this much was refused.
    pub async fn refused(&self, refusals: usize, patience: Duration) -> bool {
        self.desk
            .book
            .reaches(patience, |ledger| ledger.refusals.len() >= refusals)
            .await
    }

    /// Cuts every connection and refuses new ones, as a server that is down. The port stays ours.
    pub async fn shut(&self) -> anyhow::Result<()> {
        self.door.shut().await
    }

    /// Takes connections again, at the same port.
    pub async fn reopen(&self) -> anyhow::Result<()> {
        self.door.reopen(self.desk.clone()).await
    }

    /// Serves until the future is dropped.
    pub async fn serve(self) {
        std::future::pending().await
    }

    pub async fn stop(self) {
        let _ = self.door.shut().await;
    }

    pub(crate) fn book(&self) -> &Arc<Book<Scenario, Ledger>> {
        &self.desk.book
    }
}
