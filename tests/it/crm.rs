//! In step with Zoho, both ways: what changes here is written there, what changes there arrives here, and neither comes
//! back.

mod away;
mod both_ways;
mod calls;
mod hanging;
mod heard;
mod week;

use anyhow::{Context, Result, ensure};
use domain::ids::ContactId;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulator::{
    senders::Vendor,
    zoho::{self, Config, INTEGRATION_USER, Running, Scenario},
};
use store::ContactChange;
use temporalio_client::Client;
use uuid::Uuid;
use workflows::names;

use crate::harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, go_on, number, quick, row};

/// A clinic that is connected to a Zoho of its own.
struct Office {
    world: World,
    zoho: Running,
    client: Client,
}

/// Connected and compared once; `more` settings of the CRM.
async fn office(more: &str, scenario: Scenario) -> Result<Office> {
    connected(more, grant(scenario).await?).await
}

/// A Zoho that knows the clinic.
async fn grant(scenario: Scenario) -> Result<Running> {
    let known = Config::with_grant(
        "1000.CLIENT",
        "client-secret-of-the-test",
        "1000.refresh-of-the-test",
        scenario,
    );
    zoho::start(known).await
}

/// A clinic's settings with these of the CRM.
fn settings(more: &str) -> String {
    format!(
        "{OPEN_CLINIC}
[crm]
provider = \"zoho\"
reference_field = \"Bellhop_Id\"
requests_per_minute = 6000
{more}
[crm.fields]
first_name = \"First_Name\"
last_name = \"Last_Name\"
phone = \"Phone\"
mobile = \"Mobile\"
email = \"Email\"
address = \"Mailing_Street\"
notes = \"Description\"
do_not_call = \"Do_Not_Call\"
"
    )
}

async fn connected(more: &str, zoho: Running) -> Result<Office> {
    let mut world = World::without_processes(&settings(more), quick()).await?;
    world
        .extra
        .push(("BELLHOP_ZOHO_BASE_URL".to_owned(), zoho.base_url()));
    for (name, secret) in [
        ("zoho_client_id", "1000.CLIENT"),
        ("zoho_client_secret", "client-secret-of-the-test"),
        ("zoho_refresh_token", "1000.refresh-of-the-test"),
    ] {
        world
            .operate_with(&["tenant", "add-secret", SLUG, "--crm", name], secret)
            .await?;
    }
    let vendor = Vendor::from_code("zoho").context("zoho")?;
    world.add_source(SLUG, vendor).await?;
    world.start_ingress().await?;
    world.start_worker("all")?;
    let client = world.client().await?;
    let office = Office {
        world,
        zoho,
        client,
    };
    eventually("the clinic is connected, and has compared once", || async {
        let compared = "crm_accounts where compared_at is not null";
        let caught_up = "crm_accounts where channel ->> 'deaf_since' is null and not compare_now";
        Ok(office.zoho.channels().len() == 1
            && office.world.count(compared).await? == 1
            && office.world.count(caught_up).await? == 1)
    })
    .await?;
    Ok(office)
}

impl Office {
    fn tenant(&self) -> domain::ids::TenantId {
        self.world.tenant
    }

    /// Waits for something while the process that keeps both in step lives on, a little at a time.
    async fn in_time<F, Fut>(&self, what: &str, holds: F) -> Result<()>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<bool>>,
    {
        let id = names::crm_id(self.tenant());
        eventually(what, || async {
            if holds().await? {
                return Ok(true);
            }
            go_on(&self.client, &id, SignedDuration::from_secs(30)).await?;
            holds().await
        })
        .await
    }

    /// Nothing is to be done any more: what was heard was read, what was to be compared was compared.
    async fn settled(&self) -> Result<()> {
        ensure!(
            self.zoho.quiet(std::time::Duration::from_secs(30)).await,
            "Zoho still sends"
        );
        self.in_time("nothing is to be done at the CRM", || async {
            let open = "events where state not in ('succeeded', 'dead', 'invalid', 'duplicate') and provider = 'zoho'";
            Ok(self.world.count(open).await? == 0
                && self.world.store.outbox_length().await? == 0
                && self.world.count("crm_queue where due_at is not null").await? == 0)
        })
        .await
    }

    /// A person at Zoho, with this number.
    fn person(&self, of: u32, more: &Value) -> Result<String> {
        let mut fields = json!({
            "First_Name": "Ada", "Last_Name": "Archer", "Phone": number(of),
        });
        if let (Some(fields), Some(more)) = (fields.as_object_mut(), more.as_object()) {
            fields.extend(more.clone());
        }
        self.zoho
            .add("Contacts", &fields)
            .context("Zoho took the record")
    }

    /// A contact here with this number, who has an appointment in some days.
    async fn contact(&mut self, of: u32, days: i64) -> Result<ContactId> {
        self.world
            .import(&format!("{HEADER}{}", row(&format!("A{of}"), of, days)))
            .await?;
        self.contact_with(of).await
    }

    async fn contact_with(&self, of: u32) -> Result<ContactId> {
        let sql = format!(
            "select id from contacts where '{}' in (e164, mobile)",
            number(of)
        );
        let id: Uuid = self.world.sql(&sql).await?.parse()?;
        Ok(ContactId::from_uuid(id))
    }

    /// Both sides of one person, in step: the contact here, and the record there.
    async fn pair(&mut self, of: u32, days: i64) -> Result<(ContactId, String)> {
        let record = self.person(of, &json!({"Email": "ada@example.com"}))?;
        let contact = self.contact(of, days).await?;
        self.in_time("the contact has its record", || async {
            Ok(self.email(contact).await? == "ada@example.com")
        })
        .await?;
        self.settled().await?;
        Ok((contact, record))
    }

    /// These settings of the CRM, from now on.
    async fn has_settings(&self, more: &str) -> Result<()> {
        self.world.apply_settings(&settings(more)).await
    }

    async fn email(&self, contact: ContactId) -> Result<String> {
        let sql = format!(
            "select coalesce(email, '') from contacts where id = '{}'",
            contact.uuid()
        );
        self.world.sql(&sql).await
    }

    /// Changes a contact's e-mail here, as extraction or an operator would.
    async fn has_email(&self, contact: ContactId, email: &str) -> Result<()> {
        let change = ContactChange {
            email: Some(Some(email.to_owned())),
            ..ContactChange::default()
        };
        let mut tx = self.world.store.tenant(self.tenant()).begin().await?;
        tx.change_contact(contact, &change, jiff::Timestamp::now())
            .await?;
        Ok(tx.commit().await?)
    }

    fn there(&self, record: &str, field: &str) -> Value {
        let record = self.zoho.record("Contacts", record).unwrap_or_default();
        record.get(field).cloned().unwrap_or_default()
    }

    /// What we wrote there.
    fn writes(&self) -> usize {
        self.zoho.ledger().writes_by(INTEGRATION_USER).len()
    }

    /// No log and no history tells anything of a person, and none of the secrets.
    fn assert_discreet(&self) -> Result<()> {
        let logs = self.world.logs()?;
        for private in [
            "Ada",
            "Archer",
            "7700900",
            "example.com",
            "of-the-test",
            "1000.CLIENT",
        ] {
            let line = logs.lines().find(|line| line.contains(private));
            ensure!(line.is_none(), "a log tells {private:?}: {line:?}");
        }
        let panic = logs.lines().find(|line| line.contains("panicked"));
        ensure!(panic.is_none(), "{panic:?}");
        Ok(())
    }
}
