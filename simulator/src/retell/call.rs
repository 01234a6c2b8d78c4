//! One call: how it will go, how far it has come, and what the outside sees of it.

use std::{sync::Arc, time::Duration};

use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::{
    scenario::{CallScript, Outcome, Scenario, WebhookFault},
    words,
};
use crate::chance::{dice, happens, weighted, within};

/// How a call will go, decided when it is created.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) outcome: Outcome,
    /// As it will last, after the speed was applied.
    pub(super) ring: Duration,
    pub(super) talk: Duration,
    pub(super) analysis: Option<Duration>,
    /// As it would have lasted in life.
    pub(super) talk_ms: i64,
    /// What the person says besides.
    pub(super) says: Vec<String>,
    pub(super) stuck: bool,
    pub(super) started: Event,
    pub(super) ended: Event,
    pub(super) analyzed: Event,
}

/// What happens to one webhook of the call, and how long it is held back if that is "delay".
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) fault: WebhookFault,
    pub(super) delay: Duration,
}

impl Plan {
    /// The plan of the `nth` call with a person's number, counted from 0.
    pub(super) fn of(scenario: &Scenario, person: &str, nth: usize) -> Self {
        let count = nth.to_string();
        let mut dice = dice(scenario.seed, &["call", person, &count]);
        let script = scenario
            .script(person)
            .and_then(|script| script.calls.get(nth).or(script.calls.last()));
        let weights: Vec<(Outcome, f64)> = scenario
            .outcomes
            .iter()
            .map(|(outcome, weight)| (*outcome, *weight))
            .collect();
        // Drawn even when scripted, so that a script for one number changes nothing else of its run.
        let drawn = weighted(&mut dice, &weights).unwrap_or(Outcome::Confirmed);
        let timing = &scenario.timing;
        let ring = within(&mut dice, timing.ring_seconds);
        let talk = within(&mut dice, timing.talk_seconds);
        let talk = script
            .and_then(|script| script.talk_seconds)
            .unwrap_or(talk);
        let analysis = within(&mut dice, timing.analysis_seconds);
        let stuck = happens(&mut dice, &[((), scenario.faults.call.stuck)]).is_some();
        let no_analysis = happens(&mut dice, &[((), scenario.faults.call.no_analysis)]).is_some();
        let lasts = |seconds: f64| Duration::from_secs_f64(seconds / timing.speed);
        let scripted =
            |part: fn(&CallScript) -> Option<bool>, chance| script.and_then(part).unwrap_or(chance);
        Self {
            outcome: script.map_or(drawn, |script| script.outcome),
            ring: lasts(ring),
            talk: lasts(talk),
            analysis: (!scripted(|script| script.no_analysis, no_analysis))
                .then(|| lasts(analysis)),
            talk_ms: (talk * 1000.0) as i64,
            says: script.map(|script| script.says.clone()).unwrap_or_default(),
            stuck: scripted(|script| script.stuck, stuck),
            started: event(
                scenario,
                &mut dice,
                script.and_then(|script| script.call_started),
            ),
            ended: event(
                scenario,
                &mut dice,
                script.and_then(|script| script.call_ended),
            ),
            analyzed: event(
                scenario,
                &mut dice,
                script.and_then(|script| script.call_analyzed),
            ),
        }
    }
}

fn event(scenario: &Scenario, dice: &mut StdRng, scripted: Option<WebhookFault>) -> Event {
    let faults = &scenario.faults.webhook;
    let drawn = happens(dice, &faults.chances()).unwrap_or(WebhookFault::None);
    let delay = Duration::from_secs_f64(within(dice, faults.delay_seconds));
    Event {
        fault: scripted.unwrap_or(drawn),
        delay,
    }
}

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Outbound,
    Inbound,
}

/// A call that was created.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) direction: Direction,
    pub(super) agent_id: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) metadata: Value,
    pub(super) variables: Value,
    pub(super) plan: Plan,
    pub(super) seed: u64,
    pub(super) outcome_field: String,
    pub(super) status: &'static str,
    pub(super) created_ms: i64,
    pub(super) started_ms: Option<i64>,
    pub(super) ended: Option<Ended>,
    pub(super) analyzed: bool,
    /// Whether events are still to come.
    pub(super) in_progress: bool,
    pub(super) hang_up: Arc<Notify>,
    /// Ends the talk as it was to end.
    pub(super) talk_over: Arc<Notify>,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) reason: &'static str,
    pub(super) at_ms: Option<i64>,
    pub(super) duration_ms: Option<i64>,
}

impl Call {
    /// The text under one of our keys in the metadata.
    pub(super) fn metadata_text(&self, key: &str) -> Option<String> {
        self.metadata
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    /// The number of the person on the other side; of a caller it may be withheld.
    pub(super) fn person(&self) -> &str {
        match self.direction {
            Direction::Outbound => &self.to,
            Direction::Inbound => &self.from,
        }
    }

    /// Whether it occupies a line.
    pub(super) fn on_the_line(&self) -> bool {
        matches!(self.status, "registered" | "ongoing")
    }

    /// The call as the interface shows it at this moment. Unknown fields are absent, as at Retell.
    pub(super) fn object(&self) -> Value {
        let mut call = self.head();
        if self.ended.is_some() && self.started_ms.is_some() {
            let dice = &mut dice(self.seed, &["words", &self.to]);
            let talk = words::conversation(self.plan.outcome, &self.plan.says, dice);
            set(&mut call, "transcript", words::transcript(&talk));
            set(
                &mut call,
                "transcript_object",
                words::transcript_object(&talk),
            );
            set(
                &mut call,
                "recording_url",
                format!("https://recordings.example.net/{}.wav", self.id),
            );
        }
        call
    }

    /// The call without its words: all that lists filter by.
    pub(super) fn head(&self) -> Value {
        let mut call = json!({
            "call_id": self.id,
            "call_type": "phone_call",
            "agent_id": self.agent_id,
            "agent_version": 1,
            "agent_name": "Reception",
            "call_status": self.status,
            "direction": self.direction,
            "from_number": self.from,
            "to_number": self.to,
            "data_storage_setting": "everything",
            "retell_llm_dynamic_variables": self.variables,
        });
        set(&mut call, "metadata", self.metadata.clone());
        set(&mut call, "start_timestamp", self.started_ms);
        if let Some(ended) = &self.ended {
            set(&mut call, "disconnection_reason", ended.reason);
            set(&mut call, "end_timestamp", ended.at_ms);
            set(&mut call, "duration_ms", ended.duration_ms);
            set(&mut call, "call_cost", ended.duration_ms.map(cost));
        }
        if self.analyzed {
            set(&mut call, "call_analysis", self.analysis());
        }
        call
    }

    fn analysis(&self) -> Value {
        let outcome = self.plan.outcome;
        if self.started_ms.is_none() {
            return json!({"call_successful": false, "in_voicemail": false, "custom_analysis_data": {}});
        }
        let mut custom = Map::new();
        custom.insert(self.outcome_field.clone(), words::action(outcome).into());
        if matches!(outcome, Outcome::DoNotCall | Outcome::CancelledAndDoNotCall) {
            custom.insert("opt_out".into(), true.into());
        }
        json!({
            "call_summary": words::summary(outcome),
            "in_voicemail": outcome == Outcome::Voicemail,
            "user_sentiment": words::sentiment(outcome),
            "call_successful": !matches!(outcome, Outcome::Voicemail | Outcome::Dropped),
            "custom_analysis_data": custom,
        })
    }
}

/// The status and reason with which a call ends that went as planned.
pub(super) fn ending(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Confirmed | Outcome::Rescheduled => ("ended", "agent_hangup"),
        Outcome::Cancelled
        | Outcome::NoClearAnswer
        | Outcome::DoNotCall
        | Outcome::CancelledAndDoNotCall => ("ended", "user_hangup"),
        Outcome::Voicemail => ("ended", "voicemail_reached"),
        Outcome::NoAnswer => ("not_connected", "dial_no_answer"),
        Outcome::Declined => ("not_connected", "user_declined"),
        Outcome::Busy => ("not_connected", "dial_busy"),
        Outcome::InvalidNumber => ("not_connected", "invalid_destination"),
        Outcome::Failed => ("error", "error_retell"),
        Outcome::Dropped => ("error", "error_llm_websocket_lost_connection"),
        Outcome::NoPayment => ("error", "no_valid_payment"),
        Outcome::StrangeReason => ("not_connected", "swallowed_by_whale"),
    }
}

/// Whether somebody or something picks up.
pub(super) fn connects(outcome: Outcome) -> bool {
    matches!(ending(outcome), ("ended", _)) || outcome == Outcome::Dropped
}

/// Whether the text is a number in E.164.
pub(crate) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// Sets a field of an object, unless the value is null.
fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    let value = value.into();
    if let (false, Some(object)) = (value.is_null(), object.as_object_mut()) {
        object.insert(key.to_owned(), value);
    }
}

fn cost(duration_ms: i64) -> Value {
    let seconds = duration_ms / 1000;
    json!({
        "combined_cost": seconds as f64 * 0.2,
        "product_costs": [],
        "total_duration_seconds": seconds,
        "total_duration_unit_price": 0.2,
    })
}
