//! Reason codes: why a call was made, delayed or refused. A code is never reused for another meaning.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $words:literal;)*) => {
        /// Why a call was not made, or not yet. Stored by its code and shown with its words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)*
        }

        impl Reason {
            pub const ALL: &[Reason] = &[$(Reason::$variant),*];

            /// The stable code, as stored and shown in every interface.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code),* }
            }

            /// One plain sentence without a full stop.
            pub const fn words(self) -> &'static str {
                match self { $(Reason::$variant => $words),* }
            }

            pub fn from_code(code: &str) -> Option<Reason> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }
        }
    };
}

reasons! {
    TenantNotLive = "tenant_not_live", "the business has not been switched live yet";
    TenantPaused = "tenant_paused", "dialing is paused for this business";
    ConfigurationIncomplete = "configuration_incomplete", "the settings needed to place a call are not complete";
    AppointmentCancelled = "appointment_cancelled", "the appointment was cancelled";
    AppointmentConfirmed = "appointment_confirmed", "the appointment is already confirmed";
    AppointmentMoved = "appointment_moved", "the appointment was moved to another time";
    AppointmentPast = "appointment_past", "the appointment is already past";
    LateBooking = "late_booking", "the appointment was booked after the time its reminder was due";
    NoOpenTime = "no_open_time", "no opening time is left before the appointment";
    OutsideHours = "outside_hours", "it is outside the calling hours";
    ClosedDay = "closed_day", "it is a day without calling hours";
    Holiday = "holiday", "it is a public holiday";
    InsideBuffer = "inside_buffer", "it is too near to the appointment to call";
    TooClose = "too_close", "another try would come too near to the appointment";
    OptedOut = "opted_out", "this person asked not to be called";
    ConsentMissing = "consent_missing", "consent to be called is required and not recorded";
    NumberMissing = "number_missing", "there is no phone number";
    NumberInvalid = "number_invalid", "the phone number cannot be called";
    SameNumberCooldown = "same_number_cooldown", "this number was called a short time ago";
    Limit15Minutes = "limit_15_minutes", "the limit of calls in 15 minutes is reached";
    LimitDay = "limit_day", "the limit of calls in a day is reached";
    LimitConcurrent = "limit_concurrent", "the limit of calls at the same time is reached";
    CapPerDay = "cap_per_day", "this person has been called often enough today";
    CapPerWeek = "cap_per_week", "this person has been called often enough this week";
    CircuitOpen = "circuit_open", "the phone provider is failing and is being left alone for a while";
    RetriesSpent = "retries_spent", "every permitted try was made without reaching anybody";
    SystemicFailure = "systemic_failure", "the provider refuses calls for a cause that affects every call";
    DialUncertain = "dial_uncertain", "it could not be found out whether the phone rang";
    /// The provider's own pace (calls a second), beyond the limits of the tenant.
    ProviderPace = "provider_pace", "calls are started one after another at the provider's pace";
    /// Someone answered, and neither confirmed, cancelled nor asked for another time.
    NoClearAnswer = "no_clear_answer", "someone answered without confirming or cancelling";
    AwaitingReschedule = "awaiting_reschedule", "the person asked for another time";
    /// A call that was authorized but not placed in time for its authorization to hold.
    AuthorizationExpired = "authorization_expired", "the permission to dial ran out before the call was placed";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
