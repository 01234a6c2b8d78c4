//! The desk: what a voice agent can ask of us during a call, and what is done and answered.
//!
//! [`Wish::read`] makes a typed wish of a function's name and arguments, [`decide`] makes a deed of it: a change, if any, and
//! an answer. **What changes something is never guessed**: words that can mean two things are asked about, and of two
//! appointments neither is chosen. Who is not identified hears nothing of anybody.

mod answer;
mod args;
mod decide;
mod deed;
mod facts;
mod identity;
mod misunderstanding;
mod reach;
mod say;
mod when;
mod wish;

#[cfg(test)]
mod tests;

use crate::near::squeezed;

pub use answer::Answer;
pub use decide::decide;
pub use deed::{Act, Deed, FollowUp, NoteKind, Refusal};
pub use facts::{Appointment, DeskFacts, OnCall, Person, Taken};
pub use identity::{Identity, MOST_MISTAKES, Proof};
pub use misunderstanding::{Argument, Misunderstanding, Unclear};
pub use reach::Reach;
pub use when::{Asked, Wanted};
pub use wish::{PartOfDay, Search, Want, Which, Wish};

/// The note that is left when somebody whom nothing tells does not want to be called any more.
pub const NOT_TO_BE_CALLED: &str = "does not want to be called any more; the number was withheld, so nobody is stopped from calling it";

coded_enum! {
    /// What an agent can ask for in a call.
    Function {
        LookUp = "look_up",
        Confirm = "confirm",
        Cancel = "cancel",
        Reschedule = "reschedule",
        FreeSlots = "free_slots",
        Book = "book",
        Note = "note",
        OptOut = "opt_out",
    }
}

/// Other names under which agents are set up to call a function, as [`squeezed`] compares them.
const OTHER_NAMES: &[(Function, &[&str])] = &[
    (
        Function::LookUp,
        &[
            "lookupcaller",
            "lookupcustomer",
            "lookupcontact",
            "lookupappointment",
            "lookupappointments",
            "getappointment",
            "getappointments",
            "findappointment",
            "findappointments",
            "listappointments",
        ],
    ),
    (
        Function::Confirm,
        &["confirmappointment", "confirmbooking", "confirmvisit"],
    ),
    (
        Function::Cancel,
        &["cancelappointment", "cancelbooking", "cancelvisit"],
    ),
    (
        Function::Reschedule,
        &[
            "rescheduleappointment",
            "reschedulebooking",
            "move",
            "moveappointment",
            "changeappointment",
        ],
    ),
    (
        Function::FreeSlots,
        &[
            "slots",
            "getslots",
            "findslots",
            "freetimes",
            "getfreeslots",
            "findfreeslots",
            "availableslots",
            "getavailableslots",
            "availability",
            "getavailability",
            "checkavailability",
        ],
    ),
    (
        Function::Book,
        &[
            "bookappointment",
            "bookslot",
            "makeappointment",
            "createappointment",
            "scheduleappointment",
        ],
    ),
    (
        Function::Note,
        &[
            "takenote",
            "addnote",
            "leavenote",
            "makenote",
            "takemessage",
            "leavemessage",
        ],
    ),
    (
        Function::OptOut,
        &[
            "donotcall",
            "dontcall",
            "stopcalling",
            "stopcalls",
            "unsubscribe",
        ],
    ),
];

impl Function {
    /// The function of that name. Case, `_` and `-` do not matter; a name that is only near is none.
    pub fn named(name: &str) -> Option<Function> {
        let name = squeezed(name);
        let own = Function::ALL.iter().copied();
        let other = OTHER_NAMES
            .iter()
            .filter(|(_, names)| names.contains(&name.as_str()))
            .map(|(function, _)| *function);
        own.filter(|each| squeezed(each.code()) == name)
            .chain(other)
            .next()
    }
}
