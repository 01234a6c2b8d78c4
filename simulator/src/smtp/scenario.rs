//! What goes wrong at the fake mail server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ScenarioError,
    chance::{dice, happens},
    scenario::{self, Checked, invalid, positive, probabilities, range},
};

/// What goes wrong. Every part has a default: nothing does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, recipient by recipient.
    pub seed: u64,
    /// How often each recipient is greylisted before it is taken.
    pub greylist_first: u64,
    /// The reply to what is greylisted: 450, 451 or 421, which also closes the connection.
    pub greylist_code: u16,
    /// Recipients that do not exist: 550.
    pub refused: Vec<String>,
    /// Longest mail.
    pub max_bytes: usize,
    /// A client that is silent for longer is left.
    pub idle_seconds: f64,
    /// What the first connections run into, one after another; those that follow are left to chance.
    pub connections: Vec<ConnectionFault>,
    /// How often what happens to a connection, from 0 to 1.
    pub connection: BTreeMap<ConnectionFault, f64>,
    /// How often what happens to a recipient, from 0 to 1.
    pub recipient: BTreeMap<RecipientFault, f64>,
    /// How often what happens to a mail, from 0 to 1.
    pub data: BTreeMap<DataFault, f64>,
    /// Scripts for single recipients, which go before everything above.
    #[serde(rename = "mailbox", skip_serializing_if = "Vec::is_empty")]
    pub mailboxes: Vec<MailboxScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            greylist_first: 0,
            greylist_code: 450,
            refused: Vec::new(),
            max_bytes: 10 << 20,
            idle_seconds: 60.0,
            connections: Vec::new(),
            connection: BTreeMap::new(),
            recipient: BTreeMap::new(),
            data: BTreeMap::new(),
            mailboxes: Vec::new(),
        }
    }
}

/// What one connection runs into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionFault {
    #[default]
    None,
    /// 421 as the greeting.
    Busy,
    /// Never greeted.
    Hang,
}

/// What one recipient runs into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientFault {
    #[default]
    None,
    /// The scenario's `greylist_code`.
    Greylisted,
    /// 550.
    Refused,
}

/// What one mail runs into, once it is transmitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFault {
    #[default]
    None,
    /// 451, and no mail.
    Busy,
    /// 554, and no mail.
    Rejected,
    /// The connection breaks, and no mail.
    Cut,
    /// The connection breaks, and the mail is delivered.
    CutAfter,
    /// Never replied, and no mail.
    Hang,
    /// Never replied, and the mail is delivered.
    HangAfter,
}

/// What one recipient runs into, time by time; what follows is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailboxScript {
    pub address: String,
    /// What it runs into as a recipient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipient: Vec<RecipientFault>,
    /// What mails run into of which it is the first recipient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataFault>,
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_toml(text)
    }

    /// This scenario with the mails to a recipient going as told, one after another.
    pub fn with_data(mut self, address: &str, data: &[DataFault]) -> Self {
        self.mailboxes.push(MailboxScript {
            address: address.to_owned(),
            recipient: Vec::new(),
            data: data.to_vec(),
        });
        self
    }

    fn script(&self, address: &str) -> Option<&MailboxScript> {
        self.mailboxes
            .iter()
            .find(|script| script.address.eq_ignore_ascii_case(address))
    }

    /// What the `nth` connection runs into, counted from 0.
    pub(super) fn connection_fault(&self, nth: u64) -> ConnectionFault {
        scripted(&self.connections, nth)
            .unwrap_or_else(|| self.drawn("connection", "", nth, &self.connection))
    }

    /// What a recipient runs into when it comes for the `nth` time.
    pub(super) fn recipient_fault(&self, address: &str, nth: u64) -> RecipientFault {
        let script = self.script(address).map(|script| &script.recipient);
        if let Some(script) = script.filter(|script| !script.is_empty()) {
            return scripted(script, nth).unwrap_or_default();
        }
        if self
            .refused
            .iter()
            .any(|each| each.eq_ignore_ascii_case(address))
        {
            return RecipientFault::Refused;
        }
        match nth < self.greylist_first {
            true => RecipientFault::Greylisted,
            false => self.drawn("recipient", address, nth, &self.recipient),
        }
    }

    /// What the `nth` mail to a first recipient runs into.
    pub(super) fn data_fault(&self, address: &str, nth: u64) -> DataFault {
        let script = self.script(address).map(|script| &script.data);
        match script.filter(|script| !script.is_empty()) {
            Some(script) => scripted(script, nth).unwrap_or_default(),
            None => self.drawn("data", address, nth, &self.data),
        }
    }

    fn drawn<F: Copy + Default>(
        &self,
        what: &str,
        address: &str,
        nth: u64,
        faults: &BTreeMap<F, f64>,
    ) -> F {
        let chances: Vec<_> = faults.iter().map(|(fault, p)| (*fault, *p)).collect();
        let address = address.to_ascii_lowercase();
        let mut dice = dice(self.seed, &["smtp", what, &address, &nth.to_string()]);
        happens(&mut dice, &chances).unwrap_or_default()
    }
}

fn scripted<F: Copy>(script: &[F], nth: u64) -> Option<F> {
    usize::try_from(nth)
        .ok()
        .and_then(|nth| script.get(nth).copied())
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        probabilities("connection", self.connection.values().copied())?;
        probabilities("recipient", self.recipient.values().copied())?;
        probabilities("data", self.data.values().copied())?;
        positive("idle_seconds", self.idle_seconds)?;
        range("idle_seconds", [0.0, self.idle_seconds])?;
        match (400..500).contains(&self.greylist_code) {
            true => Ok(()),
            false => Err(invalid("greylist_code", "must be between 400 and 499")),
        }
    }
}
