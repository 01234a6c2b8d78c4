//! What is done about a wish.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Act, Answer, Appointment, Asked, Deed, DeskFacts, FollowUp, Function, Identity,
    NOT_TO_BE_CALLED, OnCall, Person, Refusal, Want, Wish, identity, say::Words,
};
use crate::{
    appointment::AppointmentStatus,
    context::{self, Business, text::clean},
    inbound::Line,
    script::Mode,
    settings::{Identify, Settings, Told},
    slots::Slot,
};

mod changes;
mod choice;
mod times;

pub(super) use {changes::MOST_ALTERNATIVES, times::MOST_FREE_TIMES};

/// The longest kind of appointment that is booked, in characters.
const LONGEST_KIND: usize = 200;
/// How many appointments are told at once.
const MOST_APPOINTMENTS: usize = 5;

/// What is done about a wish at `now`, and what is answered. To be decided in the transaction that read the facts and makes
/// the change.
pub fn decide(now: Timestamp, wish: &Wish, facts: &DeskFacts<'_>, settings: &Settings) -> Deed {
    let zone = settings.tenant.zone_or_utc();
    let desk = Desk {
        now,
        wish,
        facts,
        settings,
        identity: identity::identify(wish, facts, settings.booking.identify),
        words: Words::of(settings, &zone),
        zone: &zone,
    };
    let (act, refusal, answer) = match desk.outcome() {
        Ok(met) => (met.act, None, met.answer),
        Err(refused) => {
            let answer = desk.refusal(&refused);
            let act = refused.follow_up.map(|follow_up| Act::FollowUp(*follow_up));
            (act.unwrap_or(Act::Nothing), Some(refused.why), answer)
        }
    };
    Deed {
        function: wish.function(),
        identity: desk.identity,
        act,
        refusal,
        answer,
    }
}

struct Desk<'a> {
    now: Timestamp,
    wish: &'a Wish,
    facts: &'a DeskFacts<'a>,
    settings: &'a Settings,
    identity: Identity,
    words: Words<'a>,
    zone: &'a TimeZone,
}

/// A wish that is met.
struct Met {
    act: Act,
    answer: Answer,
}

/// A wish that is not met, and what helps then.
struct Refused<'a> {
    why: Refusal,
    follow_up: Option<Box<FollowUp>>,
    /// Which appointments could be meant.
    appointments: Vec<&'a Appointment<'a>>,
    /// Which times are free instead.
    free: Vec<Slot>,
}

impl From<Refusal> for Refused<'_> {
    fn from(why: Refusal) -> Self {
        Refused {
            why,
            follow_up: None,
            appointments: Vec::new(),
            free: Vec::new(),
        }
    }
}

type Outcome<'a> = Result<Met, Refused<'a>>;

impl<'a> Desk<'a> {
    fn outcome(&self) -> Outcome<'a> {
        self.permitted()?;
        match &self.wish.want {
            Want::LookUp => self.look_up(),
            Want::Confirm => self.confirm(),
            Want::Cancel { reason } => self.cancel(reason.as_deref()),
            Want::Reschedule { to } => self.reschedule(*to),
            Want::FreeSlots(search) => self.free_slots(search),
            Want::Book { at, kind } => self.book(*at, kind.as_deref()),
            Want::Note { text, urgent } => Ok(self.note(text, *urgent)),
            Want::OptOut => self.opt_out(),
        }
    }

    /// A message or an opt-out is taken after the end of the call too, so that neither is lost.
    fn permitted(&self) -> Result<(), Refusal> {
        match (self.facts.line, self.facts.call, self.wish.function()) {
            // Whoever does not want to be called is heard on any line.
            (_, _, Function::OptOut) => Ok(()),
            (Line::UnknownNumber | Line::UnknownAgent, ..) => Err(Refusal::LineUnknown),
            (_, OnCall::Unknown, _) => Err(Refusal::CallUnknown),
            (_, OnCall::Live, _) | (_, _, Function::Note) => Ok(()),
            (_, OnCall::Over, _) => Err(Refusal::CallOver),
        }
    }

    /// Who calls, as far as it is proven.
    fn person(&self) -> Result<&'a Person<'a>, Refusal> {
        let contact = self.identity.contact().ok_or(Refusal::NotIdentified)?;
        let mut known = self.facts.contact.iter().chain(self.facts.others);
        let person = known.find(|person| person.id == contact);
        person.ok_or(Refusal::NotIdentified)
    }

    fn look_up(&self) -> Outcome<'a> {
        let person = self.person()?;
        if !self.tells(Told::Appointments) {
            return Err(Refusal::NotTold.into());
        }
        let ahead = self.ahead(person);
        let mut answer = self.met(self.words.appointments(&ahead));
        if let Some(name) = self.name(person) {
            answer.tell("name", name);
        }
        answer.tell("appointment_count", ahead.len());
        self.list(&mut answer, &ahead);
        Ok(Met {
            act: Act::Nothing,
            answer,
        })
    }

    fn note(&self, text: &str, urgent: bool) -> Met {
        Met {
            act: Act::Note {
                contact: self.identity.contact(),
                name: self.wish.name.clone(),
                number: self.wish.phone.clone(),
                text: text.to_owned(),
                urgent,
            },
            answer: self.met(self.words.noted()),
        }
    }

    /// Calls to a person stop on every number. Of somebody who is nobody's contact only the number in hand is known, and
    /// where that is withheld a colleague has to find out who it was. Whoever names another number than the one they are
    /// known by may mean somebody else's.
    fn opt_out(&self) -> Outcome<'a> {
        let (number, contact) = (self.facts.number, self.identity.contact());
        let named = self.wish.phone.as_ref();
        match (number, contact) {
            (None, None) => Ok(self.note(NOT_TO_BE_CALLED, true)),
            (Some(number), _)
                if named.is_some_and(|named| named != number)
                    && !matches!(self.identity, Identity::Proof(_)) =>
            {
                Err(Refusal::OtherNumber.into())
            }
            _ => Ok(Met {
                act: Act::OptOut {
                    number: number.cloned(),
                    contact,
                },
                answer: self.met(self.words.opted_out(contact.is_some())),
            }),
        }
    }

    fn refusal(&self, refused: &Refused<'_>) -> Answer {
        let shown = self.shown(&refused.appointments);
        let follows_up = refused.follow_up.is_some();
        let spoken = self
            .words
            .refusal(refused.why, self.wish, follows_up, &shown, &refused.free);
        let mut answer = Answer::of(Some(self.wish.function()), false, spoken);
        answer.tell("reason", refused.why.code());
        if follows_up {
            answer.tell("follow_up", true);
        }
        if !shown.is_empty() {
            self.list(&mut answer, &shown);
        }
        if !refused.free.is_empty() {
            answer.tell("free_times", self.words.free_times(&refused.free));
        }
        if refused.why == Refusal::NotIdentified {
            self.tell_the_general(&mut answer);
        }
        answer
    }

    /// What everybody may hear, and what would prove who is calling.
    fn tell_the_general(&self, answer: &mut Answer) {
        let business = Business::of(self.settings);
        for (key, value) in context::business(&business.facts(), self.words.locale) {
            answer.tell(key, value);
        }
        answer.tell(
            "needed",
            match self.settings.booking.identify {
                Identify::Number => &[][..],
                Identify::NameAndDate => &["name", "appointment_date"],
                Identify::NameAndTime => &["name", "appointment_date", "appointment_time"],
            },
        );
    }

    fn met(&self, spoken: String) -> Answer {
        Answer::of(Some(self.wish.function()), true, spoken)
    }

    fn tells(&self, what: Told) -> bool {
        self.settings.inbound.tell.contains(&what)
    }

    fn mode(&self) -> Mode {
        Mode::of(self.settings.tenant.health_mode)
    }

    fn name(&self, person: &Person<'_>) -> Option<String> {
        let [(_, name), _] = context::person(person.name, self.mode());
        (self.tells(Told::Name) && name != context::names::NOBODY).then_some(name)
    }

    /// The appointments that may be listed.
    fn shown<'b>(&self, appointments: &[&'b Appointment<'b>]) -> Vec<&'b Appointment<'b>> {
        if self.tells(Told::Appointments) {
            appointments.to_vec()
        } else {
            Vec::new()
        }
    }

    fn list(&self, answer: &mut Answer, appointments: &[&Appointment<'_>]) {
        let told = appointments.iter().take(MOST_APPOINTMENTS);
        let told: Vec<_> = told
            .map(|each| self.words.appointment(each, self.mode()))
            .collect();
        answer.tell("appointments", told);
    }

    /// Those that stand and are still to come, soonest first.
    fn ahead(&self, person: &Person<'a>) -> Vec<&'a Appointment<'a>> {
        let mut ahead: Vec<&Appointment<'_>> = person
            .appointments
            .iter()
            .filter(|each| each.stands() && self.is_ahead(each))
            .collect();
        ahead.sort_by_key(|each| each.facts.starts_at);
        ahead
    }

    fn is_ahead(&self, appointment: &Appointment<'_>) -> bool {
        appointment.facts.starts_at > self.now
    }
}
