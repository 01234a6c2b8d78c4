//! The office of the week: pairs in step, and clocks that go on together.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use domain::ids::ContactId;
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::zoho::Scenario;
use store::ContactChange;
use workflows::names;

use super::{DAY, LAST};
use crate::{
    crm::{Office, office},
    harness::{HEADER, go_on, number, row},
};

/// The office with a pair for each of the numbers, in step.
pub(super) struct Week {
    pub(super) office: Office,
    pub(super) records: BTreeMap<u32, String>,
    pub(super) contacts: BTreeMap<u32, ContactId>,
    began: Timestamp,
}

impl Week {
    pub(super) async fn begin() -> Result<Self> {
        let rules = "rules = { email = \"ask\", mobile = \"theirs\", notes = \"ours\" }";
        let mut office = office(rules, Scenario::default()).await?;
        let mut records = BTreeMap::new();
        for of in 1..=LAST {
            records.insert(of, office.person(of, &json!({"Email": email(of)}))?);
        }
        let rows: String = (1..=LAST).map(|of| row(&format!("A{of}"), of, 3)).collect();
        office.world.import(&format!("{HEADER}{rows}")).await?;
        office
            .in_time("all are in step", || async {
                let filled = "contacts where email like 'ada%'";
                Ok(office.world.count(filled).await? == i64::from(LAST))
            })
            .await?;
        office.settled().await?;
        ensure!(office.writes() == 0, "all were found, as they were");
        let mut contacts = BTreeMap::new();
        for of in 1..=LAST {
            contacts.insert(of, office.contact_with(of).await?);
        }
        Ok(Self {
            office,
            records,
            contacts,
            began: Timestamp::now(),
        })
    }

    /// Zoho's clock comes to this hour of the week, and then those of our three processes.
    pub(super) async fn live_until(&self, hour: i64, by: i64, maintenance: bool) -> Result<()> {
        let scenario = Scenario {
            maintenance,
            clock_ahead_seconds: u32::try_from(hour * 3600)?,
            ..Scenario::default()
        };
        self.office.zoho.set_scenario(scenario)?;
        self.go_on(SignedDuration::from_hours(by)).await
    }

    pub(super) async fn go_on(&self, by: SignedDuration) -> Result<()> {
        let tenant = self.office.tenant();
        let processes = [
            names::crm_channel_id(tenant),
            names::crm_id(tenant),
            names::crm_reconcile_id(tenant),
        ];
        let all = processes.map(|id| async move { go_on(&self.office.client, &id, by).await });
        try_join_all(all).await?;
        Ok(())
    }

    /// A person changes a record on Zoho's own pages, which are not away.
    pub(super) fn edited(&self, of: u32, fields: &Value) -> Result<()> {
        let done = self
            .office
            .zoho
            .edit("Contacts", &self.records[&of], fields);
        ensure!(done, "Zoho took it");
        Ok(())
    }

    /// A contact is changed here on that day of the week.
    pub(super) async fn changed(&self, of: u32, change: ContactChange, day: i64) -> Result<()> {
        let at = self.began + SignedDuration::from_hours(day * DAY);
        let store = &self.office.world.store;
        let mut tx = store.tenant(self.office.tenant()).begin().await?;
        tx.change_contact(self.contacts[&of], &change, at).await?;
        Ok(tx.commit().await?)
    }

    pub(super) fn there(&self, of: u32, field: &str) -> Value {
        self.office.there(&self.records[&of], field)
    }

    /// A column of the contact that has this number.
    pub(super) async fn here(&self, of: u32, column: &str) -> Result<String> {
        let id = self.contacts[&of].uuid();
        let sql = format!("select coalesce({column}, '') from contacts where id = '{id}'");
        self.office.world.sql(&sql).await
    }

    /// The record of the contact with this number, or why there is none.
    pub(super) async fn link(&self, of: u32) -> Result<String> {
        let sql = format!(
            "select coalesce(l.record_id, l.trouble, '') from crm_links l
             join contacts c on c.id = l.contact_id where c.e164 = '{}'",
            number(of)
        );
        self.office.world.sql(&sql).await
    }

    /// Whether the channel is another than before, and what it missed was compared and carried out.
    pub(super) async fn is_caught_up(&self, before: &str) -> Result<bool> {
        let world = &self.office.world;
        let caught_up = format!(
            "crm_accounts where channel -> 'live' ->> 'id' <> '{before}' and channel ->> 'deaf_since' is null
                and not compare_now and reconcile is null"
        );
        Ok(world.count(&caught_up).await? == 1
            && world.store.outbox_length().await? == 0
            && world.count("crm_queue where due_at is not null").await? == 0)
    }

    pub(super) async fn channel_alerts(&self, standing: bool) -> Result<i64> {
        let like = if standing { "=" } else { "<>" };
        let alerts = format!(
            "alerts where cause = 'channel_expiring' and facts ->> 'level' {like} 'standing'"
        );
        self.office.world.count(&alerts).await
    }
}

fn email(of: u32) -> String {
    format!("ada{of}@example.com")
}

/// What we wrote there: the record, and its fields.
pub(super) fn writes(office: &Office) -> Vec<(String, Vec<String>)> {
    let ledger = office.zoho.ledger();
    let ours = ledger.writes_by(simulator::zoho::INTEGRATION_USER);
    ours.into_iter()
        .map(|write| (write.id.clone(), write.fields.clone()))
        .collect()
}
