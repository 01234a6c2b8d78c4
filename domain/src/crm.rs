//! A tenant's CRM: which values are the same, who is right, and what happens next.
//!
//! Everything follows from states, not from messages: what we have now, what the CRM has now, and what both had when
//! they were last in step. So a notification that is lost, doubled or late changes nothing, and our own change that
//! comes back is no news.

mod append;
mod budget;
mod channel;
mod compare;
mod field;
mod ids;
mod link;
mod matching;
mod name;
mod phones;
mod plan;
mod push;
mod reconcile;
mod token;

pub use append::{AppendFacts, AppendStep, SentAs};
pub use budget::{Budget, BudgetFacts, Spend};
pub use channel::{ChannelAlarm, ChannelFacts, ChannelNext, ChannelStep, LiveChannel};
pub use compare::{Compared, Verdict, Why, compare};
pub use field::{Field, Kind, Values, same};
pub use ids::{ChannelId, NotAnId, PageToken, RecordId, UserId};
pub use link::{Answer, Link, Pair, Pushed, Side};
pub use matching::{Match, by_number};
pub use name::{divided_as, joined_name, name_parts};
pub use phones::{forms, number_in, tail};
pub use plan::{Change, Plan, Question, first_push, plan};
pub use push::{Failure, PushFacts, PushStep};
pub use reconcile::{Phase, ReconcileFacts, ReconcileStep, next_reconcile};
pub use token::{TokenFacts, TokenProblem, TokenStep};

use std::{collections::BTreeMap, fmt};

use jiff::{SignedDuration, Timestamp};

use crate::{country::Country, settings::Crm};

/// How far the clocks of two processes may be apart: what one wrote, another may read at an earlier time of its own.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A contact as we have it now.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ours {
    pub values: Values,
    /// When each field got its value, where that is known.
    pub changed_at: BTreeMap<Field, Timestamp>,
}

/// A person as the CRM has them now.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub id: RecordId,
    pub version: Version,
    pub values: Values,
}

/// Which state of a record it is. The CRM's clock counts in seconds, so two states may have the same time.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Version {
    pub modified_at: Option<Timestamp>,
    pub modified_by: Option<UserId>,
}

/// What a tenant's settings say about two values.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub crm: &'a Crm,
    /// How national phone numbers are read.
    pub country: Country,
}

impl fmt::Debug for Ours {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ours")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Record {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("values", &self.values)
            .finish()
    }
}

#[cfg(test)]
mod tests;
