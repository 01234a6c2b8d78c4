//! What is done about a wish. A deed is kept with the call, so that asking again gives the same answer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Function, Identity};
use crate::{
    ids::{AppointmentId, ContactId},
    phone::PhoneNumber,
    slots::NotFree,
    zone::LocalChoice,
};

/// What is done about a wish, and what is answered. It may hold personal data and so has no `Debug`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    pub function: Function,
    /// Who called, as far as this function told.
    pub identity: Identity,
    pub act: Act,
    /// Why the wish was not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    pub answer: Answer,
}

/// A change to be made, in the transaction in which it was decided.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Act {
    Nothing,
    Confirm {
        appointment: AppointmentId,
        version: i32,
    },
    Cancel {
        appointment: AppointmentId,
        version: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It stands anew at another time, of the same length.
    Move {
        appointment: AppointmentId,
        version: i32,
        starts_at: Timestamp,
        minutes: u16,
        choice: LocalChoice,
    },
    /// In the tenant's zone.
    Book {
        contact: ContactId,
        starts_at: Timestamp,
        minutes: u16,
        choice: LocalChoice,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
    },
    Note {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<ContactId>,
        /// The name that was given, by somebody who is not identified too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The number that was given to call back.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
        number: Option<PhoneNumber>,
        text: String,
        urgent: bool,
    },
    /// A colleague has to call back.
    FollowUp(FollowUp),
    /// This number is not called any more, nor any other of this person. One of the two is known.
    OptOut {
        #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
        number: Option<PhoneNumber>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<ContactId>,
    },
}

/// What a colleague calls back about.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What the caller wanted: [`Function::Book`], [`Function::Reschedule`] or [`Function::FreeSlots`].
    pub wanted: Function,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The name that was given, by somebody who is not identified too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The appointment to be moved, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<(AppointmentId, i32)>,
    /// The time that would suit: `2027-03-29` or, in the tenant's zone, `2027-03-29 09:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The number to call: the one that was given, else that of the call.
    #[serde(with = "crate::phone::e164")]
    pub number: PhoneNumber,
}

coded_enum! {
    /// What a note for the people of the business is.
    #[derive(Default)]
    NoteKind {
        /// What a caller left. Only this is told to an agent as an open matter.
        #[default]
        Note = "note",
        /// A colleague has to call back.
        CallBack = "call_back",
        /// Something that was arranged is to be entered in the business' own calendar.
        ToEnter = "to_enter",
        /// A whole call, which sounds like a complaint or a dispute.
        Call = "call",
    }
}

coded_enum! {
    /// Why a wish was not met.
    Refusal {
        /// The call came in on no line of the business.
        LineUnknown = "line_unknown",
        CallUnknown = "call_unknown",
        CallOver = "call_over",
        NotIdentified = "not_identified",
        /// The tenant does not want agents to be told of appointments.
        NotTold = "not_told",
        /// The person has none to come.
        NoAppointment = "no_appointment",
        /// The person has none like that.
        NoSuchAppointment = "no_such_appointment",
        /// Several could be meant.
        WhichAppointment = "which_appointment",
        AppointmentCancelled = "appointment_cancelled",
        AppointmentPast = "appointment_past",
        /// A colleague has to do it, since booking is off.
        BookingOff = "booking_off",
        /// The person has as many appointments to come as a call may book.
        EnoughBooked = "enough_booked",
        /// No time was named.
        TimeMissing = "time_missing",
        Past = "past",
        TooSoon = "too_soon",
        TooFar = "too_far",
        ClosedDay = "closed_day",
        Holiday = "holiday",
        OutsideHours = "outside_hours",
        NotAStart = "not_a_start",
        Busy = "busy",
        CalendarUnknown = "calendar_unknown",
        NothingFree = "nothing_free",
        /// There is no number to call back, or to opt out.
        NumberMissing = "number_missing",
        /// An opt-out was asked for another number than that of the call.
        OtherNumber = "other_number",
    }
}

impl Refusal {
    /// Whether it depends on which times are free, or comes with such.
    pub(super) fn is_about_times(self) -> bool {
        match self {
            Refusal::TimeMissing
            | Refusal::Past
            | Refusal::TooSoon
            | Refusal::TooFar
            | Refusal::ClosedDay
            | Refusal::Holiday
            | Refusal::OutsideHours
            | Refusal::NotAStart
            | Refusal::Busy
            | Refusal::CalendarUnknown
            | Refusal::NothingFree => true,
            Refusal::LineUnknown
            | Refusal::CallUnknown
            | Refusal::CallOver
            | Refusal::NotIdentified
            | Refusal::NotTold
            | Refusal::NoAppointment
            | Refusal::NoSuchAppointment
            | Refusal::WhichAppointment
            | Refusal::AppointmentCancelled
            | Refusal::AppointmentPast
            | Refusal::BookingOff
            | Refusal::EnoughBooked
            | Refusal::NumberMissing
            | Refusal::OtherNumber => false,
        }
    }
}

impl From<NotFree> for Refusal {
    fn from(not_free: NotFree) -> Refusal {
        match not_free {
            NotFree::Past => Refusal::Past,
            NotFree::TooSoon => Refusal::TooSoon,
            NotFree::TooFar => Refusal::TooFar,
            NotFree::ClosedDay => Refusal::ClosedDay,
            NotFree::Holiday => Refusal::Holiday,
            NotFree::OutsideHours => Refusal::OutsideHours,
            NotFree::NotAStart => Refusal::NotAStart,
            NotFree::Busy => Refusal::Busy,
            NotFree::Unknown => Refusal::CalendarUnknown,
        }
    }
}

/// A number that may be absent.
mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::PhoneNumber;

    pub(super) fn serialize<S: Serializer>(
        number: &Option<PhoneNumber>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        number.as_ref().map(PhoneNumber::e164).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PhoneNumber>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let number = text.map(|text| PhoneNumber::from_e164(&text));
        number.transpose().map_err(D::Error::custom)
    }
}
