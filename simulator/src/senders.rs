//! Vendors that send webhooks: as many events as wished, signed as each vendor does, sent again by each
//! vendor's rule, spoilt by seeded chance, and counted.
//!
//! What is sent follows from the seed alone. When it arrives depends on the answers, and with several
//! requests at once on the machine too.

mod event;
mod ledger;
mod letter;
mod post;
mod queue;
mod records;
mod scenario;
mod stories;
mod story;
mod vendor;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use secrecy::SecretString;

pub use crate::sign::Hash;
use crate::{outbound::now_ms, scenario::Checked};
use letter::Request;
use post::Shared;

pub use ledger::{EventSeen, Ledger, Outcome, Totals};
pub use letter::Letter;
pub(crate) use letter::vapi_headers;
pub use scenario::{Fault, Scenario, Tries};
pub use vendor::{AgentAuth, Encoding, HeaderFamily, VapiAuth, VapiHmac, Vendor};

/// What is sent.
#[derive(Debug, Clone)]
pub struct Config {
    /// They take turns.
    pub sources: Vec<Source>,
    /// So many of each source.
    pub events: u64,
    pub scenario: Scenario,
}

/// One vendor's webhooks to one address.
#[derive(Debug, Clone)]
pub struct Source {
    pub vendor: Vendor,
    pub url: String,
    /// The address that signatures cover, if it differs from where it is sent: there is a proxy in between.
    pub public_url: Option<String>,
    /// The secrets that are live, in the form in which the vendor hands them out.
    pub secrets: Vec<SecretString>,
}

impl Source {
    pub fn new(vendor: Vendor, url: &str, secret: &str) -> Self {
        Self {
            vendor,
            url: url.to_owned(),
            public_url: None,
            secrets: vec![secret.into()],
        }
    }

    fn signed_url(&self) -> &str {
        self.public_url.as_deref().unwrap_or(&self.url)
    }
}

/// Events on their way. Dropping it stops them.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
}

/// Begins to send. Has to be called within a runtime. Fails when the scenario or a source is invalid.
pub fn start(config: Config) -> anyhow::Result<Running> {
    config.scenario.check()?;
    ensure!(!config.sources.is_empty(), "there are no sources");
    for source in &config.sources {
        let code = source.vendor.code();
        ensure!(
            !source.secrets.is_empty(),
            "the source {code} has no secret"
        );
        let _: reqwest::Url = source
            .url
            .parse()
            .with_context(|| format!("the source {code} has no address"))?;
    }
    let shared = Shared::new(config)?;
    shared.start();
    Ok(Running { shared })
}

/// The `n`th event of the source at a place, as it is first sent, signed now.
pub fn letter(source: &Source, place: usize, scenario: &Scenario, n: u64) -> Letter {
    let request = Request {
        place,
        n,
        tried: 0,
        spoilt: Fault::None,
        now_ms: now_ms(),
    };
    Letter::write(source, scenario, request)
}

impl Running {
    /// Waits until nothing more will be sent; false when that takes longer than `patience`.
    pub async fn finished(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.shared.finished())
            .await
            .is_ok()
    }

    /// The ledger's counts.
    pub fn totals(&self) -> Totals {
        self.shared.totals()
    }

    /// Every event, source by source in turn. Ids are worked out anew, so this takes no memory.
    pub fn events(&self) -> impl Iterator<Item = EventSeen> + '_ {
        self.shared.events()
    }

    /// Everything at once: for runs that are small.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            totals: self.totals(),
            events: self.events().collect(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
