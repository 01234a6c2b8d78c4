//! How a call will go, and how such calls end.

use std::{collections::BTreeMap, time::Duration};

use rand::rngs::StdRng;

use super::{
    Direction, Outcome, WebhookFault,
    scenario::{CallScript, Scenario},
    tools::ToolUse,
};
use crate::chance::{dice, happens, weighted, within};

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
    /// What the person says besides.
    pub(super) says: Vec<String>,
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
            says: script.map(|script| script.says.clone()).unwrap_or_default(),
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
