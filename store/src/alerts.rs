//! Trouble, and what people were told of it.

use domain::{
    alert::{
        AlertCause, AlertFacts, Audience, Channel, DeliveryState, Level, Part, SendFailure,
        Severity, Target, fingerprint,
    },
    ids::{AlertId, DeliveryId},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Error, Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// One cause of trouble.
#[derive(Debug, Clone)]
pub struct AlertRow {
    pub id: AlertId,
    pub cause: AlertCause,
    pub severity: Severity,
    pub about: String,
    pub facts: AlertFacts,
}

/// What was seen of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It happened.
    Occurred,
    /// A state was looked at, and stands.
    Stands,
    /// A state that was seen before stands still.
    Lasts,
    /// A state was looked at, and does not stand.
    Clears,
}

/// A cause as it is raised.
#[derive(Debug, Clone)]
pub struct Trouble<'a> {
    pub cause: AlertCause,
    pub severity: Severity,
    /// See [`domain::alert::fingerprint`].
    pub fingerprint: String,
    pub about: &'a str,
}

impl<'a> Trouble<'a> {
    /// One that is told apart from others of its cause by a code alone.
    pub fn of_code(cause: AlertCause, code: &'a str) -> Self {
        Self {
            cause,
            severity: cause.severity(),
            fingerprint: fingerprint(cause, &[Part::Code(code)]),
            about: code,
        }
    }
}

/// A message that is to be sent.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    pub batch: Uuid,
    pub notice: &'a str,
    pub severity: Severity,
    pub target: Target,
    pub subject: &'a str,
    pub body: &'a str,
}

/// A message on its way.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub batch: Uuid,
    pub notice: String,
    pub severity: Severity,
    pub target: Target,
    pub subject: String,
    pub body: String,
    pub state: DeliveryState,
    pub tries: u32,
    pub failure: Option<SendFailure>,
    /// What was wrong, in a word of ours or of the vendor.
    pub detail: Option<String>,
    pub fell_back: bool,
    pub created_at: Timestamp,
}

struct Row {
    id: Uuid,
    batch: Uuid,
    notice: String,
    severity: String,
    audience: String,
    channel: String,
    place: i16,
    subject: String,
    body: String,
    state: String,
    tries: i32,
    failure: Option<serde_json::Value>,
    detail: Option<String>,
    fell_back: bool,
    created_at: time::OffsetDateTime,
}

impl TryFrom<Row> for DeliveryRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: DeliveryId::from_uuid(row.id),
            batch: row.batch,
            notice: row.notice,
            severity: known(
                "alert_deliveries.severity",
                &row.severity,
                Severity::from_code,
            )?,
            target: Target {
                audience: known(
                    "alert_deliveries.audience",
                    &row.audience,
                    Audience::from_code,
                )?,
                channel: known("alert_deliveries.channel", &row.channel, Channel::from_code)?,
                place: u16::try_from(row.place).unwrap_or_default(),
            },
            subject: row.subject,
            body: row.body,
            state: known(
                "alert_deliveries.state",
                &row.state,
                DeliveryState::from_code,
            )?,
            tries: u32::try_from(row.tries).unwrap_or_default(),
            failure: row.failure.map(serde_json::from_value).transpose()?,
            detail: row.detail,
            fell_back: row.fell_back,
            created_at: from_db(row.created_at),
        })
    }
}

impl TenantTx {
    /// Notes what was seen. Its process is woken when that is news to it: occurrence upon occurrence of what it
    /// counts anyway wakes nobody.
    pub async fn raise(&mut self, trouble: &Trouble<'_>, seen: Seen, now: Timestamp) -> Result<()> {
        if matches!(seen, Seen::Occurred | Seen::Stands) {
            sqlx::query!(
                "insert into alerts (tenant_id, id, fingerprint, cause, severity, about, facts, open)
                 values ($1, $2, $3, $4, $5, $6, $7, false) on conflict (tenant_id, fingerprint) do nothing",
                self.tenant(),
                AlertId::generate().uuid(),
                trouble.fingerprint,
                trouble.cause.code(),
                trouble.severity.code(),
                trouble.about,
                serde_json::to_value(AlertFacts::unseen(now))?
            )
            .execute(&mut *self.tx)
            .await?;
        }
        let Some(row) = sqlx::query!(
            "select id, facts from alerts where tenant_id = $1 and fingerprint = $2 for update",
            self.tenant(),
            trouble.fingerprint
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            return Ok(());
        };
        let before: AlertFacts = serde_json::from_value(row.facts)?;
        let mut facts = before;
        match seen {
            Seen::Occurred => facts.occurred(now, 1),
            Seen::Stands => facts.stands(now),
            Seen::Lasts if facts.level == Level::Standing => facts.stands(now),
            Seen::Lasts => {}
            Seen::Clears => facts.clears(now),
        }
        if facts == before {
            return Ok(());
        }
        let id = AlertId::from_uuid(row.id);
        self.save_alert(id, &facts).await?;
        if facts.is_open() && !before.is_open() {
            sqlx::query!(
                "update alerts set about = $3 where tenant_id = $1 and id = $2 and about <> $3",
                self.tenant(),
                row.id,
                trouble.about
            )
            .execute(&mut *self.tx)
            .await?;
        }
        // The process waits by what it knew: for the end when there was nothing more to tell.
        let changed = |of: fn(&AlertFacts) -> bool| of(&facts) != of(&before);
        if changed(AlertFacts::is_open)
            || changed(AlertFacts::has_news)
            || facts.level != before.level
        {
            self.wake_alert(id).await?;
        }
        Ok(())
    }

    pub async fn lock_alert(&mut self, alert: AlertId) -> Result<Option<AlertRow>> {
        let row = sqlx::query!(
            "select cause, severity, about, facts from alerts where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            alert.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| {
            Ok(AlertRow {
                id: alert,
                cause: known("alerts.cause", &row.cause, AlertCause::from_code)?,
                severity: known("alerts.severity", &row.severity, Severity::from_code)?,
                about: row.about,
                facts: serde_json::from_value(row.facts)?,
            })
        })
        .transpose()
    }

    pub async fn save_alert(&mut self, alert: AlertId, facts: &AlertFacts) -> Result<()> {
        sqlx::query!(
            "update alerts set facts = $3, open = $4, changed_at = now() where tenant_id = $1 and id = $2",
            self.tenant(),
            alert.uuid(),
            serde_json::to_value(facts)?,
            facts.is_open()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn alert_by_fingerprint(&mut self, fingerprint: &str) -> Result<Option<AlertId>> {
        Ok(sqlx::query_scalar!(
            "select id from alerts where tenant_id = $1 and fingerprint = $2",
            self.tenant(),
            fingerprint
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .map(AlertId::from_uuid))
    }

    /// What lasts, or whose end people have not heard of yet.
    pub async fn open_alerts(&mut self) -> Result<Vec<AlertRow>> {
        let rows = sqlx::query!(
            "select id, cause, severity, about, facts from alerts where tenant_id = $1 and open order by id",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AlertRow {
                    id: AlertId::from_uuid(row.id),
                    cause: known("alerts.cause", &row.cause, AlertCause::from_code)?,
                    severity: known("alerts.severity", &row.severity, Severity::from_code)?,
                    about: row.about,
                    facts: serde_json::from_value(row.facts)?,
                })
            })
            .collect()
    }

    pub async fn add_delivery(
        &mut self,
        new: &NewDelivery<'_>,
        now: Timestamp,
    ) -> Result<DeliveryId> {
        let id = DeliveryId::generate();
        sqlx::query!(
            "insert into alert_deliveries (tenant_id, id, batch, notice, severity, audience, channel, place, subject, body,
                                           created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            self.tenant(),
            id.uuid(),
            new.batch,
            new.notice,
            new.severity.code(),
            new.target.audience.code(),
            new.target.channel.code(),
            i16::try_from(new.target.place).unwrap_or(i16::MAX),
            new.subject,
            new.body,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(id)
    }

    /// Every message of a batch, in the order in which they were made.
    pub async fn deliveries(&mut self, batch: Uuid) -> Result<Vec<DeliveryRow>> {
        let rows = sqlx::query_as!(
            Row,
            "select id, batch, notice, severity, audience, channel, place, subject, body, state, tries, failure, detail, fell_back,
                    created_at
             from alert_deliveries where tenant_id = $1 and batch = $2 order by id",
            self.tenant(),
            batch
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(DeliveryRow::try_from).collect()
    }

    /// Of a batch, the notices that are not done with: all messages of each.
    pub async fn open_deliveries(&mut self, batch: Uuid) -> Result<Vec<DeliveryRow>> {
        let rows = sqlx::query_as!(
            Row,
            "select id, batch, notice, severity, audience, channel, place, subject, body, state, tries, failure, detail,
                    fell_back, created_at
             from alert_deliveries d where tenant_id = $1 and batch = $2 and exists (
                select from alert_deliveries o where o.tenant_id = $1 and o.batch = $2 and o.created_at = d.created_at
                  and o.state in ('pending', 'sending'))
             order by id",
            self.tenant(),
            batch
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    pub async fn lock_delivery(&mut self, delivery: DeliveryId) -> Result<Option<DeliveryRow>> {
        let row = sqlx::query_as!(
            Row,
            "select id, batch, notice, severity, audience, channel, place, subject, body, state, tries, failure, detail, fell_back,
                    created_at
             from alert_deliveries where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            delivery.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(DeliveryRow::try_from).transpose()
    }

    /// Committed before the request leaves.
    pub async fn delivery_leaves(&mut self, delivery: DeliveryId) -> Result<()> {
        sqlx::query!(
            "update alert_deliveries set state = 'sending', tries = tries + 1 where tenant_id = $1 and id = $2",
            self.tenant(),
            delivery.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn delivery_sent(
        &mut self,
        delivery: DeliveryId,
        provider_id: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update alert_deliveries set state = 'sent', failure = null, detail = null, provider_id = $3, sent_at = $4
             where tenant_id = $1 and id = $2",
            self.tenant(),
            delivery.uuid(),
            provider_id,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn delivery_failed(
        &mut self,
        delivery: DeliveryId,
        failure: &SendFailure,
        detail: Option<&str>,
    ) -> Result<()> {
        sqlx::query!(
            "update alert_deliveries set state = 'pending', failure = $3, detail = $4 where tenant_id = $1 and id = $2",
            self.tenant(),
            delivery.uuid(),
            serde_json::to_value(failure)?,
            detail
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Another channel has taken over; this one goes on trying.
    pub async fn delivery_fell_back(&mut self, delivery: DeliveryId) -> Result<()> {
        sqlx::query!(
            "update alert_deliveries set fell_back = true where tenant_id = $1 and id = $2",
            self.tenant(),
            delivery.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn delivery_given_up(&mut self, delivery: DeliveryId) -> Result<()> {
        sqlx::query!(
            "update alert_deliveries set state = 'dead' where tenant_id = $1 and id = $2",
            self.tenant(),
            delivery.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// When this tenant's settings and secrets were changed last, by the database's clock.
    pub async fn channels_changed_at(&mut self) -> Result<Timestamp> {
        let at = sqlx::query_scalar!(
            r#"select greatest((select max(recorded_at) from tenant_settings where tenant_id = $1),
                               (select max(recorded_at) from provider_secrets where tenant_id = $1)) as "at""#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(at.map_or(Timestamp::MIN, from_db))
    }

    /// Whether the last message that was tried to this address was refused because of how the channel is set up, and
    /// nothing was changed since. `changed_at` is the audience's own [`TenantTx::channels_changed_at`].
    pub async fn is_misconfigured(
        &mut self,
        target: Target,
        changed_at: Timestamp,
    ) -> Result<bool> {
        let last = sqlx::query_scalar!(
            r#"select coalesce(d.failure ->> 'class' = 'misconfigured', false) as "refused!"
               from alert_deliveries d
               where d.tenant_id = $1 and d.audience = $2 and d.channel = $3 and d.place = $4 and d.state in ('sent', 'dead') and d.tries > 0
                 and d.recorded_at > $5
               order by d.id desc limit 1"#,
            self.tenant(),
            target.audience.code(),
            target.channel.code(),
            i16::try_from(target.place).unwrap_or(i16::MAX),
            to_db(changed_at)
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(last.unwrap_or(false))
    }

    /// The carrier says that a text message of ours did not arrive: its alert looks for another way. `false` when
    /// it is none of ours, or was dealt with before.
    pub async fn text_not_delivered(
        &mut self,
        provider_id: &str,
        failure: &SendFailure,
    ) -> Result<bool> {
        let batches = sqlx::query_scalar!(
            "update alert_deliveries set state = 'pending', failure = $3
             where tenant_id = $1 and provider_id = $2 and channel = 'sms' and state = 'sent'
             returning batch",
            self.tenant(),
            provider_id,
            serde_json::to_value(failure)?
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for batch in &batches {
            self.wake_alert(AlertId::from_uuid(*batch)).await?;
        }
        Ok(!batches.is_empty())
    }
}
