//! One step of a reminder: facts, decision and, if it is to dial, the gates and the call, in one transaction.

use domain::{
    gates::{self, Verdict},
    ids::{AppointmentId, CallId},
    reminder::{self, Deferral, Ending, Step},
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{Decision, ReminderRow, Result, Store, TenantTx};
use workflows::contract::{At, ReminderInput, ReminderStep};

/// When the facts contradict each other for a moment.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

pub(crate) async fn advance(store: &Store, input: &At<ReminderInput>) -> Result<ReminderStep> {
    let (now, appointment) = (input.now, input.of.appointment);
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let Some(row) = tx.lock_reminder(appointment, now).await? else {
        // Erased since: nobody is left to be called.
        return Ok(ReminderStep::Finished {
            ending: Ending::NotNeeded,
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
    let step = reminder::next_step(now, &turn.row.facts, &turn.settings);
    let answer = match step {
        Step::Dial { attempt } => turn.dial(attempt).await?,
        other => turn.stand(other).await?,
    };
    turn.tx.commit().await?;
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

impl Turn {
    async fn dial(&mut self, attempt: u32) -> Result<ReminderStep> {
        let Some(e164) = self.row.e164.clone() else {
            return self
                .stand(Step::Finish {
                    ending: Ending::Refused,
                    reason: None,
                })
                .await;
        };
        let buffer =
            SignedDuration::from_hours(self.settings.reminders.appointment_buffer_hours.into());
        let latest = self.row.facts.appointment.starts_at - buffer;
        let (_, facts) = self
            .tx
            .lock_gates(self.appointment, &e164, self.now, latest)
            .await?;
        match gates::judge(self.now, &facts) {
            Verdict::Dial => {
                let call = self
                    .tx
                    .authorize_call(
                        self.appointment,
                        self.row.appointment_version,
                        attempt,
                        &e164,
                        self.now,
                    )
                    .await?;
                self.tx.defer_reminder(self.appointment, None).await?;
                let words = format!("call {attempt} may be placed: every gate is open");
                self.decide(
                    "dial",
                    Some(call),
                    Some(attempt),
                    None,
                    &words,
                    json!({ "gates": facts }),
                )
                .await?;
                self.calling(call).await
            }
            Verdict::Later { reason, until } => {
                let deferral = Deferral { reason, until };
                self.tx
                    .defer_reminder(self.appointment, Some(deferral))
                    .await?;
                self.row.facts.deferral = Some(deferral);
                let words = format!("call {attempt} was put off: {}", reason.words());
                self.decide(
                    "wait",
                    None,
                    Some(attempt),
                    Some(reason),
                    &words,
                    json!({ "gates": facts }),
                )
                .await?;
                match reminder::next_step(self.now, &self.row.facts, &self.settings) {
                    // The gates were asked a moment ago; asking them again would change nothing.
                    Step::Dial { .. } => {
                        self.stand(Step::Wait {
                            until,
                            reason: Some(reason),
                        })
                        .await
                    }
                    step => self.stand(step).await,
                }
            }
        }
    }

    /// Records where the reminder stands now, and why.
    async fn stand(&mut self, step: Step) -> Result<ReminderStep> {
        match step {
            Step::Wait { until, reason } => {
                self.tx
                    .reminder_stands(self.appointment, "waiting", Some(until), reason, None)
                    .await?;
                let words = match reason {
                    Some(reason) => {
                        format!("waits until {}: {}", self.local(until), reason.words())
                    }
                    None => format!("waits until {}, when the call is due", self.local(until)),
                };
                self.decide("wait", None, None, reason, &words, self.facts())
                    .await?;
                Ok(ReminderStep::Wait { until, reason })
            }
            Step::Follow => match self.row.open_call {
                Some(call) => self.calling(call).await,
                None => Ok(ReminderStep::Wait {
                    until: self.now + LOOK_AGAIN,
                    reason: None,
                }),
            },
            Step::Finish { ending, reason } => {
                self.tx
                    .reminder_stands(self.appointment, "finished", None, reason, Some(ending))
                    .await?;
                self.tx.defer_reminder(self.appointment, None).await?;
                let words = match reason {
                    Some(reason) => format!("ended as {ending}: {}", reason.words()),
                    None => format!("ended as {ending}"),
                };
                let verdict = if ending == Ending::Refused {
                    "refuse"
                } else {
                    "finish"
                };
                self.decide(verdict, None, None, reason, &words, self.facts())
                    .await?;
                Ok(ReminderStep::Finished { ending, reason })
            }
            Step::Dial { .. } => Ok(ReminderStep::Wait {
                until: self.now + LOOK_AGAIN,
                reason: None,
            }),
        }
    }

    async fn calling(&mut self, call: CallId) -> Result<ReminderStep> {
        self.tx
            .reminder_stands(self.appointment, "calling", None, None, None)
            .await?;
        Ok(ReminderStep::Follow { call })
    }

    async fn decide(
        &mut self,
        verdict: &'static str,
        call: Option<CallId>,
        attempt: Option<u32>,
        reason: Option<domain::Reason>,
        words: &str,
        facts: serde_json::Value,
    ) -> Result<()> {
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
    fn facts(&self) -> serde_json::Value {
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

    fn local(&self, at: Timestamp) -> String {
        let zone = self
            .row
            .facts
            .appointment
            .zones
            .first()
            .cloned()
            .unwrap_or(jiff::tz::TimeZone::UTC);
        at.to_zoned(zone)
            .strftime("%A %-d %B %Y %H:%M %Z")
            .to_string()
    }
}
