//! Who is calling, as far as number and words prove it.
//!
//! A number tells whose phone it is. Whoever gives another name than its owner's is somebody else, for the rest of the call
//! too, until the right name is given. What words prove is the tenant's choice. A wrong proof and a person who does not
//! exist are answered alike, and after a few of them no further one counts.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Asked, DeskFacts, Person, Wish};
use crate::{
    context::{names, privacy},
    ids::ContactId,
    inbound::Caller,
    settings::Identify,
};

/// After so many mistakes in one call nobody is identified any more.
pub const MOST_MISTAKES: usize = 3;

/// Who the caller is, as one function of a call found. To be kept with its deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "contact", rename_all = "snake_case")]
pub enum Identity {
    /// The number belongs to one contact, and nobody said otherwise.
    Number(ContactId),
    /// Name and appointment fit one contact.
    Proof(ContactId),
    /// What was said fits nobody, or not the owner of the number.
    Mistaken,
    Nobody,
}

impl Identity {
    pub fn contact(self) -> Option<ContactId> {
        match self {
            Identity::Number(contact) | Identity::Proof(contact) => Some(contact),
            Identity::Mistaken | Identity::Nobody => None,
        }
    }
}

/// What was said to prove who is calling. It holds personal data and so has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof<'w> {
    pub name: &'w str,
    pub appointment: Asked,
}

impl Proof<'_> {
    /// The days on which the appointment may be, depending on its zone.
    pub fn days(&self) -> [Date; 3] {
        let day = match self.appointment {
            Asked::Day(day) => day,
            Asked::Local(local) => local.date(),
            Asked::Instant(instant) => jiff::tz::TimeZone::UTC.to_datetime(instant).date(),
        };
        [
            day.yesterday().unwrap_or(day),
            day,
            day.tomorrow().unwrap_or(day),
        ]
    }
}

pub(super) fn identify(wish: &Wish, facts: &DeskFacts<'_>, rule: Identify) -> Identity {
    let mistakes = facts.earlier.iter();
    if mistakes.filter(|each| **each == Identity::Mistaken).count() >= MOST_MISTAKES {
        return Identity::Nobody;
    }
    let owner = facts.contact.filter(|_| facts.caller == Caller::Known);
    let said = wish.name.as_deref();
    let Some(said) = said.filter(|said| !words(said).is_empty()) else {
        return unnamed(owner, facts.earlier);
    };
    if let Some(owner) = owner.filter(|owner| is_called(owner.name, said)) {
        return Identity::Number(owner.id);
    }
    if let Some(before) = still_fits(said, facts) {
        return Identity::Proof(before);
    }
    let proof = wish.proof().filter(|_| rule != Identify::Number);
    match (proof, owner) {
        (Some(proof), _) => proven(&proof, facts, rule).map_or(Identity::Mistaken, Identity::Proof),
        (None, Some(_)) => Identity::Mistaken,
        (None, None) => Identity::Nobody,
    }
}

/// Without a name it is whoever it was before, or whose number it is.
fn unnamed(owner: Option<Person<'_>>, earlier: &[Identity]) -> Identity {
    let last = earlier.iter().rev().find(|each| **each != Identity::Nobody);
    match (last, owner) {
        (Some(Identity::Proof(contact)), _) => Identity::Proof(*contact),
        (Some(Identity::Mistaken), _) | (_, None) => Identity::Nobody,
        (_, Some(owner)) => Identity::Number(owner.id),
    }
}

/// Who was proven before, if the name is theirs.
fn still_fits(said: &str, facts: &DeskFacts<'_>) -> Option<ContactId> {
    let contact = match unnamed(None, facts.earlier) {
        Identity::Proof(contact) => contact,
        _ => return None,
    };
    let person = facts.others.iter().find(|person| person.id == contact)?;
    is_called(person.name, said).then_some(contact)
}

/// The one person with that full name and such an appointment.
fn proven(proof: &Proof<'_>, facts: &DeskFacts<'_>, rule: Identify) -> Option<ContactId> {
    if rule == Identify::NameAndTime && !proof.appointment.is_exact() {
        return None;
    }
    let has_it = |person: &Person<'_>| {
        let mut appointments = person.appointments.iter();
        appointments.any(|each| each.stands() && each.is_at(proof.appointment))
    };
    let mut fitting = facts
        .others
        .iter()
        .chain(facts.contact.as_ref())
        .filter(|person| is_fully_called(person.name, proof.name) && has_it(person))
        .map(|person| person.id);
    let first = fitting.next()?;
    fitting.all(|other| other == first).then_some(first)
}

/// Whether what was said is that name or a part of it, or it a part of what was said. No name at all is everybody's.
fn is_called(stored: &str, said: &str) -> bool {
    let (stored, said) = (words(stored), words(said));
    let is_part = |of: &[String], part: &[String]| part.iter().all(|word| of.contains(word));
    is_part(&stored, &said) || is_part(&said, &stored)
}

/// Whether what was said is that name with two words of it at least; middle names may be left out.
fn is_fully_called(stored: &str, said: &str) -> bool {
    let (stored, mut said) = (words(stored), words(said));
    let is_part = said.iter().all(|word| stored.contains(word));
    said.sort_unstable();
    said.dedup();
    said.len() >= 2 && is_part
}

/// The words of a name as they are compared, without titles.
fn words(name: &str) -> Vec<String> {
    let mut words = privacy::words(name);
    words.retain(|word| !names::is_title(word));
    words
}
