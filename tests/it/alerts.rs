//! Who hears of trouble, how often, and over which way (ALERT-1 to ALERT-4, OPS-2, OPS-4).

mod breaker;
mod channels;
mod conditions;
mod quality;
mod report;
mod storm;

use anyhow::{Context, Result};
use bellhop::conductor;
use domain::{
    alert::{AlertCause, Part, fingerprint},
    event::Priority,
    ids::{AlertId, EventId},
};
use jiff::Timestamp;
use simulator::alerts::{Config, Running, Scenario};
use store::{NewEvent, Seen, Trouble};
use temporalio_client::Client;
use workflows::names;

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, go_ahead};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const HOOK: &str = "T1/B1/X1";

/// A clinic that can be reached by Slack, mail and text; the further settings say what goes where.
pub(crate) async fn reachable(
    tables: &str,
    retell: simulator::retell::Scenario,
) -> Result<(World, Running)> {
    reachable_at(tables, &["desk@clinic.example"], retell).await
}

/// As [`reachable`], with these mail addresses.
async fn reachable_at(
    tables: &str,
    mails: &[&str],
    retell: simulator::retell::Scenario,
) -> Result<(World, Running)> {
    let channels = simulator::alerts::start(Config::with_account(
        ACCOUNT,
        "token-of-the-test",
        Scenario::default(),
    ))
    .await?;
    let settings = format!(
        "{OPEN_CLINIC}
{tables}
[alerts.slack]
enabled = true
[alerts.email]
to = {mails:?}
from = \"bellhop@clinic.example\"
smtp_host = \"127.0.0.1\"
smtp_port = {}
smtp_tls = \"none\"
[alerts.sms]
to = [\"+447911123456\"]
from = \"+442079460000\"
account = \"{ACCOUNT}\"
",
        channels.smtp.address().port()
    );
    let mut world = World::without_processes(&settings, retell).await?;
    world.extra.extend([
        (
            "BELLHOP_TWILIO_BASE_URL".to_owned(),
            channels.twilio.base_url(),
        ),
        ("BELLHOP_ALERTS_ALLOW_PRIVATE".to_owned(), "yes".to_owned()),
    ]);
    for (channel, secret) in [
        ("slack", channels.slack.hook_url(HOOK)),
        ("twilio", "token-of-the-test".to_owned()),
    ] {
        world
            .operate_with(
                &["tenant", "add-secret", SLUG, "--channel", channel],
                &secret,
            )
            .await?;
    }
    world.start_worker("all")?;
    world.start_ingress().await?;
    Ok((world, channels))
}

impl World {
    /// Some occurrences of one cause, in one transaction.
    async fn occurs(&self, kind: &str, times: u32, at: Timestamp) -> Result<AlertId> {
        let fingerprint = fingerprint(AlertCause::EventDead, &[Part::Code(kind)]);
        let trouble = Trouble {
            cause: AlertCause::EventDead,
            severity: AlertCause::EventDead.severity(),
            fingerprint: fingerprint.clone(),
            about: kind,
        };
        let mut tx = self.store.tenant(self.tenant).begin().await?;
        for _ in 0..times {
            tx.raise(&trouble, Seen::Occurred, at).await?;
        }
        let alert = tx.alert_by_fingerprint(&fingerprint).await?;
        tx.commit().await?;
        alert.context("the alert was stored")
    }

    /// An event of a coding agent, past ingress.
    async fn add_event(&self, body: &[u8]) -> Result<()> {
        let event = NewEvent {
            id: EventId::generate(),
            tenant: self.tenant,
            source: None,
            provider: "agent",
            event_type: "agent.hook.Stop".to_owned(),
            dedupe_key: "the only one".to_owned(),
            call: None,
            provider_call_id: None,
            priority: Priority::Low,
            arrived_at: Some(Timestamp::now()),
            headers: serde_json::json!({}),
            body: body.to_vec(),
            request_id: None,
            trace_id: None,
            span_id: None,
        };
        self.store.append_events(&[event]).await?;
        Ok(())
    }

    /// Lets every alert that lasts live until an instant.
    pub(crate) async fn take_alerts_to(&self, client: &Client, at: Timestamp) -> Result<()> {
        self.woken().await?;
        for alert in self.open_alerts().await? {
            go_ahead(client, &names::alert_id(alert), at).await?;
        }
        Ok(())
    }

    pub(crate) async fn open_alerts(&self) -> Result<Vec<AlertId>> {
        let mut tx = self.store.tenant(self.tenant).begin().await?;
        Ok(tx.open_alerts().await?.iter().map(|row| row.id).collect())
    }

    /// Lets the tenant's watch look once more, so much later.
    async fn let_watch_look(&self, client: &Client) -> Result<()> {
        let id = names::watch_id(self.tenant);
        let now = conductor::clock(client, &id)
            .await?
            .context("the watch runs")?;
        go_ahead(client, &id, now + jiff::SignedDuration::from_secs(61)).await
    }

    async fn woken(&self) -> Result<()> {
        eventually("every process was woken", || async {
            Ok(self.store.outbox_length().await? == 0)
        })
        .await
    }
}

/// The texts that stand in Slack.
fn in_slack(channels: &Running) -> Vec<String> {
    let ledger = channels.slack.ledger();
    ledger.texts(HOOK).into_iter().map(str::to_owned).collect()
}

async fn slack_says(channels: &Running, words: &str) -> Result<()> {
    eventually(&format!("Slack says {words:?}"), || async {
        Ok(in_slack(channels).iter().any(|text| text.contains(words)))
    })
    .await
}
