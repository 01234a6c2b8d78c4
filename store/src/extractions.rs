//! Words that are to be read, that are being read, and what came of them (TEXT-2, TEXT-6).

use domain::{
    ids::{CallId, ContactId, EntryId, ExtractionId},
    text::{ExtractionFacts, PassageKind},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// Where words stand that are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassageSource {
    /// A text or call on a line at OpenPhone.
    Entry(EntryId),
    /// A call with a voice agent.
    Call(CallId),
}

impl PassageSource {
    fn ids(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Entry(entry) => (Some(entry.uuid()), None),
            Self::Call(call) => (None, Some(call.uuid())),
        }
    }

    fn of(entry: Option<Uuid>, call: Option<Uuid>) -> Option<Self> {
        let entry = entry.map(EntryId::from_uuid).map(Self::Entry);
        entry.or(call.map(CallId::from_uuid).map(Self::Call))
    }
}

/// Words that are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageRow {
    pub id: ExtractionId,
    /// `None`: the call was deleted by its age.
    pub source: Option<PassageSource>,
    pub contact: ContactId,
    pub kind: PassageKind,
    pub fingerprint: Vec<u8>,
    /// Requests that left with it, the present one included.
    pub tries: u32,
}

/// Why nothing is read for the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingPause {
    pub until: Timestamp,
    pub why: String,
}

/// What the next step of a tenant's reading is decided from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingFacts {
    pub facts: ExtractionFacts,
    pub pause: Option<ReadingPause>,
}

/// What came of a passage that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResult<'a> {
    /// Fields and codes, no values.
    pub results: &'a Value,
    /// The person wants to be called, maybe then.
    pub wants_call: Option<Option<Timestamp>>,
}

/// A passage that left so often and never came back kills whoever reads it.
const MOST_TRIES: i32 = 5;

impl TenantTx {
    /// Words that may hold something about a contact. `false` when this person said the same before.
    pub async fn queue_passage(
        &mut self,
        source: PassageSource,
        contact: ContactId,
        kind: PassageKind,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<bool> {
        let (entry, call) = source.ids();
        let queued = sqlx::query!(
            "insert into extractions (tenant_id, id, entry_id, call_id, contact_id, kind, fingerprint, queued_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, contact_id, fingerprint) do nothing",
            self.tenant(),
            ExtractionId::generate().uuid(),
            entry,
            call,
            contact.uuid(),
            kind.code(),
            &fingerprint,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        if queued.rows_affected() == 0 {
            return Ok(false);
        }
        // A transcript that was shorter need not be read any more; of a call with an agent nothing else that waits.
        sqlx::query!(
            "update extractions set state = 'superseded'
             where tenant_id = $1 and ((entry_id = $2 and kind = $4) or call_id = $3) and state = 'waiting'
               and fingerprint <> $5",
            self.tenant(),
            entry,
            call,
            kind.code(),
            &fingerprint
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(true)
    }

    /// What a reader that died left in hand waits again, but for what seems to have killed it.
    pub async fn take_back_passages(&mut self) -> Result<()> {
        sqlx::query!(
            "update extractions set batch = null, alone = true,
                    state = case when tries < $2 then 'waiting' else 'failed' end,
                    error = case when tries < $2 then error else 'interrupted' end
             where tenant_id = $1 and state = 'reading'",
            self.tenant(),
            MOST_TRIES
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What a tenant's next step of reading is decided from, at `now`.
    pub async fn reading_facts(&mut self, now: Timestamp) -> Result<ReadingFacts> {
        let hour_ago = now - SignedDuration::from_hours(1);
        let row = sqlx::query!(
            r#"select (select count(*) from extractions where tenant_id = $1 and state = 'waiting') as "waiting!",
                      (select min(queued_at) from extractions where tenant_id = $1 and state = 'waiting') as oldest,
                      (select count(*) from extractions where tenant_id = $1 and requested_at > $2 and state <> 'waiting') as "read!",
                      p.until as "until?", p.why as "why?"
               from (select) one left join extraction_pauses p on p.tenant_id = $1"#,
            self.tenant(),
            to_db(hour_ago)
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let pause = row.until.zip(row.why).map(|(until, why)| ReadingPause {
            until: from_db(until),
            why,
        });
        let month = self.months_of_use(1).await?.into_iter().next();
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(ReadingFacts {
            facts: ExtractionFacts {
                waiting: count(row.waiting),
                oldest_waiting: row.oldest.map(from_db),
                read_last_hour: count(row.read),
                month,
                not_before: pause.as_ref().map(|pause| pause.until),
            },
            pause,
        })
    }

    /// Takes the oldest passages into a request, which is to be committed before that leaves. One that must be read by
    /// itself goes by itself.
    pub async fn claim_passages(
        &mut self,
        batch: Uuid,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<PassageRow>> {
        let rows = sqlx::query!(
            "with oldest as (
                select id, alone, row_number() over (order by queued_at, id) as place from extractions
                where tenant_id = $1 and state = 'waiting' order by queued_at, id limit $4
             ), chosen as (
                select id from oldest o where place = 1 or (not alone and not (select alone from oldest where place = 1))
             )
             update extractions x set state = 'reading', batch = $2, requested_at = $3, tries = tries + 1
             from chosen c where x.tenant_id = $1 and x.id = c.id
             returning x.id, x.entry_id, x.call_id, x.contact_id, x.kind, x.fingerprint, x.tries",
            self.tenant(),
            batch,
            to_db(now),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(PassageRow {
                    id: ExtractionId::from_uuid(row.id),
                    source: PassageSource::of(row.entry_id, row.call_id),
                    contact: ContactId::from_uuid(row.contact_id),
                    kind: known("extractions.kind", &row.kind, PassageKind::from_code)?,
                    fingerprint: row.fingerprint,
                    tries: row.tries.unsigned_abs(),
                })
            })
            .collect()
    }

    /// Whether a passage is still read by this request, and by no later one. It is locked.
    pub async fn is_in_batch(&mut self, passage: ExtractionId, batch: Uuid) -> Result<bool> {
        let found = sqlx::query_scalar!(
            "select id from extractions where tenant_id = $1 and id = $2 and batch = $3 and state = 'reading' for update",
            self.tenant(),
            passage.uuid(),
            batch
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(found.is_some())
    }

    pub async fn passage_read(
        &mut self,
        passage: ExtractionId,
        result: &NewResult<'_>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update extractions set state = 'read', batch = null, error = null, results = $3, wants_call = $4,
                    wants_call_at = $5, read_at = $6
             where tenant_id = $1 and id = $2",
            self.tenant(),
            passage.uuid(),
            result.results,
            result.wants_call.is_some(),
            result.wants_call.flatten().map(to_db),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It is not read any more: what it stands in says something else by now, or nobody can tell whose it is.
    pub async fn passage_superseded(&mut self, passage: ExtractionId) -> Result<()> {
        sqlx::query!(
            "update extractions set state = 'superseded', batch = null where tenant_id = $1 and id = $2",
            self.tenant(),
            passage.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It cannot be read.
    pub async fn passage_failed(&mut self, passage: ExtractionId, error: &str) -> Result<()> {
        sqlx::query!(
            "update extractions set state = 'failed', batch = null, error = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            passage.uuid(),
            error
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The request came to nothing: what it held waits again. `counted`: it may have been the words' fault, so that they
    /// go one by one.
    pub async fn release_batch(&mut self, batch: Uuid, error: &str, counted: bool) -> Result<()> {
        sqlx::query!(
            "update extractions set state = 'waiting', batch = null, error = $3, alone = alone or $4,
                    tries = tries - (not $4)::int
             where tenant_id = $1 and batch = $2 and state = 'reading'",
            self.tenant(),
            batch,
            error,
            counted
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Nothing is read before then.
    pub async fn pause_reading(&mut self, pause: &ReadingPause) -> Result<()> {
        sqlx::query!(
            "insert into extraction_pauses (tenant_id, until, why) values ($1, $2, $3)
             on conflict (tenant_id) do update set until = excluded.until, why = excluded.why",
            self.tenant(),
            to_db(pause.until),
            pause.why
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn end_reading_pause(&mut self) -> Result<()> {
        sqlx::query!(
            "delete from extraction_pauses where tenant_id = $1",
            self.tenant()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// An operator changed something: what held reading up may be gone.
    pub async fn read_afresh(&mut self) -> Result<()> {
        self.end_reading_pause().await?;
        let has_work = sqlx::query_scalar!(
            r#"select (exists (select from extractions where tenant_id = $1 and state in ('waiting', 'reading'))
                       or exists (select from approvals where tenant_id = $1 and settled_at is null)) as "has_work!""#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        match has_work {
            true => self.wake_reading().await,
            false => Ok(()),
        }
    }
}
