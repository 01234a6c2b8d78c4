//! The sound of calls and voicemails that is kept (TEXT-5).

use domain::{
    ids::{EntryId, SoundId},
    text::{SoundFacts, SoundFailure, SoundKind},
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// A sound that is to be kept, or is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundRow {
    pub id: SoundId,
    pub entry: EntryId,
    pub kind: SoundKind,
    /// Which of the call's recordings.
    pub key: String,
    pub failures: u32,
    pub last_failure: Option<(SoundFailure, Timestamp)>,
    pub kept_at: Option<Timestamp>,
    /// Why it is not kept, or not any more.
    pub ended: Option<String>,
}

impl SoundRow {
    /// What its next step is decided from.
    pub fn facts(&self, has_address: bool) -> SoundFacts {
        SoundFacts {
            kind: self.kind,
            has_address,
            failures: self.failures,
            last_failure: self.last_failure,
            kept_at: self.kept_at,
        }
    }
}

/// A sound of an entry, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundEntry {
    pub id: SoundId,
    pub kind: SoundKind,
    /// In bytes, when it is kept.
    pub length: Option<u64>,
    pub ended: Option<String>,
}

impl TenantTx {
    /// Notes that an entry has a sound, and answers its id when that is news.
    pub async fn add_sound(
        &mut self,
        entry: EntryId,
        kind: SoundKind,
        key: &str,
    ) -> Result<Option<SoundId>> {
        let id = sqlx::query_scalar!(
            "insert into sounds (tenant_id, id, entry_id, kind, key) values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, entry_id, kind, key) do nothing returning id",
            self.tenant(),
            SoundId::generate().uuid(),
            entry.uuid(),
            kind.code(),
            key
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(id.map(SoundId::from_uuid))
    }

    pub async fn lock_sound(&mut self, id: SoundId) -> Result<Option<SoundRow>> {
        let row = sqlx::query!(
            "select entry_id, kind, key, failures, last_failure, last_failed_at, kept_at, ended
             from sounds where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            id.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| {
            let failure = row.last_failure.as_deref();
            let failure =
                failure.map(|code| known("sounds.last_failure", code, SoundFailure::from_code));
            Ok(SoundRow {
                id,
                entry: EntryId::from_uuid(row.entry_id),
                kind: known("sounds.kind", &row.kind, SoundKind::from_code)?,
                key: row.key,
                failures: row.failures.unsigned_abs(),
                last_failure: failure.transpose()?.zip(row.last_failed_at.map(from_db)),
                kept_at: row.kept_at.map(from_db),
                ended: row.ended,
            })
        })
        .transpose()
    }

    pub async fn sound_kept(
        &mut self,
        id: SoundId,
        audio: &[u8],
        content_type: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update sounds set audio = $3, content_type = $4, length = $5, kept_at = $6
             where tenant_id = $1 and id = $2 and kept_at is null and ended is null",
            self.tenant(),
            id.uuid(),
            audio,
            content_type,
            i64::try_from(audio.len()).unwrap_or(i64::MAX),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn sound_failed(
        &mut self,
        id: SoundId,
        failure: SoundFailure,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update sounds set failures = failures + 1, last_failure = $3, last_failed_at = $4
             where tenant_id = $1 and id = $2 and kept_at is null",
            self.tenant(),
            id.uuid(),
            failure.code(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It is not kept, or not any more, and what there was of it is deleted.
    pub async fn sound_ended(&mut self, id: SoundId, why: &str) -> Result<()> {
        sqlx::query!(
            "update sounds set ended = $3, audio = null where tenant_id = $1 and id = $2 and ended is null",
            self.tenant(),
            id.uuid(),
            why
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The sounds of an entry.
    pub async fn sounds_of(&mut self, entry: EntryId) -> Result<Vec<SoundEntry>> {
        let rows = sqlx::query!(
            "select id, kind, length, kept_at, ended from sounds where tenant_id = $1 and entry_id = $2 order by id",
            self.tenant(),
            entry.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let kept = row.kept_at.is_some() && row.ended.is_none();
                let length = row.length.map(i64::unsigned_abs);
                Ok(SoundEntry {
                    id: SoundId::from_uuid(row.id),
                    kind: known("sounds.kind", &row.kind, SoundKind::from_code)?,
                    length: length.filter(|_| kept),
                    ended: row.ended,
                })
            })
            .collect()
    }

    /// What is kept of a sound, and its type.
    pub async fn sound(&mut self, id: SoundId) -> Result<Option<(Vec<u8>, Option<String>)>> {
        let row = sqlx::query!(
            "select audio, content_type from sounds where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.and_then(|row| Some((row.audio?, row.content_type))))
    }
}
