//! How a call stands, for whoever follows it (CALL-6). No name, no number.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    call::{CallOutcome, CallState, Direction},
    ids::CallId,
    quality::CallFlag,
};

/// How a call stands. Instants are when its process saw it, so they lie a little after what they tell of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallStatus {
    pub id: CallId,
    pub direction: Direction,
    pub state: CallState,
    pub outcome: Option<CallOutcome>,
    pub flag: Option<CallFlag>,
    /// When it was decided on, or, of one that came in, first heard of.
    pub queued_at: Timestamp,
    pub dialing_at: Option<Timestamp>,
    /// When the provider had it.
    pub placed_at: Option<Timestamp>,
    pub ringing_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// As the provider says.
    pub duration_ms: Option<u64>,
}

impl CallStatus {
    /// Nothing more is to be expected of it.
    pub fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// How long it rang, or has been ringing. Not known of a call that came in unless the provider says that it rings.
    pub fn rang(&self, now: Timestamp) -> Option<SignedDuration> {
        let placed = self.placed_at.or(self.dialing_at);
        let dialed = placed.filter(|_| self.direction == Direction::Outbound);
        let from = self.ringing_at.or(dialed)?;
        let until = self.answered_at.or(self.ended_at);
        self.span(from, until, now)
    }

    /// How long somebody has talked with the agent.
    pub fn talked(&self, now: Timestamp) -> Option<SignedDuration> {
        if let Some(told) = self.duration_ms.and_then(|ms| i64::try_from(ms).ok()) {
            return Some(SignedDuration::from_millis(told));
        }
        self.span(self.answered_at?, self.ended_at, now)
    }

    /// Up to now, as long as it lasts. Of a call that is over and whose end nobody saw, nothing is known.
    fn span(
        &self,
        from: Timestamp,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<SignedDuration> {
        let over = self.is_over() || self.state.is_final();
        let until = until.or((!over).then_some(now))?;
        Some(until.duration_since(from).max(SignedDuration::ZERO))
    }

    /// As it is answered to whoever asks at `now`.
    pub fn json(&self, now: Timestamp) -> Value {
        let milliseconds = |span: Option<SignedDuration>| {
            span.and_then(|span| i64::try_from(span.as_millis()).ok())
        };
        json!({
            "id": self.id,
            "direction": self.direction,
            "status": self.state,
            "outcome": self.outcome,
            "quality": self.flag,
            "is_over": self.is_over(),
            "ring_ms": milliseconds(self.rang(now)),
            "duration_ms": milliseconds(self.talked(now)),
            "queued_at": self.queued_at,
            "dialing_at": self.dialing_at,
            "ringing_at": self.ringing_at,
            "answered_at": self.answered_at,
            "ended_at": self.ended_at,
            "as_of": now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn dialed(state: CallState) -> CallStatus {
        CallStatus {
            id: CallId::generate(),
            direction: Direction::Outbound,
            state,
            outcome: None,
            flag: None,
            queued_at: at(0),
            dialing_at: Some(at(1)),
            placed_at: Some(at(2)),
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            duration_ms: None,
        }
    }

    fn told(status: &CallStatus, second: i64) -> (Option<i64>, Option<i64>) {
        let json = status.json(at(second));
        (json["ring_ms"].as_i64(), json["duration_ms"].as_i64())
    }

    #[test]
    fn it_rings_until_somebody_answers_and_lasts_until_it_ends() {
        let queued = CallStatus {
            dialing_at: None,
            placed_at: None,
            ..dialed(CallState::Queued)
        };
        assert_eq!(told(&queued, 9), (None, None));

        let placed = dialed(CallState::Initiating);
        assert_eq!(told(&placed, 9), (Some(7_000), None));
        let ringing = CallStatus {
            state: CallState::Ringing,
            ringing_at: Some(at(4)),
            ..placed
        };
        assert_eq!(told(&ringing, 9), (Some(5_000), None));
        let answered = CallStatus {
            state: CallState::Answered,
            answered_at: Some(at(10)),
            ..ringing
        };
        assert_eq!(told(&answered, 15), (Some(6_000), Some(5_000)));
        let ended = CallStatus {
            state: CallState::Completed,
            ended_at: Some(at(40)),
            ..answered
        };
        assert_eq!(told(&ended, 99), (Some(6_000), Some(30_000)));
        let said = CallStatus {
            duration_ms: Some(29_123),
            ..ended
        };
        assert_eq!(told(&said, 99), (Some(6_000), Some(29_123)));
    }

    #[test]
    fn a_call_that_nobody_answered_rang_until_its_end() {
        let ended = CallStatus {
            ended_at: Some(at(32)),
            ..dialed(CallState::NoAnswer)
        };
        assert_eq!(told(&ended, 99), (Some(30_000), None));
    }

    #[test]
    fn what_nobody_saw_is_not_made_up() {
        let uncertain = CallStatus {
            outcome: Some(CallOutcome::Uncertain),
            ..dialed(CallState::Failed)
        };
        assert_eq!(told(&uncertain, 99), (None, None));
        let inbound = CallStatus {
            direction: Direction::Inbound,
            dialing_at: None,
            answered_at: Some(at(3)),
            ..dialed(CallState::Answered)
        };
        assert_eq!(told(&inbound, 5), (None, Some(2_000)));
    }

    #[test]
    fn clocks_that_differ_make_no_negative_time() {
        let ringing = CallStatus {
            ringing_at: Some(at(50)),
            ..dialed(CallState::Ringing)
        };
        assert_eq!(told(&ringing, 10), (Some(0), None));
    }

    #[test]
    fn it_names_its_times_by_the_standard() {
        let json = dialed(CallState::Initiating).json(at(9));
        assert_eq!(json["queued_at"], "2027-01-15T08:00:00Z");
        assert_eq!(json["status"], "initiating");
        assert_eq!(json["is_over"], false);
        assert!(json["outcome"].is_null());
    }
}
