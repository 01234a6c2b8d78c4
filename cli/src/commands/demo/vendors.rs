//! The simulated vendors, and the clinic's accounts with them.

use activities::{
    Accounts, Calendars, ChannelOptions, CrmOptions, Platform, TextOptions, VoiceOptions,
};
use anyhow::Result;
use domain::ids::TenantId;
use providers::source::SourceKind;
use serde_json::json;
use simulator::{
    gemini,
    openphone::{self, Shape, Webhook},
    retell::{self, Account, CallScript, NumberScript, Outcome, Scenario},
    zoho,
};
use store::Store;
use worker::Means;

use super::clinic;
use crate::commands::tenant;

/// Times faster than life that the simulated calls play.
const SPEED: f64 = 600.0;

/// A month: the process that uses the tokens lives through days in seconds.
const TOKEN_SECONDS: u32 = 30 * 24 * 3_600;

const OPENPHONE_KEY: &str = "op_key_demo_000000000000";
const GEMINI_KEY: &str = "gm_key_demo_000000000000";
const LINE_SECRET: &str = "whsec_ZGVtby1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE=";
const ZOHO_CLIENT: &str = "1000.DEMO";
const ZOHO_CLIENT_SECRET: &str = "client-secret-of-the-demo";
const ZOHO_REFRESH_TOKEN: &str = "1000.refresh-token-of-the-demo";
const ZOHO_CHANNEL_SECRET: &str = "channel-secret-of-the-demo";

pub(super) struct Vendors {
    pub(super) retell: retell::Running,
    pub(super) phone: openphone::Running,
    pub(super) gemini: gemini::Running,
    pub(super) zoho: zoho::Running,
    week: Scenario,
}

impl Vendors {
    /// All on free ports of this machine.
    pub(super) async fn start(seed: u64, reads: gemini::Scenario) -> Result<Self> {
        let week = Scenario {
            seed,
            ..Scenario::default()
        }
        .at_speed(SPEED);
        let retell = retell::Config::with_account(clinic::API_KEY, None, week.clone());
        let lines = openphone::Scenario::default().at_speed(SPEED);
        let lines = openphone::Config::with_lines(OPENPHONE_KEY, &[clinic::LINE], lines);
        let reads = gemini::Config::with_key(GEMINI_KEY, reads);
        let records = zoho::Config::with_grant(
            ZOHO_CLIENT,
            ZOHO_CLIENT_SECRET,
            ZOHO_REFRESH_TOKEN,
            zoho::Scenario {
                token_seconds: TOKEN_SECONDS,
                ..zoho::Scenario::default()
            },
        );
        Ok(Self {
            retell: retell::start(retell).await?,
            phone: openphone::start(lines).await?,
            gemini: gemini::start(reads).await?,
            zoho: zoho::start(records).await?,
            week,
        })
    }

    /// What the workers use: the same as always, at the simulators' addresses.
    pub(super) fn means(&self, store: &Store) -> Means {
        Means {
            store: store.clone(),
            accounts: Accounts::new(VoiceOptions {
                retell_base_url: self.retell.base_url(),
                ..VoiceOptions::default()
            }),
            channels: ChannelOptions::default(),
            calendars: Calendars::default(),
            crm: CrmOptions {
                base_url: Some(self.zoho.base_url()),
            },
            texts: TextOptions {
                openphone_base_url: self.phone.base_url(),
                gemini_base_url: self.gemini.base_url(),
                allow_private: true,
            },
            platform: Platform::default(),
        }
    }

    /// Gives the clinic its keys and webhook addresses, and the vendors the addresses, as their people would.
    pub(super) async fn connect(
        &self,
        store: &Store,
        clinic: TenantId,
        retell_source: &str,
        ingress_url: &str,
    ) -> Result<()> {
        let hook = |source: &str| format!("{ingress_url}/hooks/{source}");
        let reached = json!({"public_base_url": ingress_url});
        let lines = tenant::made_source(store, clinic, SourceKind::Quo, None, &json!({})).await?;
        let changes = tenant::made_source(store, clinic, SourceKind::Zoho, None, &reached).await?;
        let mut tx = store.tenant(clinic).begin().await?;
        for (provider, key) in [
            ("retell", clinic::API_KEY),
            ("openphone_api", OPENPHONE_KEY),
            ("gemini", GEMINI_KEY),
        ] {
            tx.add_provider_secret(store.keys(), provider, &key.into())
                .await?;
        }
        for (name, secret) in [
            ("zoho_client_id", ZOHO_CLIENT),
            ("zoho_client_secret", ZOHO_CLIENT_SECRET),
            ("zoho_refresh_token", ZOHO_REFRESH_TOKEN),
        ] {
            tx.add_crm_secret(store.keys(), name, &secret.into())
                .await?;
        }
        for source in tx.sources().await? {
            let secret = match &source.key {
                key if *key == lines => LINE_SECRET,
                key if *key == changes => ZOHO_CHANNEL_SECRET,
                _ => continue,
            };
            tx.add_source_secret(store.keys(), &source, &secret.into())
                .await?;
        }
        tx.wake_crm_if_any().await?;
        tx.commit().await?;
        self.retell.set_account(Account {
            key: clinic::API_KEY.into(),
            webhook_url: Some(hook(retell_source)),
            agents: None,
            numbers: None,
        });
        self.phone.tell(Webhook {
            url: hook(&lines),
            shape: Shape::Quo,
            secret: LINE_SECRET.into(),
        });
        Ok(())
    }

    /// Has these people talk until they are done, each call with this outcome.
    pub(super) fn let_talk(&self, people: &[(&str, Outcome)]) -> Result<()> {
        let mut scenario = self.week.clone();
        for (number, outcome) in people {
            scenario.numbers.push(NumberScript {
                to: (*number).to_owned(),
                calls: vec![CallScript {
                    talk_seconds: Some(600_000.0),
                    ..CallScript::from(*outcome)
                }],
                creates: Vec::new(),
            });
        }
        Ok(self.retell.set_scenario(scenario)?)
    }

    /// Has every call go by chance again.
    pub(super) fn play_the_week(&self) -> Result<()> {
        Ok(self.retell.set_scenario(self.week.clone())?)
    }

    pub(super) async fn stop(self) {
        self.retell.stop().await;
        self.phone.stop().await;
        self.gemini.stop().await;
        self.zoho.stop().await;
    }
}
