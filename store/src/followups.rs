//! Calls that nobody answered, and what is to be done about them (MEM-9).

use domain::{
    call::{CallOutcome, Direction},
    desk::NoteKind,
    followup::{FollowUp, FollowUpFacts, FollowUpStep, Missed, MissedKind},
    ids::{CallId, ContactId, FollowUpId},
    text::Number,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Result, StoredEvent, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// A call in which an agent and a caller said next to nothing is none in which somebody talked.
pub const TOO_SHORT_MS: i64 = 10_000;

/// One call that nobody answered, or a wish to be called.
#[derive(Debug, Clone)]
pub struct MissedCall<'a> {
    pub provider: &'a str,
    pub provider_call_id: &'a str,
    /// The number that called; of a withheld one the provider's id of the call.
    pub who: &'a str,
    pub call: Option<CallId>,
    pub kind: MissedKind,
    pub at: Timestamp,
    pub line: Option<&'a str>,
    /// The time that the person named.
    pub wanted_at: Option<Timestamp>,
}

/// What is to be done for one number, for people. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct FollowUpEntry {
    pub id: FollowUpId,
    pub e164: Option<String>,
    /// Of the contact with the number, if there is one only.
    pub name: Option<String>,
    pub is_open: bool,
    pub owner: Option<String>,
    pub kind: Option<MissedKind>,
    pub line: Option<String>,
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    pub calls: u32,
    pub due_at: Option<Timestamp>,
    pub done_at: Option<Timestamp>,
}

/// How long a call-back that an agent promised, and that nobody marked as done, is told to the next one.
const PROMISE_HOLDS: SignedDuration = SignedDuration::from_hours(14 * 24);

impl TenantTx {
    /// Keeps a call that nobody answered; what is heard of it later counts.
    pub async fn call_missed(&mut self, missed: &MissedCall<'_>) -> Result<()> {
        sqlx::query!(
            "insert into missed_calls as m (tenant_id, provider, provider_call_id, who, call_id, kind, at, line, wanted_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (tenant_id, provider, provider_call_id) do update
             set kind = excluded.kind, who = excluded.who, at = least(m.at, excluded.at),
                 line = coalesce(excluded.line, m.line), wanted_at = excluded.wanted_at",
            self.tenant(),
            missed.provider,
            missed.provider_call_id,
            missed.who,
            missed.call.map(CallId::uuid),
            missed.kind.code(),
            to_db(missed.at),
            missed.line,
            missed.wanted_at.map(to_db)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Somebody answered it after all.
    pub async fn call_not_missed(&mut self, provider: &str, provider_call_id: &str) -> Result<()> {
        sqlx::query!(
            "delete from missed_calls where tenant_id = $1 and provider = $2 and provider_call_id = $3",
            self.tenant(),
            provider,
            provider_call_id
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Makes the row of a number unless it is there, locks it, and reads what it is decided from. `talked_at` is the end
    /// of a talk with it that no row of `calls` tells of.
    pub async fn follow_up_facts(
        &mut self,
        who: &str,
        e164: Option<&str>,
        talked_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<FollowUpFacts> {
        let row = sqlx::query!(
            "insert into follow_ups as f (tenant_id, id, who, e164, state, talked_at, changed_at)
             values ($1, $2, $3, $4, 'done', $5, $6)
             on conflict (tenant_id, who) do update set talked_at = greatest(f.talked_at, excluded.talked_at)
             returning talked_at, closed_at",
            self.tenant(),
            FollowUpId::generate().uuid(),
            who,
            e164,
            talked_at.map(to_db),
            to_db(now)
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let talked_in_calls = sqlx::query_scalar!(
            "select max(coalesce(ended_at, outcome_at)) from calls
             where tenant_id = $1 and e164 = $2 and dial_state <> 'abandoned' and outcome = any($3)
               and not (direction = $4 and outcome = $5 and coalesce(duration_ms, 0) < $6)",
            self.tenant(),
            e164,
            &TALKED.map(|outcome| outcome.code().to_owned()),
            Direction::Inbound.code(),
            CallOutcome::NoClearAnswer.code(),
            TOO_SHORT_MS
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let settled = row.talked_at.max(talked_in_calls).max(row.closed_at);
        let missed = sqlx::query!(
            "select at, kind, line, wanted_at from missed_calls
             where tenant_id = $1 and who = $2 and ($3::timestamptz is null or at >= $3)",
            self.tenant(),
            who,
            settled
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let missed = missed.into_iter().map(|row| {
            Ok(Missed {
                at: from_db(row.at),
                kind: known("missed_calls.kind", &row.kind, MissedKind::from_code)?,
                line: row.line.as_deref().and_then(line),
                wanted_at: row.wanted_at.map(from_db),
            })
        });
        Ok(FollowUpFacts {
            missed: missed.collect::<Result<_>>()?,
            talked_at: row.talked_at.max(talked_in_calls).map(from_db),
            closed_at: row.closed_at.map(from_db),
        })
    }

    /// Whether anything is known of calls of a number that nobody answered.
    pub async fn has_follow_up(&mut self, who: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from follow_ups where tenant_id = $1 and who = $2) as "known!""#,
            self.tenant(),
            who
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Whether somebody is to call a person, or the number of theirs, back, and has not yet. What was promised long before
    /// `now` was done, or is not meant any more.
    pub async fn awaits_call(
        &mut self,
        contact: ContactId,
        e164: Option<&str>,
        now: Timestamp,
    ) -> Result<bool> {
        let since = now - PROMISE_HOLDS;
        Ok(sqlx::query_scalar!(
            r#"select (exists (select from follow_ups where tenant_id = $1 and who = $3 and state = 'open')
                       or exists (select from notes
                                  where tenant_id = $1 and contact_id = $2 and kind = $4 and done_at is null
                                    and made_at > $5)) as "awaits!""#,
            self.tenant(),
            contact.uuid(),
            e164,
            NoteKind::CallBack.code(),
            to_db(since)
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// What was decided of a number.
    pub async fn write_follow_up(
        &mut self,
        who: &str,
        step: &FollowUpStep,
        now: Timestamp,
    ) -> Result<()> {
        let Some(open) = step.open() else {
            sqlx::query!(
                "update follow_ups set state = 'done', changed_at = $3
                 where tenant_id = $1 and who = $2 and state <> 'done'",
                self.tenant(),
                who,
                to_db(now)
            )
            .execute(&mut *self.tx)
            .await?;
            return Ok(());
        };
        let FollowUp {
            owner,
            kind,
            line,
            first_at,
            last_at,
            count,
            due_at,
        } = open;
        let line = line.as_ref().and_then(Number::dialable);
        sqlx::query!(
            "update follow_ups f
             set state = 'open', owner = $3, kind = $4, line = $5, first_at = $6, last_at = $7, calls = $8, due_at = $9,
                 changed_at = $10,
                 contact_id = (select min(c.person_id::text)::uuid from contacts c
                               where c.tenant_id = $1 and c.e164 = f.e164
                               having count(distinct c.person_id) = 1)
             where tenant_id = $1 and who = $2",
            self.tenant(),
            who,
            owner,
            kind.code(),
            line.map(|line| line.e164().to_owned()),
            to_db(*first_at),
            to_db(*last_at),
            i32::try_from(*count).unwrap_or(i32::MAX),
            to_db(*due_at),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Those that are open, the most urgent first; with `all` also the others, the newest first.
    pub async fn follow_ups(&mut self, all: bool, most: u32) -> Result<Vec<FollowUpEntry>> {
        let rows = sqlx::query!(
            r#"select f.id, f.e164, nullif(c.name, '') as name, f.state, f.owner, f.kind, f.line, f.first_at, f.last_at,
                      f.calls, f.due_at, greatest(f.closed_at, f.talked_at) as done_at
               from follow_ups f left join contacts c on c.tenant_id = $1 and c.id = f.contact_id
               where f.tenant_id = $1 and f.kind is not null and ($2 or f.state = 'open')
               order by f.state desc, case when f.state = 'open' then f.due_at end, f.changed_at desc limit $3"#,
            self.tenant(),
            all,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let kind = row.kind.as_deref();
                Ok(FollowUpEntry {
                    id: FollowUpId::from_uuid(row.id),
                    e164: row.e164,
                    name: row.name,
                    is_open: row.state == "open",
                    owner: row.owner,
                    kind: kind
                        .map(|kind| known("follow_ups.kind", kind, MissedKind::from_code))
                        .transpose()?,
                    line: row.line,
                    first_at: row.first_at.map(from_db),
                    last_at: row.last_at.map(from_db),
                    calls: u32::try_from(row.calls).unwrap_or_default(),
                    due_at: row.due_at.map(from_db),
                    done_at: row.done_at.map(from_db),
                })
            })
            .collect()
    }

    /// A colleague says that it is done. `false` when there is no such follow-up.
    pub async fn follow_up_done(&mut self, id: FollowUpId, now: Timestamp) -> Result<bool> {
        let done = sqlx::query!(
            "update follow_ups set closed_at = greatest(closed_at, $3), state = 'done', changed_at = $3
             where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// How many should have been done by now.
    pub async fn overdue_follow_ups(&mut self, now: Timestamp) -> Result<u64> {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from follow_ups where tenant_id = $1 and state = 'open' and due_at <= $2"#,
            self.tenant(),
            to_db(now)
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(count.unsigned_abs())
    }

    /// What has come of one call at OpenPhone.
    pub async fn events_of_openphone_call(
        &mut self,
        event: &StoredEvent,
        most: u32,
    ) -> Result<Vec<Vec<u8>>> {
        Ok(sqlx::query_scalar!(
            "select body from events
             where tenant_id = $1 and provider in ('openphone', 'quo') and provider_call_id = $2 and state <> 'invalid'
             order by id desc limit $3",
            self.tenant(),
            event.provider_call_id,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }

    /// How a call came in.
    pub async fn call_came(&mut self, call: CallId) -> Result<CallCame> {
        let row = sqlx::query!(
            "select provider, line, placed_at from calls where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(CallCame {
            provider: row.provider,
            line: row.line,
            placed_at: row.placed_at.map(from_db),
        })
    }
}

/// How a call came in.
#[derive(Debug, Clone)]
pub struct CallCame {
    pub provider: String,
    /// Which of our numbers was called.
    pub line: Option<String>,
    pub placed_at: Option<Timestamp>,
}

/// How calls end in which somebody talked.
pub const TALKED: [CallOutcome; 5] = [
    CallOutcome::Confirmed,
    CallOutcome::Cancelled,
    CallOutcome::Rescheduled,
    CallOutcome::NoClearAnswer,
    CallOutcome::DoNotCall,
];

fn line(text: &str) -> Option<Number> {
    Number::read(text, domain::country::Country::GB)
}
