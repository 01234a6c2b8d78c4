//! Retell's questions, over one kept-alive connection: who calls, and functions that an agent asks for in the call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use providers::retell::webhook::{SIGNATURE_HEADER, sign};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::people::People;
use crate::{load::Sender, post::Post, stage::Stage, webhooks::API_KEY};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    WhoCalls,
    Function(Function),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Function {
    LookUp,
    Confirm,
    FreeSlots,
    Note,
    Book,
    Reschedule,
    Cancel,
    OptOut,
}

impl Function {
    /// In an order in which none takes away what a later one needs.
    pub(crate) const ALL: [Self; 8] = [
        Self::LookUp,
        Self::Confirm,
        Self::FreeSlots,
        Self::Note,
        Self::Book,
        Self::Reschedule,
        Self::Cancel,
        Self::OptOut,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LookUp => "look_up",
            Self::Confirm => "confirm",
            Self::FreeSlots => "free_slots",
            Self::Note => "note",
            Self::Book => "book",
            Self::Reschedule => "reschedule",
            Self::Cancel => "cancel",
            Self::OptOut => "opt_out",
        }
    }

    fn arguments(self, number: u64) -> Value {
        match self {
            Self::LookUp | Self::Confirm | Self::FreeSlots | Self::OptOut => json!({}),
            Self::Cancel => json!({"appointment": "next"}),
            Self::Note => json!({"text": format!("Please park ramp number {number} at the door")}),
            Self::Book => json!({"when": a_working_hour(number)}),
            Self::Reschedule => {
                json!({"appointment": "next", "new_datetime": a_working_hour(number)})
            }
        }
    }

    /// What can be done for everybody is; the rest is done for whoever has an appointment.
    const fn needs_appointment(self) -> bool {
        matches!(self, Self::Confirm | Self::Reschedule | Self::Cancel)
    }
}

/// Another one for each number, for as many as there are in two months to come. A clinic with as many appointments as this
/// has place for them all.
fn a_working_hour(number: u64) -> String {
    let (week, rest) = (number / 40 % 7, number % 40);
    let (day, hour) = (rest / 8, 9 + rest % 8);
    let days = i64::try_from(7 * (week + 1) + day).unwrap_or_default();
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let monday = today - i64::from(today.weekday().to_monday_zero_offset()).days();
    format!("{} {hour:02}:00", monday + days.days())
}

pub(crate) struct Questions {
    post: Post,
    path: String,
    people: People,
    question: Question,
    unanswered: Unanswered,
}

/// How many questions got the answer that says nothing, as they took too long.
pub(crate) type Unanswered = Arc<AtomicU64>;

impl Questions {
    pub(crate) async fn connect(
        stage: &Stage,
        people: &People,
        question: Question,
        unanswered: &Unanswered,
    ) -> Result<Self> {
        Ok(Self {
            post: Post::connect(stage.port).await?,
            path: format!("/hooks/{}", stage.source_key),
            people: *people,
            question,
            unanswered: unanswered.clone(),
        })
    }

    fn body(&self, number: u64) -> String {
        let (from, to, agent) = (self.people.caller(number), "+442079460000", "agent_bench");
        let asked = match self.question {
            Question::WhoCalls => json!({"event": "call_inbound", "call_inbound":
                {"from_number": from, "to_number": to, "agent_id": agent, "agent_version": 1}}),
            Question::Function(function) => {
                json!({"name": function.name(), "args": function.arguments(number),
                "call": {"call_id": format!("call_bench_{number}"), "call_type": "phone_call", "agent_id": agent,
                         "direction": "inbound", "from_number": from, "to_number": to, "call_status": "ongoing"}})
            }
        };
        asked.to_string()
    }

    /// Fails unless the answer is about the person.
    fn check(&self, number: u64, answer: &[u8]) -> Result<()> {
        let answer: Value = serde_json::from_slice(answer)?;
        match self.question {
            Question::WhoCalls => {
                let told = answer.pointer("/call_inbound/dynamic_variables");
                if told.is_none() {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                let told = |name| told.and_then(|told| told.get(name)).and_then(Value::as_str);
                let expected = if self.people.is_expected(number) {
                    "1"
                } else {
                    "0"
                };
                ensure!(
                    told("caller") == Some("known")
                        && told("appointment_count") == Some(expected)
                        && told("memory_summary")
                            .is_some_and(|summary| summary.contains("bookkeeping")),
                    "somebody was not remembered: {answer}"
                );
            }
            Question::Function(function) => {
                let told = answer
                    .get("result")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let told: Value = serde_json::from_str(told)?;
                let done = told.get("ok") == Some(&Value::Bool(true));
                ensure!(
                    done || (function.needs_appointment() && !self.people.is_expected(number)),
                    "{} was not done: {told}",
                    function.name()
                );
            }
        }
        Ok(())
    }
}

impl Sender for Questions {
    async fn send(&mut self, number: u64) -> Result<()> {
        let body = self.body(number);
        let now = Timestamp::now().as_millisecond();
        let signature = sign(body.as_bytes(), &API_KEY.into(), now);
        let headers = [
            ("content-type", "application/json"),
            (SIGNATURE_HEADER, signature.as_str()),
        ];
        let (status, answer) = self.post.ask(&self.path, &headers, body).await?;
        ensure!(status.is_success(), "a question was answered {status}");
        self.check(number, &answer)
    }
}

/// Asks until a row of questions is answered: ingress finds a database that was away by itself.
pub(crate) async fn until_answered(stage: &Stage, people: &People) -> Result<()> {
    const IN_A_ROW: u64 = 40;
    let give_up = Instant::now() + Duration::from_secs(60);
    let unanswered = Unanswered::default();
    let mut questions = Questions::connect(stage, people, Question::WhoCalls, &unanswered).await?;
    let mut answered = 0;
    while answered < IN_A_ROW {
        let sent = questions.send(answered).await;
        match (sent, unanswered.swap(0, Ordering::Relaxed)) {
            (Ok(()), 0) => answered += 1,
            (sent, _) => {
                ensure!(
                    Instant::now() < give_up,
                    "the database is not found again: {sent:?}"
                );
                answered = 0;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    Ok(())
}
