//! What the database knows at the moment of a decision.

use super::{Asked, Identity};
use crate::{
    appointment::AppointmentStatus,
    context::AppointmentFacts,
    ids::{AppointmentId, ContactId},
    inbound::{Caller, Line},
    phone::PhoneNumber,
    slots::{Calendar, Span},
};

/// Everything a decision is made from, read in the transaction that acts on it.
#[derive(Clone, Copy)]
pub struct DeskFacts<'a> {
    pub line: Line,
    pub call: OnCall,
    pub caller: Caller,
    /// Who is on the other end; `None` when it is withheld.
    pub number: Option<&'a PhoneNumber>,
    /// Whom the number belongs to, when the caller is known.
    pub contact: Option<Person<'a>>,
    /// Everybody with an appointment on the [`super::Proof::days`] of the wish, and whoever was proven earlier in this
    /// call. What they are called is compared here.
    pub others: &'a [Person<'a>],
    /// Who the caller turned out to be in the functions of this call that were answered before, oldest first.
    pub earlier: &'a [Identity],
    /// The appointment that the call is about: that of a reminder.
    pub about: Option<AppointmentId>,
    pub calendar: &'a Calendar,
    /// All appointments of the business that stand and reach into [`Self::looked_through`].
    pub taken: &'a [Taken],
    /// No time outside of it is given away.
    pub looked_through: Span,
}

coded_enum! {
    /// What is known of the call in which something is asked.
    OnCall {
        Live = "live",
        /// Over; what is asked came late.
        Over = "over",
        /// No call of ours.
        Unknown = "unknown",
    }
}

#[derive(Clone, Copy)]
pub struct Person<'a> {
    pub id: ContactId,
    /// As it is stored; may be empty.
    pub name: &'a str,
    /// Those to come and those of the last days, soonest first, cancelled ones included.
    pub appointments: &'a [Appointment<'a>],
}

#[derive(Clone, Copy)]
pub struct Appointment<'a> {
    pub id: AppointmentId,
    /// The version that the deed is for; the store refuses to act on another.
    pub version: i32,
    pub status: AppointmentStatus,
    pub facts: AppointmentFacts<'a>,
}

/// Time that one of our own appointments takes. One without a length takes [`crate::settings::Booking::minutes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub appointment: AppointmentId,
    pub span: Span,
}

impl Appointment<'_> {
    /// Whether the person is still expected.
    pub(super) fn stands(&self) -> bool {
        match self.status {
            AppointmentStatus::Scheduled
            | AppointmentStatus::Confirmed
            | AppointmentStatus::RescheduleRequested => true,
            AppointmentStatus::Cancelled | AppointmentStatus::Deleted => false,
        }
    }

    /// Whether it is then, by the clocks of its place.
    pub(super) fn is_at(&self, asked: Asked) -> bool {
        let local = self.facts.zone.to_datetime(self.facts.starts_at);
        match asked {
            Asked::Day(day) => local.date() == day,
            Asked::Local(asked) => local == asked,
            Asked::Instant(instant) => self.facts.starts_at == instant,
        }
    }
}
