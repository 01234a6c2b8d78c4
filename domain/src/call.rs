//! One phone call: its states, what is heard of it, and how it can end.

mod observation;
mod view;

pub use observation::{
    AppointmentAction, Disconnection, Observation, ObservationKind, ProviderStatus,
};
pub use view::CallView;

coded_enum! {
    /// Who called whom.
    Direction {
        /// We called.
        Outbound = "outbound",
        /// We were called.
        Inbound = "inbound",
    }
}

coded_enum! {
    /// How the person felt, as the provider heard it. When two analyses differ the greater wins: somebody
    /// who was unhappy is not to be taken for content.
    Sentiment {
        Positive = "positive",
        Neutral = "neutral",
        Negative = "negative",
    }
}

coded_enum! {
    /// Where a call stands. The order is the order of a call's life: a later state is never left
    /// for an earlier one, so the state of a call is the greatest it was ever seen in.
    CallState {
        /// Authorized, and waiting for its turn.
        Queued = "queued",
        /// The request to the provider is being made.
        Processing = "processing",
        /// The provider has the call and has not said that it rings.
        Initiating = "initiating",
        Ringing = "ringing",
        Answered = "answered",
        /// Somebody answered, and the call is over.
        Completed = "completed",
        NoAnswer = "no_answer",
        Busy = "busy",
        /// A machine answered.
        Voicemail = "voicemail",
        Failed = "failed",
        /// Taken back or stopped by us before anybody answered.
        Cancelled = "cancelled",
    }
}

impl CallState {
    /// Whether the call is over.
    pub fn is_final(self) -> bool {
        self >= CallState::Completed
    }
}

coded_enum! {
    /// How a call ended, as far as its reminder cares.
    CallOutcome {
        Confirmed = "confirmed",
        Cancelled = "cancelled",
        Rescheduled = "rescheduled",
        /// Someone answered and nothing was decided.
        NoClearAnswer = "no_clear_answer",
        NoAnswer = "no_answer",
        Busy = "busy",
        Voicemail = "voicemail",
        /// A technical failure of this one call.
        Failed = "failed",
        /// A failure that would meet every call: payment, permission, credentials.
        SystemicFailure = "systemic_failure",
        InvalidNumber = "invalid_number",
        /// The person asked not to be called again.
        DoNotCall = "do_not_call",
        /// It could not be found out whether the phone rang.
        Uncertain = "uncertain",
        /// Authorized but never sent to the provider: nobody's phone rang and no attempt is spent.
        NotPlaced = "not_placed",
    }
}

coded_enum! {
    /// Why a person should look at a call.
    CallReview {
        /// The provider said two things that contradict each other, and a rule chose between them.
        ReportsDisagree = "reports_disagree",
        /// Something was said that this version does not understand, or does not dare to believe.
        Unclear = "unclear",
        /// The person answered about a time that is no longer the appointment's.
        AnswerNotApplied = "answer_not_applied",
    }
}

impl CallReview {
    /// In plain words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ReportsDisagree => {
                "what the provider reported contradicts itself; the graver report was believed"
            }
            Self::Unclear => "what was said was not understood, or a machine seems to have said it",
            Self::AnswerNotApplied => {
                "the appointment moved during the call, so the answer to the call was not applied"
            }
        }
    }
}
