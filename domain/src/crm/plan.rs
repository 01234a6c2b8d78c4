//! All fields of a contact and its record, and what follows for each side.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Field, Kind, Link, Ours, Pair, Record, RecordId, Rules, Values, Verdict, Why, compare,
    number_in,
};

/// What to do about one contact and its record. Prints without the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub record: RecordId,
    /// What our contact gets.
    pub take: Vec<Change>,
    /// What the record gets.
    pub push: Vec<Change>,
    /// What waits for a person.
    pub ask: Vec<Question>,
    /// What needs nothing, as each side has it.
    pub in_step: Vec<(Field, Pair)>,
    /// The write must not happen if the record changed after this.
    pub unmodified_since: Option<Timestamp>,
}

/// One field's new value on one side.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    pub field: Field,
    /// `None` to empty it.
    pub value: Option<String>,
    /// The same as the side that it comes from writes it.
    pub source: Option<String>,
    pub why: Why,
}

/// One difference that a person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub field: Field,
    pub about: Pair,
    pub why: Why,
}

impl Plan {
    /// Whether nothing is to be done, by anybody.
    pub fn is_in_step(&self) -> bool {
        self.take.is_empty() && self.push.is_empty() && self.ask.is_empty()
    }

    /// What the record gets, for the client.
    pub fn pushed_values(&self) -> impl Iterator<Item = (Field, Option<&str>)> {
        let push = self.push.iter();
        push.map(|change| (change.field, change.value.as_deref()))
    }

    /// Names this write: the same record with the same values. Two that are equal are the same write, sent twice.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.record.as_str());
        for (field, value) in self.pushed_values() {
            hash.update([0]);
            hash.update(field.code());
            hash.update([u8::from(value.is_some())]);
            hash.update(value.unwrap_or_default());
        }
        let bytes = hash.finalize();
        bytes
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for Change {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("field", &self.field)
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

/// Compares every field that is mapped. Carried out in three steps, each of which may be repeated: in one transaction the
/// contact gets `take` and the link [`Link::took`]; the record gets `push`; the link [`Link::pushed`].
pub fn plan(ours: &Ours, theirs: &Record, link: &Link, rules: Rules) -> Plan {
    let mut plan = Plan {
        record: theirs.id.clone(),
        take: Vec::new(),
        push: Vec::new(),
        ask: Vec::new(),
        in_step: Vec::new(),
        unmodified_since: theirs.version.modified_at,
    };
    for (field, _) in rules.crm.mapped() {
        let compared = compare(field, ours, theirs, link, rules);
        let about = Pair::new(ours.values.get(field), theirs.values.get(field));
        let why = compared.why;
        match compared.verdict {
            Verdict::Same => plan.in_step.push((field, about)),
            Verdict::AskPerson => plan.ask.push(Question { field, about, why }),
            Verdict::Push => plan.push.push(Change {
                field,
                value: about.ours.clone(),
                source: about.ours,
                why,
            }),
            Verdict::TakeTheirs => plan.take.push(Change {
                field,
                value: about
                    .theirs
                    .as_deref()
                    .map(|text| own_form(field, text, rules)),
                source: about.theirs,
                why,
            }),
        }
    }
    plan
}

/// What a record is made of for a contact that has none. `None` when the CRM would refuse it: it needs a last name.
pub fn first_push(ours: &Values, rules: Rules) -> Option<Values> {
    let mut values = Values::default();
    for (field, _) in rules.crm.mapped() {
        values.set(field, ours.get(field));
    }
    let needed = Field::ALL.iter().filter(|field| field.is_needed());
    needed
        .into_iter()
        .all(|field| values.get(*field).is_some())
        .then_some(values)
}

/// The form in which we keep a value.
fn own_form(field: Field, text: &str, rules: Rules) -> String {
    let number = (field.kind() == Kind::Number).then(|| number_in(text, rules.country));
    match number.flatten() {
        Some(number) => number.e164().to_owned(),
        None => text.to_owned(),
    }
}
