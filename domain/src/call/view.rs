//! What is known of a call: the join of everything heard about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AppointmentAction, CallOutcome, CallReview, CallState, Disconnection, Observation,
    ObservationKind, ProviderStatus, Sentiment,
};

/// What a set of observations says about a call.
///
/// Order and repetition do not matter, and neither does a missing one as long as what it said is
/// also said by another: each field is a join (any, least, greatest) over the set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    pub state: CallState,
    /// `None` while the call runs, and while somebody answered and the analysis is outstanding.
    pub outcome: Option<CallOutcome>,
    pub ended: bool,
    pub analyzed: bool,
    /// Whether something, a person or a machine, picked up.
    pub answered: bool,
    /// What the person decided. Stands beside an outcome of [`CallOutcome::DoNotCall`], so that
    /// somebody who cancels and asks not to be called again gets both. Never taken from a machine.
    pub action: Option<AppointmentAction>,
    /// The person asked not to be called again.
    pub opt_out: bool,
    pub disconnection: Option<Disconnection>,
    /// The provider's own word for the disconnection.
    pub disconnection_reason: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub duration_ms: Option<u64>,
    /// Why a person should look at the call, whatever its outcome.
    pub review: Option<CallReview>,
    /// What the conversation was about, in the provider's words; the longest of several.
    pub topic: Option<String>,
    pub summary: Option<String>,
    pub sentiment: Option<Sentiment>,
}

impl CallView {
    /// The view of a set of observations. Of an empty set, a call that is queued.
    pub fn join(observations: &[Observation]) -> CallView {
        let heard = Heard::from(observations);
        CallView {
            state: heard.state(),
            outcome: heard.outcome(),
            ended: heard.ended,
            analyzed: heard.analyzed,
            answered: heard.answered,
            action: heard.believed_action(),
            opt_out: heard.opt_out(),
            disconnection: heard.disconnection,
            disconnection_reason: heard.reason.clone(),
            started_at: heard.started_at,
            ended_at: heard.ended_at,
            duration_ms: heard.duration_ms,
            review: heard.review(),
            topic: heard.topic.clone(),
            summary: heard.summary.clone(),
            sentiment: heard.sentiment,
        }
    }

    /// Whether only the analysis can still say how the call ended.
    pub fn awaiting_analysis(&self) -> bool {
        self.ended && self.outcome.is_none()
    }

    /// The outcome to settle for when the analysis never comes. Of a call that is not known to
    /// have ended, [`CallOutcome::Uncertain`].
    pub fn outcome_without_analysis(&self) -> CallOutcome {
        match self.outcome {
            Some(outcome) => outcome,
            None if !self.ended => CallOutcome::Uncertain,
            None if self.state == CallState::Failed => CallOutcome::Failed,
            None => CallOutcome::NoClearAnswer,
        }
    }
}

/// The observations folded into one, before anything is concluded.
#[derive(Default)]
struct Heard {
    status: Option<ProviderStatus>,
    disconnection: Option<Disconnection>,
    reason: Option<String>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    duration_ms: Option<u64>,
    any: bool,
    ended: bool,
    answered: bool,
    analyzed: bool,
    machine: Option<bool>,
    action: Option<AppointmentAction>,
    unclear_action: bool,
    asked_to_stop: bool,
    disagreement: bool,
    topic: Option<String>,
    summary: Option<String>,
    sentiment: Option<Sentiment>,
}

impl Heard {
    fn from(observations: &[Observation]) -> Self {
        let mut heard = Heard {
            any: !observations.is_empty(),
            ..Heard::default()
        };
        for observation in observations {
            heard.hear(observation);
        }
        heard.reason = heard.reason_of(observations);
        heard.topic = longest(observations, |each| each.topic.as_ref());
        heard.summary = longest(observations, |each| each.summary.as_ref());
        heard.disagreement = differ(observations, |each| each.disconnection)
            || differ(observations, |each| each.action)
            || differ(observations, |each| each.in_voicemail);
        heard
    }

    fn hear(&mut self, observation: &Observation) {
        self.status = self.status.max(observation.status);
        self.disconnection = self.disconnection.max(observation.disconnection);
        self.started_at = least(self.started_at, observation.started_at);
        self.ended_at = self.ended_at.max(observation.ended_at);
        self.duration_ms = self.duration_ms.max(observation.duration_ms);
        self.ended |= observation.says_ended();
        self.answered |= observation.connected
            || observation.kind == ObservationKind::Started
            || observation.status == Some(ProviderStatus::Ongoing)
            || matches!(
                observation.disconnection,
                Some(Disconnection::Talked | Disconnection::Machine)
            );
        self.analyzed |= observation.analyzed || observation.kind == ObservationKind::Analyzed;
        self.machine = self.machine.max(observation.in_voicemail);
        self.action = self.action.max(observation.action);
        self.unclear_action |= observation.unclear_action.is_some();
        self.asked_to_stop |= observation.opt_out;
        self.sentiment = self.sentiment.max(observation.sentiment);
    }

    /// The provider's word for the disconnection that was chosen; the last in the alphabet if several.
    fn reason_of(&self, observations: &[Observation]) -> Option<String> {
        observations
            .iter()
            .filter(|each| each.disconnection == self.disconnection)
            .filter_map(|each| each.disconnection_reason.as_ref())
            .max()
            .cloned()
    }

    fn opt_out(&self) -> bool {
        self.asked_to_stop || self.disconnection == Some(Disconnection::DoNotCall)
    }

    /// A machine, unless the analysis heard a person decide something after the detector thought
    /// that it was one.
    fn was_machine(&self) -> bool {
        let a_person_decided =
            self.machine == Some(false) && self.action.is_some_and(AppointmentAction::is_decisive);
        match self.disconnection {
            Some(Disconnection::Machine) => !a_person_decided,
            _ => self.machine == Some(true),
        }
    }

    fn believed_action(&self) -> Option<AppointmentAction> {
        self.action.filter(|_| !self.was_machine())
    }

    /// The disconnection, or what the bare status comes to when no reason was given.
    fn ending(&self) -> Disconnection {
        match (self.disconnection, self.status) {
            (Some(disconnection), _) => disconnection,
            (None, Some(ProviderStatus::Ended)) => Disconnection::Talked,
            (None, _) => Disconnection::Unknown,
        }
    }

    fn outcome(&self) -> Option<CallOutcome> {
        if !self.ended {
            return None;
        }
        if self.opt_out() {
            return Some(CallOutcome::DoNotCall);
        }
        if let Some(decided) = self.believed_action().and_then(decided) {
            return Some(decided);
        }
        if self.was_machine() {
            return Some(CallOutcome::Voicemail);
        }
        match self.ending() {
            Disconnection::DoNotCall => Some(CallOutcome::DoNotCall),
            Disconnection::InvalidNumber => Some(CallOutcome::InvalidNumber),
            Disconnection::Systemic => Some(CallOutcome::SystemicFailure),
            Disconnection::Machine => Some(CallOutcome::Voicemail),
            Disconnection::Busy => Some(CallOutcome::Busy),
            Disconnection::NoAnswer => Some(CallOutcome::NoAnswer),
            Disconnection::Talked | Disconnection::Stopped => {
                self.analyzed.then_some(CallOutcome::NoClearAnswer)
            }
            Disconnection::Failed | Disconnection::Unknown => {
                // A line that broke in the middle of a conversation may still have carried a decision.
                let may_have_talked = self.answered && !self.analyzed;
                (!may_have_talked).then_some(CallOutcome::Failed)
            }
        }
    }

    fn state(&self) -> CallState {
        match (self.ended, self.any) {
            (true, _) => self.final_state(),
            (false, false) => CallState::Queued,
            (false, true) if self.answered => CallState::Answered,
            (false, true) if self.status == Some(ProviderStatus::Ringing) => CallState::Ringing,
            (false, true) => CallState::Initiating,
        }
    }

    fn final_state(&self) -> CallState {
        if self
            .believed_action()
            .is_some_and(AppointmentAction::is_decisive)
            || self.asked_to_stop
        {
            return CallState::Completed;
        }
        if self.was_machine() {
            return CallState::Voicemail;
        }
        match self.ending() {
            Disconnection::Talked | Disconnection::DoNotCall => CallState::Completed,
            Disconnection::Stopped if self.answered => CallState::Completed,
            Disconnection::Stopped => CallState::Cancelled,
            Disconnection::Machine => CallState::Voicemail,
            Disconnection::Busy => CallState::Busy,
            Disconnection::NoAnswer => CallState::NoAnswer,
            Disconnection::Systemic
            | Disconnection::InvalidNumber
            | Disconnection::Failed
            | Disconnection::Unknown => CallState::Failed,
        }
    }

    fn review(&self) -> Option<CallReview> {
        let machine_decided =
            self.was_machine() && self.action.is_some_and(AppointmentAction::is_decisive);
        let without_reason = self.ended && self.disconnection.is_none();
        let unclear = self.unclear_action
            || machine_decided
            || without_reason
            || self.disconnection == Some(Disconnection::Unknown);
        match (self.disagreement, unclear) {
            (true, _) => Some(CallReview::ReportsDisagree),
            (false, true) => Some(CallReview::Unclear),
            (false, false) => None,
        }
    }
}

fn decided(action: AppointmentAction) -> Option<CallOutcome> {
    match action {
        AppointmentAction::Cancelled => Some(CallOutcome::Cancelled),
        AppointmentAction::Rescheduled => Some(CallOutcome::Rescheduled),
        AppointmentAction::Confirmed => Some(CallOutcome::Confirmed),
        AppointmentAction::NoAction => None,
    }
}

/// Whether the observations that say anything on a subject do not all say the same.
fn differ<T: PartialEq>(
    observations: &[Observation],
    subject: impl Fn(&Observation) -> Option<T>,
) -> bool {
    let mut said = observations.iter().filter_map(subject);
    said.next()
        .is_some_and(|first| said.any(|other| other != first))
}

/// The last in the alphabet of several equally long ones.
fn longest(
    observations: &[Observation],
    text: impl Fn(&Observation) -> Option<&String>,
) -> Option<String> {
    let texts = observations.iter().filter_map(text);
    texts.max_by_key(|text| (text.len(), *text)).cloned()
}

fn least<T: Ord>(left: Option<T>, right: Option<T>) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
