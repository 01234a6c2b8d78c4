//! What is remembered of a contact and its record: the values at which they were last in step, and what we last wrote.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::{Field, Plan, Version, same};
use crate::country::Country;

/// Stored for each contact that has a record. Prints without the values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// By field, the values that were in step. A CRM may keep a value in another form than it was given, so there are
    /// two.
    pub synced: BTreeMap<Field, Pair>,
    /// Our last write, as the CRM answered it.
    pub pushed: Option<Pushed>,
    /// What persons said about values that were asked about. Holds for exactly those values.
    pub answers: BTreeMap<Field, Answer>,
}

/// What each side has, or had.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    pub ours: Option<String>,
    pub theirs: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    pub version: Version,
    /// The fields that it wrote. About others it says nothing.
    pub fields: BTreeSet<Field>,
}

coded_enum! {
    Side {
        Ours = "ours",
        Theirs = "theirs",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub side: Side,
    pub about: Pair,
}

impl Pair {
    pub fn new(ours: Option<&str>, theirs: Option<&str>) -> Pair {
        Pair {
            ours: ours.map(str::to_owned),
            theirs: theirs.map(str::to_owned),
        }
    }

    /// Whether both sides have what they had then.
    pub(super) fn is(&self, field: Field, now: &Pair, country: Country) -> bool {
        same(field, self.ours.as_deref(), now.ours.as_deref(), country)
            && same(
                field,
                self.theirs.as_deref(),
                now.theirs.as_deref(),
                country,
            )
    }
}

impl fmt::Debug for Pair {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = |value: &Option<String>| value.is_some();
        f.debug_struct("Pair")
            .field("ours", &there(&self.ours))
            .field("theirs", &there(&self.theirs))
            .finish()
    }
}

impl Link {
    /// Notes that what a plan takes was taken, and what it found in step. In the transaction that changes the contact,
    /// before anything is written to the CRM: a write whose answer is lost must not pass for the one before it.
    pub fn took(&mut self, plan: &Plan) {
        if !plan.push.is_empty() {
            self.pushed = None;
        }
        for (field, pair) in &plan.in_step {
            self.settle(*field, pair.clone());
        }
        for change in &plan.take {
            let pair = Pair::new(change.value.as_deref(), change.source.as_deref());
            self.settle(change.field, pair);
        }
    }

    /// Notes that the CRM took what a plan pushes. `version` is the one of its answer.
    pub fn pushed(&mut self, plan: &Plan, version: Version) {
        for change in &plan.push {
            let pair = Pair::new(change.source.as_deref(), change.value.as_deref());
            self.settle(change.field, pair);
        }
        self.pushed = Some(Pushed {
            version,
            fields: plan.push.iter().map(|change| change.field).collect(),
        });
    }

    /// Notes what a person said about a difference.
    pub fn answered(&mut self, field: Field, side: Side, about: Pair) {
        self.answers.insert(field, Answer { side, about });
    }

    fn settle(&mut self, field: Field, pair: Pair) {
        self.answers.remove(&field);
        self.synced.insert(field, pair);
    }
}
