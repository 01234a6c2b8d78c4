//! Which appointment is meant.

use super::{Appointment, AppointmentStatus, Asked, Desk, Function, Person, Refusal, Refused};

impl<'a> Desk<'a> {
    /// The appointment that the wish means, which may be past or cancelled; never one of several.
    pub(super) fn chosen(&self, person: &Person<'a>) -> Result<&'a Appointment<'a>, Refused<'a>> {
        let which = &self.wish.which;
        let is_named = which.id.is_some() || which.at.is_some();
        let fits = |each: &&Appointment<'_>| {
            each.status != AppointmentStatus::Deleted
                && which.id.is_none_or(|id| each.id == id)
                && which.at.is_none_or(|at| each.is_at(at))
        };
        let fitting: Vec<&Appointment<'_>> = person.appointments.iter().filter(fits).collect();
        if !is_named && !which.next {
            let of_the_call = fitting
                .iter()
                .find(|each| Some(each.id) == self.facts.about);
            if let Some(appointment) = of_the_call {
                return Ok(appointment);
            }
        }
        let mut ahead = self.ahead(person);
        ahead.retain(|each| fits(each));
        // Told twice to cancel "it", or that of Thursday, a model may mean the one that is cancelled already.
        let is_exact = which.id.is_some() || which.at.is_some_and(Asked::is_exact);
        let may_be_done = self.wish.function() == Function::Cancel
            && !is_exact
            && fitting
                .iter()
                .any(|each| self.is_ahead(each) && !each.stands());
        match ahead.as_slice() {
            [] => {
                // Only to say what is the matter with it.
                let gone = fitting.iter().find(|each| is_named || self.is_ahead(each));
                gone.copied().ok_or_else(|| self.none(person, is_named))
            }
            [only] if !may_be_done => Ok(only),
            [next, ..] if which.next && !may_be_done => Ok(next),
            _ => Err(Refused {
                appointments: ahead,
                ..Refusal::WhichAppointment.into()
            }),
        }
    }

    /// The same, if it can still be changed.
    pub(super) fn chosen_to_change(
        &self,
        person: &Person<'a>,
    ) -> Result<&'a Appointment<'a>, Refused<'a>> {
        let appointment = self.chosen(person)?;
        if !self.is_ahead(appointment) {
            Err(Refusal::AppointmentPast.into())
        } else if !appointment.stands() {
            Err(Refusal::AppointmentCancelled.into())
        } else {
            Ok(appointment)
        }
    }

    fn none(&self, person: &Person<'a>, is_named: bool) -> Refused<'a> {
        let ahead = self.ahead(person);
        if !is_named || ahead.is_empty() {
            return Refusal::NoAppointment.into();
        }
        Refused {
            appointments: ahead,
            ..Refusal::NoSuchAppointment.into()
        }
    }
}
