//! Which free text may be told to an agent.

use super::MemoryFacts;
use crate::{
    context::{AppointmentFacts, names, privacy, text::permitted},
    script::Mode,
    settings::Told,
};

/// Words of many kinds of appointment, which tell nothing.
const TELL_NOTHING: &[&str] = &[
    "appointment",
    "appointments",
    "and",
    "for",
    "of",
    "the",
    "with",
];

pub(super) struct Discretion {
    mode: Mode,
    /// Words that no text may hold, as [`privacy::words`] compares them.
    secrets: Vec<String>,
}

impl Discretion {
    pub(super) fn of(facts: &MemoryFacts<'_>) -> Discretion {
        let first = privacy::words(&names::first(facts.name));
        let mut secrets = privacy::words(facts.name);
        if facts.tell.contains(&Told::Name) {
            secrets.retain(|word| facts.mode == Mode::Health && !first.contains(word));
        }
        secrets.retain(|word| word.chars().count() > 1 && !names::is_title(word));
        if facts.mode == Mode::Health {
            secrets.extend(facts.appointments.iter().flat_map(visit));
        }
        Discretion {
            mode: facts.mode,
            secrets,
        }
    }

    /// The text as it may be told; `None` when it is empty or must not be told.
    pub(super) fn text(&self, text: &str, limit: usize) -> Option<String> {
        let told = permitted(Some(text), self.mode, limit)?;
        let gives_away = privacy::words(&told).iter().any(|word| {
            let mut secrets = self.secrets.iter();
            secrets.any(|secret| privacy::word_matches(word, secret))
        });
        (!told.is_empty() && !gives_away).then_some(told)
    }

    /// The same without its full stop, to stand inside a sentence.
    pub(super) fn phrase(&self, text: &str, limit: usize) -> Option<String> {
        let told = self.text(text, limit)?;
        let phrase = told.trim_end_matches(['.', ' ']);
        (!phrase.is_empty()).then(|| phrase.to_owned())
    }

    /// What must not be told at all in health mode.
    pub(super) fn detail(&self, text: &str, limit: usize) -> Option<String> {
        self.text(text, limit)
            .filter(|_| self.mode == Mode::General)
    }
}

/// The words that tell what an appointment is for, and with whom.
fn visit(appointment: &AppointmentFacts<'_>) -> impl Iterator<Item = String> + use<> {
    // A name may be short; a short word of a kind is mostly no noun.
    let telling = |text: Option<&str>, shortest| {
        let words = privacy::words(text.unwrap_or_default()).into_iter();
        words.filter(move |word| word.chars().count() >= shortest)
    };
    telling(appointment.kind, 3)
        .chain(telling(appointment.provider, 2))
        .filter(|word| !names::is_title(word) && !TELL_NOTHING.contains(&word.as_str()))
}
