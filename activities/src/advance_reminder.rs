//! One step of a reminder: facts, decision and, if it is to dial, the gates and the call, in one transaction.

use domain::{
    Reason,
    gates::{self, Verdict},
    ids::{AppointmentId, CallId},
    plan,
    reminder::{self, Decided, Deferral, Ending, Step},
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::{Decision, ReminderRow, Result, Store, TenantTx};
use workflows::contract::{At, ReminderInput, ReminderStep};

use crate::in_time::InTime;

/// When the facts contradict each other for a moment.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

pub(crate) async fn advance(store: &Store, input: &At<ReminderInput>) -> Result<ReminderStep> {
    let (now, appointment) = (input.now, input.of.appointment);
    let in_time = InTime::starting_now();
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let wakes = tx.wakes_of_reminder(appointment).await?;
    let Some(row) = tx.lock_reminder(appointment, now).await? else {
        // Erased since: nobody is left to be called.
        let ending = Ending::NotNeeded;
        return Ok(ReminderStep::Finished {
            ending,
            reason: None,
        });
    };
    let settings = tx.tenant_row().await?.settings;
    let mut turn = Turn {
        tx,
        now,
        appointment,
        row,
        settings,
    };
    let decided = turn.ask();
    let answer = match (&decided.step, turn.row.e164.clone()) {
        (Step::Dial { attempt }, Some(e164)) => turn.dial(*attempt, &e164, &decided).await?,
        _ => turn.stand(&decided).await?,
    };
    if let ReminderStep::Finished { .. } = answer {
        turn.tx.forget_wakes(&wakes).await?;
    }
    in_time.commit(turn.tx).await?;
    Ok(answer)
}

/// One transaction of one reminder.
struct Turn {
    tx: TenantTx,
    now: Timestamp,
    appointment: AppointmentId,
    row: ReminderRow,
    settings: Settings,
}

/// One line of the record of decisions.
struct Line<'a> {
    verdict: &'static str,
    call: Option<CallId>,
    attempt: Option<u32>,
    reason: Option<Reason>,
    words: &'a str,
    facts: Value,
}

impl Turn {
    fn ask(&self) -> Decided {
        reminder::decide(self.now, &self.row.facts, &self.settings)
    }

    /// Asks the gates, and authorizes the call or puts it off.
    async fn dial(&mut self, attempt: u32, e164: &str, decided: &Decided) -> Result<ReminderStep> {
        let latest = plan::latest(self.row.facts.appointment.starts_at, &self.settings);
        let (tenant, facts) = self
            .tx
            .lock_gates(self.appointment, e164, self.now, latest)
            .await?;
        let provider = tenant.settings.dialing().provider;
        let gates = json!({ "gates": facts });
        match gates::judge(self.now, &facts) {
            Verdict::Dial => {
                let version = self.row.appointment_version;
                let call = self
                    .tx
                    .authorize_call(self.appointment, version, attempt, e164, provider, self.now)
                    .await?;
                self.tx.defer_reminder(self.appointment, None).await?;
                let words = format!("{}; every gate is open", decided.notes.join("; "));
                let (call_id, attempt) = (Some(call), Some(attempt));
                let words = &words;
                self.record(Line {
                    verdict: "dial",
                    call: call_id,
                    attempt,
                    reason: None,
                    words,
                    facts: gates,
                })
                .await?;
                self.calling(call).await
            }
            Verdict::Later { reason, until } => {
                let deferral = Deferral { reason, until };
                self.tx
                    .defer_reminder(self.appointment, Some(deferral))
                    .await?;
                self.row.facts.deferral = Some(deferral);
                let words = &format!("call {attempt} was put off: {}", reason.words());
                let (attempt, reason) = (Some(attempt), Some(reason));
                self.record(Line {
                    verdict: "wait",
                    call: None,
                    attempt,
                    reason,
                    words,
                    facts: gates,
                })
                .await?;
                let decided = self.ask();
                self.stand(&decided).await
            }
        }
    }

    /// Records where the reminder stands now, and why.
    async fn stand(&mut self, decided: &Decided) -> Result<ReminderStep> {
        let words = decided.notes.join("; ");
        match decided.step {
            Step::Wait { until, reason } => {
                self.tx
                    .reminder_stands(self.appointment, "waiting", Some(until), reason, None)
                    .await?;
                let facts = self.facts();
                self.record(Line {
                    verdict: "wait",
                    call: None,
                    attempt: None,
                    reason,
                    words: &words,
                    facts,
                })
                .await?;
                Ok(ReminderStep::Wait { until, reason })
            }
            Step::Finish { ending, reason } => {
                self.tx
                    .reminder_stands(self.appointment, "finished", None, reason, Some(ending))
                    .await?;
                self.tx.defer_reminder(self.appointment, None).await?;
                let verdict = if ending == Ending::Refused {
                    "refuse"
                } else {
                    "finish"
                };
                let words = &format!("ended as {ending}: {words}");
                let facts = self.facts();
                self.record(Line {
                    verdict,
                    call: None,
                    attempt: None,
                    reason,
                    words,
                    facts,
                })
                .await?;
                Ok(ReminderStep::Finished { ending, reason })
            }
            Step::Follow | Step::Dial { .. } => match self.row.open_call {
                Some(call) => self.calling(call).await,
                None => Ok(ReminderStep::Wait {
                    until: self.now + LOOK_AGAIN,
                    reason: None,
                }),
            },
        }
    }

    async fn calling(&mut self, call: CallId) -> Result<ReminderStep> {
        self.tx
            .reminder_stands(self.appointment, "calling", None, None, None)
            .await?;
        Ok(ReminderStep::Follow { call })
    }

    async fn record(&mut self, line: Line<'_>) -> Result<()> {
        let Line {
            verdict,
            call,
            attempt,
            reason,
            words,
            facts,
        } = line;
        let (appointment, made_at) = (self.appointment, self.now);
        self.tx
            .record_decision(&Decision {
                appointment,
                call,
                attempt,
                made_at,
                verdict,
                reason,
                words,
                facts,
            })
            .await
    }

    /// What the decision was taken from, without a name or a number.
    fn facts(&self) -> Value {
        let appointment = &self.row.facts.appointment;
        json!({
            "status": appointment.status,
            "starts_at": appointment.starts_at,
            "known_at": appointment.known_at,
            "version": self.row.appointment_version,
            "call_before_hours": appointment.call_before_hours,
            "attempts": self.row.facts.attempts.len(),
            "opted_out": self.row.facts.contact.opted_out,
        })
    }
}
