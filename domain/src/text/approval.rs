//! What becomes of a value that waits for a person to approve it (TEXT-3).

use jiff::{SignedDuration, Timestamp};

use super::{ContactNow, Field, Words};
use crate::hours::shift;

/// A question, as it was put and as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub field: Field,
    /// What stood in the field and was shown beside the new value. A value that is added to the field is so whatever
    /// came to stand there since.
    pub shown: Words,
    pub proposed: Words,
    pub asked_at: Timestamp,
    pub verdict: Option<Verdict>,
    /// Another value for the same field was asked about later.
    pub has_newer: bool,
    /// The step was taken: nothing is left to do.
    pub settled: bool,
}

coded_enum! {
    Verdict {
        Approve = "approve",
        Reject = "reject",
    }
}

coded_enum! {
    /// Why a question needs no answer any more.
    Superseded {
        /// The field has another value than the one that was shown. Whoever answered did not know.
        FieldChanged = "field_changed",
        /// The proposed value stands in the field.
        AlreadyThere = "already_there",
        NewerProposal = "newer_proposal",
        /// Nobody answered for too long.
        Expired = "expired",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalStep {
    /// For a person, or until then.
    Wait {
        until: Option<Timestamp>,
    },
    /// Write the value, in the transaction that read the contact.
    Apply {
        field: Field,
        value: Words,
    },
    /// There is no room for it beside what stands in the field: it waits until there is.
    NoRoom {
        field: Field,
    },
    /// Remember that the value is not to be proposed again.
    Reject,
    Close(Superseded),
    Done,
}

/// The next step of a question at `now`. `days`: how long it waits for its answer; 0 for ever.
pub fn approval_step(
    now: Timestamp,
    approval: &Approval,
    contact: &ContactNow<'_>,
    days: u16,
) -> ApprovalStep {
    let field = approval.field;
    let expires = (days > 0).then(|| {
        shift(
            approval.asked_at,
            SignedDuration::from_hours(24 * i64::from(days)),
        )
    });
    let replaces = !field.is_added_to();
    let changed = replaces && !contact.is_same(field, &contact.get(field), &approval.shown);
    match approval.verdict {
        _ if approval.settled => ApprovalStep::Done,
        Some(Verdict::Reject) => ApprovalStep::Reject,
        _ if contact.has(field, &approval.proposed) => {
            ApprovalStep::Close(Superseded::AlreadyThere)
        }
        _ if changed => ApprovalStep::Close(Superseded::FieldChanged),
        Some(Verdict::Approve) => match contact.with(field, &approval.proposed) {
            Some(value) => ApprovalStep::Apply { field, value },
            None => ApprovalStep::NoRoom { field },
        },
        None if approval.has_newer && replaces => ApprovalStep::Close(Superseded::NewerProposal),
        None if expires.is_some_and(|expires| expires <= now) => {
            ApprovalStep::Close(Superseded::Expired)
        }
        None => ApprovalStep::Wait { until: expires },
    }
}
