//! Why a wish was not met, in words, and what could be done instead.

use super::{
    Appointment, Identify, MOST_SPOKEN, Refusal, Slot, Want, Wanted, Wish, Words, either_of,
    spoken, times,
};

const CALLED_BACK: &str = "A colleague will call you back.";
const A_NOTE: &str = "Shall I take a note for a colleague?";

impl Words<'_> {
    /// `follows_up`: a colleague will call back. `appointments`: those that could be meant. `free`: other times.
    pub(in crate::desk) fn refusal(
        &self,
        why: Refusal,
        wish: &Wish,
        follows_up: bool,
        appointments: &[&Appointment<'_>],
        free: &[Slot],
    ) -> String {
        let reason = self.reason(why, wish, appointments);
        let instead = if follows_up {
            CALLED_BACK.to_owned()
        } else if !free.is_empty() {
            format!("I could offer {}.", times(free, self.zone, self.locale))
        } else {
            self.otherwise(why).to_owned()
        };
        [reason, instead].join(" ").trim().to_owned()
    }

    fn reason(&self, why: Refusal, wish: &Wish, appointments: &[&Appointment<'_>]) -> String {
        match why {
            Refusal::LineUnknown => "I cannot do that on this line.",
            Refusal::CallUnknown | Refusal::CallOver => "I cannot do that just now.",
            Refusal::NotIdentified => "I cannot see who is calling.",
            Refusal::NotTold => "I cannot see the appointments from here.",
            Refusal::NoAppointment => "I see no appointment to come.",
            Refusal::NoSuchAppointment => "I see no such appointment.",
            Refusal::WhichAppointment => return self.which(appointments),
            Refusal::AppointmentCancelled => {
                return format!("That appointment was {}.", self.word_cancelled());
            }
            Refusal::AppointmentPast => "That appointment is already past.",
            Refusal::BookingOff => "I cannot arrange times myself.",
            Refusal::EnoughBooked => {
                "You have several appointments to come already, so I cannot book a further one myself."
            }
            Refusal::TimeMissing => return self.which_time(wish),
            Refusal::Past => "That time is already past.",
            Refusal::TooSoon => return format!("That is too soon: {}.", self.notice()),
            Refusal::TooFar => {
                let days = self.booking.horizon_days;
                let days = if days == 1 {
                    "1 day".to_owned()
                } else {
                    format!("{days} days")
                };
                return format!("That is too far ahead: we book up to {days} ahead.");
            }
            Refusal::ClosedDay => "We are closed that day.",
            Refusal::Holiday => "We are closed that day, as it is a holiday.",
            Refusal::OutsideHours => "That is outside our hours.",
            Refusal::NotAStart => "No appointment starts at that time.",
            Refusal::Busy => "That time is taken.",
            Refusal::CalendarUnknown => "I cannot see whether that time is free.",
            Refusal::NothingFree => "Nothing is free then.",
            Refusal::NumberMissing => match wish.want {
                Want::OptOut => "Your number is withheld, so I cannot take it off our list.",
                _ => "I cannot arrange that myself. Which number can we call you back on?",
            },
            Refusal::OtherNumber => "I can only do that for the number you are calling from.",
        }
        .to_owned()
    }

    /// What is said when there is nothing to offer.
    fn otherwise(&self, why: Refusal) -> &'static str {
        match why {
            Refusal::NotIdentified => match self.booking.identify {
                Identify::Number => A_NOTE,
                Identify::NameAndDate => {
                    "May I have your full name and the date of your appointment?"
                }
                Identify::NameAndTime => {
                    "May I have your full name and the day and time of your appointment?"
                }
            },
            Refusal::NoSuchAppointment => "Which day and time is it?",
            Refusal::AppointmentCancelled if self.booking.enabled => {
                "Would you like to book a new one?"
            }
            Refusal::WhichAppointment
            | Refusal::TimeMissing
            | Refusal::NumberMissing
            | Refusal::OtherNumber
            | Refusal::LineUnknown => "",
            _ => A_NOTE,
        }
    }

    fn which(&self, appointments: &[&Appointment<'_>]) -> String {
        let whens: Vec<String> = appointments.iter().map(|each| self.when(each)).collect();
        match whens.as_slice() {
            [one] => format!("Do you mean the appointment on {one}?"),
            [_, _, ..] if whens.len() <= MOST_SPOKEN => {
                format!("Which appointment is it: {}?", either_of(&whens))
            }
            _ => "Which day and time is your appointment?".to_owned(),
        }
    }

    fn which_time(&self, wish: &Wish) -> String {
        match wish.want {
            Want::Book {
                at: Some(Wanted::Day(day)),
                ..
            }
            | Want::Reschedule {
                to: Some(Wanted::Day(day)),
            } => format!(
                "Which time would suit on {}?",
                spoken::day_and_date(day, self.locale)
            ),
            _ => "Which day and time would suit?".to_owned(),
        }
    }

    /// `we need to know 2 hours before`.
    fn notice(&self) -> String {
        let hours = self.booking.notice_hours;
        let time = match (hours / 24, hours % 24) {
            (days, 0) if days > 1 => format!("{days} days"),
            _ => spoken::duration(hours.saturating_mul(60)),
        };
        format!("we need to know {time} before")
    }
}
