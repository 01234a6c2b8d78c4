//! One phone call: its states and how it can end.

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
