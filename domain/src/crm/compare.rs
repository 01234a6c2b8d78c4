//! One field on both sides, and what follows.

use super::{Field, Kind, Link, Ours, Pair, Record, Rules, Side, Version, number_in, same};
use crate::settings::{Cleared, Rule};

coded_enum! {
    Verdict {
        Same = "same",
        TakeTheirs = "take_theirs",
        Push = "push",
        AskPerson = "ask_person",
    }
}

coded_enum! {
    /// Why a verdict is what it is; stored with what follows from it.
    Why {
        Equal = "equal",
        /// Neither side changed since both were in step.
        Unchanged = "unchanged",
        /// The CRM keeps what we wrote in a form of its own.
        OurOwnWrite = "our_own_write",
        /// This side has the number in another field.
        ElsewhereAlready = "elsewhere_already",
        /// The other side had nothing.
        Filled = "filled",
        WeChanged = "we_changed",
        TheyChanged = "they_changed",
        Newer = "newer",
        Rule = "rule",
        Cleared = "cleared",
        /// The CRM takes nobody without it.
        Needed = "needed",
        /// Nobody is called who does not want to be.
        DoNotCall = "do_not_call",
        /// Their text is no phone number.
        NotANumber = "not_a_number",
        /// A person said so.
        Answered = "answered",
        BothChanged = "both_changed",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    pub field: Field,
    pub verdict: Verdict,
    pub why: Why,
}

/// What follows from both values of a field and from those at which they were last in step.
pub fn compare(field: Field, ours: &Ours, theirs: &Record, link: &Link, rules: Rules) -> Compared {
    let pair = Pair::new(ours.values.get(field), theirs.values.get(field));
    let case = Case {
        field,
        ours,
        theirs,
        link,
        rules,
        pair: &pair,
    };
    let (verdict, why) = possible(&case, case.wanted());
    Compared {
        field,
        verdict,
        why,
    }
}

type Said = (Verdict, Why);

struct Case<'a> {
    field: Field,
    ours: &'a Ours,
    theirs: &'a Record,
    link: &'a Link,
    rules: Rules<'a>,
    pair: &'a Pair,
}

/// A verdict that cannot be carried out is another.
fn possible(case: &Case, (verdict, why): Said) -> Said {
    let Pair { ours, theirs } = case.pair;
    match verdict {
        // Both have none, or the CRM would refuse: theirs stays.
        Verdict::Push if ours.is_none() && case.field.is_needed() => {
            (Verdict::TakeTheirs, Why::Needed)
        }
        Verdict::TakeTheirs if theirs.is_none() && case.field.is_needed() => {
            (Verdict::Push, Why::Needed)
        }
        Verdict::TakeTheirs if case.field.kind() == Kind::Number => match theirs {
            Some(text) if number_in(text, case.rules.country).is_none() => {
                (Verdict::AskPerson, Why::NotANumber)
            }
            _ => (verdict, why),
        },
        _ => (verdict, why),
    }
}

impl Case<'_> {
    fn wanted(&self) -> Said {
        let Pair { ours, theirs } = self.pair;
        if self.same(ours.as_deref(), theirs.as_deref()) {
            return (Verdict::Same, Why::Equal);
        }
        if let Some(answer) = self.link.answers.get(&self.field)
            && answer.about.is(self.field, self.pair, self.rules.country)
        {
            return (towards(answer.side), Why::Answered);
        }
        let synced = self.link.synced.get(&self.field);
        if self.field.kind() == Kind::Flag {
            return self.flag(synced);
        }
        match synced {
            None => self.first_time(),
            Some(synced) => self.since(synced),
        }
    }

    /// Never in step before: an empty field is filled, two values are a conflict.
    fn first_time(&self) -> Said {
        match (&self.pair.ours, &self.pair.theirs) {
            (Some(number), None) if self.has_elsewhere(number, &self.theirs.values) => {
                (Verdict::Same, Why::ElsewhereAlready)
            }
            (None, Some(number)) if self.has_elsewhere(number, &self.ours.values) => {
                (Verdict::Same, Why::ElsewhereAlready)
            }
            (_, None) => (Verdict::Push, Why::Filled),
            (None, _) => (Verdict::TakeTheirs, Why::Filled),
            _ => self.conflict(),
        }
    }

    /// Three values: those now, and those at which both were in step.
    fn since(&self, synced: &Pair) -> Said {
        let we = !self.same(synced.ours.as_deref(), self.pair.ours.as_deref());
        let they = !self.same(synced.theirs.as_deref(), self.pair.theirs.as_deref());
        let echo = they && self.is_our_own_write();
        let cleared = |verdict| match self.rules.crm.cleared {
            Cleared::Follow => (verdict, Why::Cleared),
            Cleared::Keep => (opposite(verdict), Why::Cleared),
            Cleared::Ask => (Verdict::AskPerson, Why::Cleared),
        };
        match (we, they && !echo) {
            (false, false) if echo => (Verdict::Same, Why::OurOwnWrite),
            (false, false) => (Verdict::Same, Why::Unchanged),
            (true, false) if self.pair.ours.is_none() => cleared(Verdict::Push),
            (true, false) => (Verdict::Push, Why::WeChanged),
            (false, true) if self.pair.theirs.is_none() => cleared(Verdict::TakeTheirs),
            (false, true) => (Verdict::TakeTheirs, Why::TheyChanged),
            (true, true) => match (&self.pair.ours, &self.pair.theirs, self.rules.crm.cleared) {
                (Some(_), Some(_), _) | (_, _, Cleared::Follow) => self.conflict(),
                (_, None, Cleared::Keep) => (Verdict::Push, Why::Cleared),
                (None, _, Cleared::Keep) => (Verdict::TakeTheirs, Why::Cleared),
                (_, _, Cleared::Ask) => (Verdict::AskPerson, Why::Cleared),
            },
        }
    }

    fn conflict(&self) -> Said {
        match self.rules.crm.rule_of(self.field) {
            Rule::Ours => (Verdict::Push, Why::Rule),
            Rule::Theirs => (Verdict::TakeTheirs, Why::Rule),
            Rule::Ask => (Verdict::AskPerson, Why::BothChanged),
            Rule::Newest => {
                let ours = self.ours.changed_at.get(&self.field);
                match (ours, &self.theirs.version.modified_at) {
                    (Some(ours), Some(theirs)) if ours > theirs => (Verdict::Push, Why::Newer),
                    (Some(_), Some(_)) => (Verdict::TakeTheirs, Why::Newer),
                    _ => (Verdict::AskPerson, Why::BothChanged),
                }
            }
        }
    }

    /// A wish not to be called wins at once, whoever heard it. At the CRM nobody lifts it without being asked.
    fn flag(&self, synced: Option<&Pair>) -> Said {
        if self.pair.theirs.is_some() {
            let lifted_here = synced.is_some_and(|synced| synced.ours.is_some());
            return match lifted_here {
                true => (Verdict::Push, Why::WeChanged),
                false => (Verdict::TakeTheirs, Why::DoNotCall),
            };
        }
        let lifted_there = synced.is_some_and(|synced| synced.theirs.is_some());
        match lifted_there {
            true => (Verdict::AskPerson, Why::DoNotCall),
            false => (Verdict::Push, Why::DoNotCall),
        }
    }

    /// Whether the record is as our own last write left it, and that write was of this field. The time alone does not
    /// say so: somebody may have saved it in the same second.
    fn is_our_own_write(&self) -> bool {
        let now = &self.theirs.version;
        self.link.pushed.as_ref().is_some_and(|pushed| {
            pushed.fields.contains(&self.field) && is_the_same(&pushed.version, now)
        })
    }

    fn has_elsewhere(&self, number: &str, values: &super::Values) -> bool {
        let mut others = Field::PHONES.iter().filter(|field| **field != self.field);
        self.field.kind() == Kind::Number
            && others.any(|field| self.same(values.get(*field), Some(number)))
    }

    fn same(&self, one: Option<&str>, other: Option<&str>) -> bool {
        same(self.field, one, other, self.rules.country)
    }
}

fn is_the_same(one: &Version, other: &Version) -> bool {
    one.modified_at.is_some() && one.modified_by.is_some() && one == other
}

fn towards(side: Side) -> Verdict {
    match side {
        Side::Ours => Verdict::Push,
        Side::Theirs => Verdict::TakeTheirs,
    }
}

fn opposite(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Push => Verdict::TakeTheirs,
        Verdict::TakeTheirs => Verdict::Push,
        other => other,
    }
}

impl Why {
    /// For people: one plain sentence without a full stop.
    pub const fn words(self) -> &'static str {
        match self {
            Why::Equal => "both sides have the same",
            Why::Unchanged => "nothing changed since both sides were in step",
            Why::OurOwnWrite => "the CRM keeps what Bellhop wrote in a form of its own",
            Why::ElsewhereAlready => "the number is there in another field",
            Why::Filled => "the other side had nothing",
            Why::WeChanged => "it changed in Bellhop",
            Why::TheyChanged => "it changed at the CRM",
            Why::Newer => "it is the newer of the two",
            Why::Rule => "both changed, and the settings say which counts",
            Why::Cleared => "one side was emptied",
            Why::Needed => "the CRM takes nobody without it",
            Why::DoNotCall => "it is about whether the person may be called",
            Why::NotANumber => "the CRM's text is not a phone number",
            Why::Answered => "a person decided",
            Why::BothChanged => "both changed, and a person has to say which counts",
        }
    }
}
