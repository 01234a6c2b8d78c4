//! An inbound morning: people call, leave a message and write, and the CRM is kept in step. Everything goes through
//! the doors of the real thing, and everything that is told is read back from the database or a vendor's ledger.

pub(super) mod crm;
mod desk;
mod lines;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::ids::{AppointmentId, TenantId};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use simulator::gemini;
use store::{ContactRow, OpenProcess, Store, TenantTx};
use temporalio_client::Client;
use workflows::names;

use super::{say, vendors::Vendors};
use crate::conductor;

pub(super) use desk::{Booked, Moved};

/// The clinic and its vendors.
pub(super) struct Place<'a> {
    pub(super) store: &'a Store,
    pub(super) client: &'a Client,
    pub(super) tenant: TenantId,
    pub(super) zone: TimeZone,
    pub(super) vendors: &'a Vendors,
}

/// What the morning came to, to be looked at again in the end.
#[derive(Default)]
pub(super) struct Morning {
    /// How many callers heard their name.
    pub(super) greeted: usize,
    pub(super) booked: Option<Booked>,
    pub(super) moved: Option<Moved>,
    /// What did not hold, in sentences.
    pub(super) troubles: Vec<String>,
}

/// What the simulated Gemini finds in whose words.
pub(super) fn reads() -> gemini::Scenario {
    lines::reads()
}

/// Plays it. What does not hold is told, and the rest goes on.
pub(super) async fn play(place: &Place<'_>, before: &crm::Before) -> Result<Morning> {
    let mut morning = Morning::default();
    say("connecting Zoho: its records and the clinic's people find each other")?;
    crm::connected(place).await?;
    say("an inbound morning: two calls to the agent, a voicemail, a text, a change in Zoho")?;
    desk::let_talk(place)?;
    let called = desk::books(place, &mut morning).await;
    morning.keep(called)?;
    let called = desk::moves(place, &mut morning).await;
    morning.keep(called)?;
    place.vendors.play_the_week()?;
    morning.keep(lines::voicemail(place).await)?;
    morning.keep(lines::text(place).await)?;
    morning.keep(crm::morning(place, before).await)?;
    Ok(morning)
}

impl Morning {
    fn keep(&mut self, played: Result<()>) -> Result<()> {
        if let Err(trouble) = played {
            note("did not hold", &format!("{trouble:#}"))?;
            self.troubles.push(format!("{trouble:#}"));
        }
        Ok(())
    }
}

impl Place<'_> {
    pub(super) async fn tx(&self) -> Result<TenantTx> {
        Ok(self.store.tenant(self.tenant).begin().await?)
    }

    /// The one contact with a number.
    pub(super) async fn person(&self, e164: &str) -> Result<ContactRow> {
        let mut tx = self.tx().await?;
        let contacts = tx.contacts_with_number(e164).await?;
        let [contact] = contacts.as_slice() else {
            anyhow::bail!("{} people have the number {e164}", contacts.len());
        };
        let person = tx.lock_contact(*contact).await?;
        person.context("the contact is gone")
    }

    /// How many reminders there are, those included that have not begun.
    pub(super) async fn reminders(&self) -> Result<u64> {
        let mut tx = self.tx().await?;
        let unborn = tx.reminders_not_started().await?;
        let begun: i64 = tx.report().await?.endings.iter().map(|each| each.2).sum();
        Ok((unborn + begun).unsigned_abs())
    }

    /// When the reminder of an appointment looks again; `None` when it has not shown yet, or has ended.
    pub(super) async fn reminder_waits_until(
        &self,
        appointment: AppointmentId,
    ) -> Result<Option<Timestamp>> {
        let open = self.tx().await?.open_processes().await?;
        Ok(open.into_iter().find_map(|process| match process {
            OpenProcess::Reminder { id, next_at, .. } if id == appointment => next_at,
            _ => None,
        }))
    }

    /// Lets the process that keeps the CRM in step live a little longer at once: it gives each change time to settle.
    async fn crm_goes_on(&self) -> Result<()> {
        let id = names::crm_id(self.tenant);
        match conductor::clock(self.client, &id).await? {
            Some(now) => conductor::go_ahead(self.client, &id, now + SETTLES, LONGEST).await,
            None => Ok(()),
        }
    }

    /// Lets that process live until after the last calls of the week, so that what they leave to be written is due there
    /// as soon as it is left.
    pub(super) async fn crm_goes_ahead(&self) -> Result<()> {
        let open = self.tx().await?.open_processes().await?;
        let looks = open.into_iter().filter_map(|process| match process {
            OpenProcess::Reminder { next_at, .. } => next_at,
            OpenProcess::Call { .. } => None,
        });
        let Some(last) = looks.max() else {
            return Ok(());
        };
        let id = names::crm_id(self.tenant);
        conductor::go_ahead(self.client, &id, last + LAST_CALLS, LONGEST).await
    }

    /// An instant as people of the clinic read it.
    pub(super) fn time(&self, at: Timestamp) -> String {
        clinics_time(at, &self.zone)
    }
}

pub(super) fn clinics_time(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%a %-d %b %H:%M %Z").to_string()
}

const LONGEST: Duration = Duration::from_secs(60);
/// From the first call of a reminder to the end of its last, at most.
const LAST_CALLS: SignedDuration = SignedDuration::from_hours(72);
const SETTLES: SignedDuration = SignedDuration::from_secs(15);
const POLL: Duration = Duration::from_millis(40);

/// Waits until there is something to see. `otherwise` says, as a sentence, what it means that there is not.
pub(super) async fn seen<T, F, Fut>(otherwise: &str, mut look: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        ensure!(
            Instant::now() < deadline,
            "{otherwise} within {} seconds",
            LONGEST.as_secs()
        );
        tokio::time::sleep(POLL).await;
    }
}

/// A line of the story.
fn tell(text: &str) -> Result<()> {
    Ok(crate::say!("\n  {text}")?)
}

/// What follows from it.
fn note(what: &str, text: &str) -> Result<()> {
    Ok(crate::say!("    {:<13}{text}", format!("{what}:"))?)
}
