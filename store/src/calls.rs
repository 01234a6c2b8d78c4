//! Calls: authorized, dialed at most once, followed to an outcome.

use domain::{
    call::{AppointmentAction, CallOutcome, CallReview, CallState, CallView, Direction, Sentiment},
    follow::{CallFacts, DialState},
    ids::{AppointmentId, CallId, ContactId},
    reminder::ReminderFacts,
    settings::VoiceProvider,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    Error, Result, TenantTx,
    instant::{from_db, to_db},
    outbox::Process,
    reminders::known,
};

/// A locked call.
#[derive(Debug, Clone)]
pub struct CallRow {
    pub id: CallId,
    pub appointment: Option<AppointmentId>,
    /// Whom we called, or who was found to call.
    pub contact: Option<ContactId>,
    pub appointment_version: Option<i32>,
    pub attempt: u32,
    pub direction: Direction,
    /// `None` of a caller who withholds it.
    pub e164: Option<String>,
    pub provider: VoiceProvider,
    pub provider_call_id: Option<String>,
    /// The provider key of the last request to dial.
    pub dialed_with: Option<Uuid>,
    pub facts: CallFacts,
    /// What of the person's words has taken effect already.
    pub applied: Applied,
    /// The reminder has taken notice of the outcome already.
    pub settled: bool,
    /// The person was erased: what is heard of it now is not kept.
    pub is_erased: bool,
}

/// What the person said in a call, as far as it has changed something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    pub action: Option<AppointmentAction>,
    pub opt_out: bool,
}

/// What is told to the voice agent, and the number to dial.
#[derive(Debug, Clone)]
pub struct DialTarget {
    pub reminder: ReminderFacts,
    pub appointment_version: i32,
    pub e164: Option<String>,
    pub name: String,
    pub time_zone: String,
    pub kind: Option<String>,
    pub practitioner: Option<String>,
    pub duration_minutes: Option<i32>,
    pub location: Option<String>,
    pub instructions: Option<String>,
}

/// Where the provider's own id of a call came from.
#[derive(Debug, Clone)]
pub struct Placed {
    pub provider_call_id: String,
    pub at: Timestamp,
}

impl TenantTx {
    /// Makes the one call of an attempt. The unique index on the attempt is what makes it one.
    pub async fn authorize_call(
        &mut self,
        appointment: AppointmentId,
        version: i32,
        attempt: u32,
        e164: &str,
        provider: VoiceProvider,
        now: Timestamp,
    ) -> Result<CallId> {
        let id = CallId::generate();
        sqlx::query!(
            "insert into calls (tenant_id, id, direction, appointment_id, contact_id, appointment_version, attempt,
                                e164, provider, state, dial_state, authorized_at)
             values ($1, $2, $10, $3, (select contact_id from appointments where tenant_id = $1 and id = $3), $4, $5, $6,
                     $11, $7, $8, $9)",
            self.tenant(),
            id.uuid(),
            appointment.uuid(),
            version,
            i32::try_from(attempt).unwrap_or(i32::MAX),
            e164,
            CallState::Queued.code(),
            DialState::Authorized.code(),
            to_db(now),
            Direction::Outbound.code(),
            provider.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(id)
    }

    /// Locks a call, its appointment first: every transaction takes the two in this order.
    pub async fn lock_call(&mut self, call: CallId) -> Result<Option<CallRow>> {
        sqlx::query!(
            "select a.id from appointments a join calls c on c.tenant_id = $1 and c.appointment_id = a.id
             where a.tenant_id = $1 and c.id = $2 for no key update of a",
            self.tenant(),
            call.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some(row) = sqlx::query!(
            "select appointment_id, contact_id, appointment_version, attempt, direction, e164, provider, provider_call_id, dial_state, not_before,
                    dialing_at, requests, placed_at, checks, checked_at, ended_at, outcome, settled_at,
                    applied_action, applied_opt_out, dialed_with, erased_at
             from calls where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            call.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            return Ok(None);
        };
        let view = CallView::join(&self.observations(call).await?);
        let heard = self.call_heard_of(call).await?;
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        let facts = CallFacts {
            dial: known("calls.dial_state", &row.dial_state, DialState::from_code)?,
            not_before: row.not_before.map(from_db),
            dialing_at: row.dialing_at.map(from_db),
            requests: number(row.requests),
            placed_at: row.placed_at.map(from_db),
            ended_at: row.ended_at.map(from_db),
            checks: number(row.checks),
            checked_at: row.checked_at.map(from_db),
            outcome: row
                .outcome
                .as_deref()
                .map(|outcome| known("calls.outcome", outcome, CallOutcome::from_code))
                .transpose()?,
            heard,
            view,
        };
        Ok(Some(CallRow {
            id: call,
            appointment: row.appointment_id.map(AppointmentId::from_uuid),
            contact: row.contact_id.map(ContactId::from_uuid),
            appointment_version: row.appointment_version,
            attempt: number(row.attempt.unwrap_or_default()),
            direction: known("calls.direction", &row.direction, Direction::from_code)?,
            e164: row.e164,
            provider: known("calls.provider", &row.provider, VoiceProvider::from_code)?,
            provider_call_id: row.provider_call_id,
            dialed_with: row.dialed_with,
            facts,
            applied: Applied {
                action: row
                    .applied_action
                    .as_deref()
                    .map(|action| {
                        known("calls.applied_action", action, AppointmentAction::from_code)
                    })
                    .transpose()?,
                opt_out: row.applied_opt_out,
            },
            settled: row.settled_at.is_some(),
            is_erased: row.erased_at.is_some(),
        }))
    }

    /// Everything the agent is told, and what the dial is judged by once more.
    pub async fn dial_target(
        &mut self,
        appointment: AppointmentId,
        now: Timestamp,
    ) -> Result<DialTarget> {
        let reminder = self
            .lock_reminder(appointment, now)
            .await?
            .ok_or(Error::NotFound {
                what: "the appointment",
            })?;
        let row = sqlx::query!(
            "select c.name, a.time_zone, a.kind, a.practitioner, a.duration_minutes, a.location, a.instructions
             from appointments a join contacts c on c.tenant_id = $1 and c.id = a.contact_id
             where a.tenant_id = $1 and a.id = $2",
            self.tenant(),
            appointment.uuid()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(DialTarget {
            reminder: reminder.facts,
            appointment_version: reminder.appointment_version,
            e164: reminder.e164,
            name: row.name,
            time_zone: row.time_zone,
            kind: row.kind,
            practitioner: row.practitioner,
            duration_minutes: row.duration_minutes,
            location: row.location,
            instructions: row.instructions,
        })
    }

    /// The version of an appointment as it stands now.
    pub async fn appointment_version(&mut self, appointment: AppointmentId) -> Result<Option<i32>> {
        Ok(sqlx::query_scalar!(
            "select version from appointments where tenant_id = $1 and id = $2",
            self.tenant(),
            appointment.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?)
    }

    /// `authorized → dialing`. Committed before the request leaves, so that whoever comes later knows
    /// that the phone may ring.
    pub async fn claim_dial(&mut self, call: CallId, key: Uuid, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update calls set dial_state = $3, state = $4, dialing_at = $5, dialed_with = $6,
                              requests = requests + 1, checks = 0, checked_at = null, not_before = null
             where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            DialState::Dialing.code(),
            CallState::Processing.code(),
            to_db(now),
            key
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider has the call.
    pub async fn call_placed(&mut self, call: CallId, placed: &Placed) -> Result<()> {
        sqlx::query!(
            "update calls set dial_state = $3, provider_call_id = $4, placed_at = coalesce(placed_at, $5),
                              state = case when state in ('queued', 'processing') then $6 else state end,
                              checks = 0, checked_at = null, not_before = null
             where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            DialState::Placed.code(),
            placed.provider_call_id,
            to_db(placed.at),
            CallState::Initiating.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider provably has no such call: it may be dialed, not before the given time.
    pub async fn call_never_reached(&mut self, call: CallId, not_before: Timestamp) -> Result<()> {
        sqlx::query!(
            "update calls set dial_state = $3, state = $4, not_before = $5, dialing_at = null
             where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            DialState::Authorized.code(),
            CallState::Queued.code(),
            to_db(not_before)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How far `now`, the time of the call's process, lies behind the present. Both clocks are compared since
    /// the call was authorized, so neither has to be right. A process that skips time is never late.
    pub async fn lateness(&mut self, call: CallId, now: Timestamp) -> Result<SignedDuration> {
        let seconds = sqlx::query_scalar!(
            r#"select extract(epoch from (clock_timestamp() - recorded_at) - ($3 - authorized_at))::float8 as "seconds!"
               from calls where tenant_id = $1 and id = $2"#,
            self.tenant(),
            call.uuid(),
            to_db(now)
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO))
    }

    /// The provider was asked about the call and answered.
    pub async fn call_checked(&mut self, call: CallId, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update calls set checks = checks + 1, checked_at = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider is left alone until then.
    pub async fn call_pauses(&mut self, call: CallId, until: Timestamp) -> Result<()> {
        sqlx::query!(
            "update calls set not_before = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            to_db(until)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// A later event said better how the call ended.
    pub async fn correct_outcome(&mut self, call: CallId, outcome: CallOutcome) -> Result<()> {
        sqlx::query!(
            "update calls set outcome = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            outcome.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What the events say of the call so far. `ended_at` is when this process first saw it ended.
    /// Answers whether something new is known of how it went.
    pub async fn call_seen(&mut self, row: &CallRow, now: Timestamp) -> Result<bool> {
        let view = &row.facts.view;
        let newly_ended = view.ended && row.facts.ended_at.is_none();
        let rings = view.state == CallState::Ringing;
        let answered_at = answered_at(view, now).filter(|_| view.answered);
        let has_news = sqlx::query_scalar!(
            r#"update calls c set state = case when $3 = 'queued' then c.state else $3 end,
                              duration_ms = coalesce($4, c.duration_ms),
                              summary = coalesce($9, c.summary), sentiment = coalesce($10, c.sentiment),
                              topic = coalesce($11, c.topic),
                              ended_at = case when $5 then $6 else c.ended_at end,
                              ringing_at = case when $12 then coalesce(c.ringing_at, $6) else c.ringing_at end,
                              answered_at = coalesce(c.answered_at,
                                  case when $13::timestamptz is not null
                                       then greatest($13, coalesce(c.ringing_at, c.placed_at, c.dialing_at)) end),
                              checks = case when $5 then 0 else c.checks end,
                              review = case when c.review = $7 then c.review else $8 end
             from calls was
             where c.tenant_id = $1 and c.id = $2 and was.tenant_id = $1 and was.id = $2
             returning (was.summary, was.topic, was.duration_ms) is distinct from (c.summary, c.topic, c.duration_ms)
                 as "has_news!""#,
            self.tenant(),
            row.id.uuid(),
            view.state.code(),
            view.duration_ms.and_then(|ms| i64::try_from(ms).ok()),
            newly_ended,
            to_db(now),
            CallReview::AnswerNotApplied.code(),
            view.review.map(CallReview::code),
            view.summary,
            view.sentiment.map(Sentiment::code),
            view.topic,
            rings,
            answered_at.map(to_db)
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(has_news.unwrap_or_default())
    }

    /// What the person said has taken effect.
    pub async fn call_applied(&mut self, call: CallId, applied: Applied) -> Result<()> {
        sqlx::query!(
            "update calls set applied_action = $3, applied_opt_out = $4 where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            applied.action.map(AppointmentAction::code),
            applied.opt_out
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What the person decided could not take effect: somebody has to look.
    pub async fn answer_not_applied(&mut self, call: CallId) -> Result<()> {
        sqlx::query!(
            "update calls set review = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            CallReview::AnswerNotApplied.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// When the call's process looks again by itself.
    pub async fn call_waits(&mut self, call: CallId, next_at: Option<Timestamp>) -> Result<()> {
        sqlx::query!(
            "update calls set next_at = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            next_at.map(to_db)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Ends the call, and wakes one reminder that waits for a free line.
    pub async fn finish_call(
        &mut self,
        call: CallId,
        outcome: CallOutcome,
        now: Timestamp,
        detail: Option<&str>,
    ) -> Result<()> {
        let dial_state = (outcome == CallOutcome::NotPlaced).then_some(DialState::Abandoned.code());
        sqlx::query!(
            "update calls set outcome = $3, outcome_at = $4, detail = coalesce($5, detail), next_at = null,
                              dial_state = coalesce($6, dial_state),
                              state = case when state in ('queued', 'processing', 'initiating', 'ringing', 'answered')
                                           then $7 else state end
             where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid(),
            outcome.code(),
            to_db(now),
            detail,
            dial_state,
            if outcome == CallOutcome::NotPlaced { CallState::Cancelled } else { CallState::Failed }.code()
        )
        .execute(&mut *self.tx)
        .await?;
        self.crm_call_finished(call, now).await?;
        self.hand_on_the_line().await
    }

    /// It keeps its turn: should somebody new be quicker, it is still the first of those who wait.
    async fn hand_on_the_line(&mut self) -> Result<()> {
        sqlx::query!(
            "with next as (
                select appointment_id from reminders
                where tenant_id = $1 and state = 'waiting' and deferral_reason = 'limit_concurrent'
                  and deferral_until is not null
                order by deferral_turn limit 1 for update skip locked
             ), freed as (
                update reminders r set deferral_until = null
                from next where r.tenant_id = $1 and r.appointment_id = next.appointment_id
             )
             insert into outbox (tenant_id, process, subject) select $1, $2, appointment_id from next",
            self.tenant(),
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// When somebody answered a call of which it is first heard now that somebody did: just now, or, if it has ended
/// since, as long before as it lasted.
fn answered_at(view: &CallView, now: Timestamp) -> Option<Timestamp> {
    if !view.ended {
        return Some(now);
    }
    let lasted = i64::try_from(view.duration_ms?).ok()?;
    now.checked_sub(SignedDuration::from_millis(lasted)).ok()
}
