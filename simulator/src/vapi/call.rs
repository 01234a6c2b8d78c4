//! One call: how it will go, how far it has come, and what the outside sees of it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};

use super::{
    Direction, Outcome, WebhookFault,
    scenario::{Analysis, CallScript, Scenario},
    tools::ToolUse,
};
use crate::{
    chance::{dice, happens, weighted, within},
    retell::words,
};

/// How a call will go, decided when it is created.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) outcome: Outcome,
    /// As it will last, after the speed was applied.
    pub(super) ring: Duration,
    pub(super) talk: Duration,
    pub(super) analysis: Duration,
    pub(super) no_analysis: bool,
    /// As it would have lasted in life.
    pub(super) talk_ms: i64,
    pub(super) stuck: bool,
    pub(super) tools: Vec<ToolUse>,
    messages: BTreeMap<String, WebhookFault>,
    drawn: [Fate; 4],
}

/// What happens to one message of the call, and how long it is held back if that is "delay".
#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    pub(super) fault: WebhookFault,
    pub(super) delay: Duration,
}

impl Plan {
    /// The plan of the `nth` call with a person's number, counted from 0.
    pub(super) fn of(scenario: &Scenario, person: &str, nth: usize) -> Self {
        let mut dice = dice(scenario.seed, &["call", person, &nth.to_string()]);
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
        let [ring, talk, analysis] = [
            timing.ring_seconds,
            timing.talk_seconds,
            timing.analysis_seconds,
        ]
        .map(|range| within(&mut dice, range));
        let mut chance = |probability| happens(&mut dice, &[((), probability)]).is_some();
        let (stuck, no_analysis) = (
            chance(scenario.faults.call.stuck),
            chance(scenario.faults.call.no_analysis),
        );
        let lasts = |seconds: f64| Duration::from_secs_f64(seconds / timing.speed);
        let scripted =
            |part: fn(&CallScript) -> Option<bool>, chance| script.and_then(part).unwrap_or(chance);
        Self {
            outcome: script.map_or(drawn, |script| script.outcome),
            ring: lasts(ring),
            talk: lasts(talk),
            analysis: lasts(analysis),
            no_analysis: scripted(|script| script.no_analysis, no_analysis),
            talk_ms: (talk * 1000.0) as i64,
            stuck: scripted(|script| script.stuck, stuck),
            tools: script
                .map(|script| script.tools.clone())
                .unwrap_or_default(),
            messages: script
                .map(|script| script.messages.clone())
                .unwrap_or_default(),
            drawn: std::array::from_fn(|_| fate(scenario, &mut dice)),
        }
    }

    /// What happens to the message of this name, the `nth` of the call.
    pub(super) fn fate(&self, name: &str, nth: usize) -> Fate {
        let drawn = self.drawn.get(nth % self.drawn.len()).copied();
        let drawn = drawn.unwrap_or(Fate {
            fault: WebhookFault::None,
            delay: Duration::ZERO,
        });
        match self.messages.get(name) {
            Some(fault) => Fate {
                fault: *fault,
                ..drawn
            },
            None => drawn,
        }
    }
}

fn fate(scenario: &Scenario, dice: &mut StdRng) -> Fate {
    let faults = &scenario.faults.webhook;
    let fault = happens(dice, &faults.chances()).unwrap_or(WebhookFault::None);
    let delay = Duration::from_secs_f64(within(dice, faults.delay_seconds));
    Fate { fault, delay }
}

/// A call that was created.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) direction: Direction,
    /// Missing until one was named.
    pub(super) assistant_id: Option<String>,
    pub(super) phone_number_id: String,
    /// Known of calls that came in.
    pub(super) our_number: Option<String>,
    /// Missing when it is withheld.
    pub(super) person: Option<String>,
    pub(super) name: Option<String>,
    pub(super) overrides: Value,
    pub(super) plan: Plan,
    pub(super) seed: u64,
    pub(super) shows: Shows,
    pub(super) status: &'static str,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) started_ms: Option<i64>,
    pub(super) ended: Option<Ended>,
    pub(super) analyzed: bool,
    /// Whether messages are still to come.
    pub(super) in_progress: bool,
}

/// What the account is set up to show.
#[derive(Debug, Clone)]
pub(super) struct Shows {
    pub(super) outcome_field: String,
    pub(super) overrides: bool,
    pub(super) analysis: Analysis,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) reason: String,
    pub(super) at_ms: i64,
}

impl Call {
    /// The text under one of our keys in the metadata.
    pub(super) fn metadata_text(&self, key: &str) -> Option<String> {
        let text = self.overrides.get("metadata")?.get(key)?.as_str()?;
        Some(text.to_owned())
    }

    pub(super) fn on_the_line(&self) -> bool {
        self.ended.is_none()
    }

    /// The call as reads show it at this moment. Unknown fields are absent, as at Vapi.
    pub(super) fn object(&self) -> Value {
        let mut call = self.head();
        if self.ended.is_some() {
            call.insert("artifact".into(), self.artifact().into());
        }
        if self.analyzed {
            call.insert("analysis".into(), self.analysis());
        }
        call.into()
    }

    /// The call as messages show it.
    pub(super) fn head(&self) -> Map<String, Value> {
        let mut call = Map::new();
        let mut set = |key: &str, value: Value| {
            if !value.is_null() {
                call.insert(key.to_owned(), value);
            }
        };
        let kind = match self.direction {
            Direction::Outbound => "outboundPhoneCall",
            Direction::Inbound => "inboundPhoneCall",
        };
        set("id", self.id.as_str().into());
        set("orgId", "b3b80000-0000-4000-a000-000000000001".into());
        set("type", kind.into());
        set("status", self.status.into());
        set("createdAt", iso(self.created_ms).into());
        set("updatedAt", iso(self.updated_ms).into());
        set("startedAt", self.started_ms.map(iso).into());
        set("phoneCallProvider", "twilio".into());
        set("phoneNumberId", self.phone_number_id.as_str().into());
        set("assistantId", self.assistant_id.clone().into());
        set("customer", self.customer());
        set("name", self.name.clone().into());
        if self.shows.overrides {
            set("assistantOverrides", self.overrides.clone());
        }
        if let Some(ended) = &self.ended {
            set("endedAt", iso(ended.at_ms).into());
            set("endedReason", ended.reason.as_str().into());
            set("cost", 0.14.into());
        }
        call
    }

    pub(super) fn customer(&self) -> Value {
        match &self.person {
            Some(number) => json!({ "number": number }),
            None => json!({}),
        }
    }

    /// What was recorded. Its addresses are signed when they are sent.
    pub(super) fn artifact(&self) -> Map<String, Value> {
        let mut artifact = Map::new();
        let variables = self.overrides.get("variableValues");
        artifact.extend(variables.map(|values| ("variableValues".to_owned(), values.clone())));
        if self.started_ms.is_none() {
            return artifact;
        }
        let talk = words::conversation(
            self.plan.outcome,
            &mut dice(self.seed, &["words", &self.id]),
        );
        let name = |role: &str| if role == "agent" { "AI" } else { "User" };
        let said = talk.iter();
        let transcript: String = said
            .map(|(role, words)| format!("{}: {words}\n", name(role)))
            .collect();
        artifact.insert("transcript".into(), transcript.into());
        let url = format!(
            "https://recordings.example.net/{}.wav?signature={UNSIGNED}",
            self.id
        );
        artifact.insert("recordingUrl".into(), url.into());
        if self.analyzed && self.shows.analysis == Analysis::StructuredOutputs {
            artifact.insert("structuredOutputs".into(), self.outputs());
        }
        artifact
    }

    /// What the analysis found: nothing when it is not set up or was not made.
    pub(super) fn analysis(&self) -> Value {
        if self.plan.no_analysis || self.started_ms.is_none() {
            return json!({});
        }
        let mut analysis =
            json!({"summary": words::summary(self.plan.outcome), "successEvaluation": "true"});
        if let (Analysis::StructuredData, Some(analysis)) =
            (self.shows.analysis, analysis.as_object_mut())
        {
            analysis.insert("structuredData".into(), self.data().into());
        }
        analysis
    }

    fn data(&self) -> Map<String, Value> {
        let outcome = self.plan.outcome;
        let opted_out = matches!(outcome, Outcome::DoNotCall | Outcome::CancelledAndDoNotCall);
        Map::from_iter([
            (
                self.shows.outcome_field.clone(),
                words::action(outcome).into(),
            ),
            ("opt_out".to_owned(), opted_out.into()),
            (
                "voicemail".to_owned(),
                (outcome == Outcome::Voicemail).into(),
            ),
            ("sentiment".to_owned(), words::sentiment(outcome).into()),
        ])
    }

    fn outputs(&self) -> Value {
        let data = if self.plan.no_analysis {
            Map::new()
        } else {
            self.data()
        };
        let named = data.into_iter().enumerate();
        named
            .map(|(nth, (name, result))| {
                let id = format!("550e8400-e29b-41d4-a716-{nth:012}");
                (id, json!({"name": name, "result": result}))
            })
            .collect()
    }
}

/// What stands for the signature of an address until it is sent.
pub(super) const UNSIGNED: &str = "0000unsigned0000";

pub(super) fn iso(at_ms: i64) -> String {
    format!(
        "{:.3}",
        Timestamp::from_millisecond(at_ms).unwrap_or_default()
    )
}

/// The reason with which a call ends that went as planned.
pub(super) fn ending(outcome: Outcome, direction: Direction) -> &'static str {
    match outcome {
        Outcome::Confirmed | Outcome::Rescheduled => "assistant-ended-call",
        Outcome::Cancelled
        | Outcome::NoClearAnswer
        | Outcome::DoNotCall
        | Outcome::CancelledAndDoNotCall => "customer-ended-call",
        Outcome::Voicemail => "voicemail",
        Outcome::NoAnswer if direction == Direction::Inbound => {
            "call.ringing.sip-inbound-caller-hungup-before-call-connect"
        }
        Outcome::NoAnswer => "customer-did-not-answer",
        Outcome::Declined | Outcome::Busy => "customer-busy",
        Outcome::InvalidNumber => "twilio-reported-customer-misdialed",
        Outcome::Failed => "call.in-progress.error-providerfault-transport-never-connected",
        Outcome::Dropped => "call.in-progress.error-vapifault-worker-died",
        Outcome::NoPayment => "call.start.error-subscription-insufficient-credits",
        Outcome::StrangeReason => "call.swallowed-by-whale",
    }
}

/// Whether somebody or something picks up.
pub(super) fn connects(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Confirmed
            | Outcome::Cancelled
            | Outcome::Rescheduled
            | Outcome::NoClearAnswer
            | Outcome::Voicemail
            | Outcome::Dropped
            | Outcome::DoNotCall
            | Outcome::CancelledAndDoNotCall
    )
}
