//! What calendars tell of the time that is taken.

use jiff::{SignedDuration, Timestamp};

use super::{NotFree, Span, span::Spans};
use crate::calendar::{self, FreeBusy};

/// What is known of the time that is taken, besides our own appointments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Calendar {
    /// The business keeps none: its hours and the appointments here are all there is to know.
    NotKept,
    Kept {
        /// What every one of its calendars has told freshly, busy or not.
        known: Vec<Span>,
        /// What any of them holds; it takes every place at once.
        busy: Vec<Span>,
    },
}

/// What one calendar has told. One that could not be read freshly knows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    pub known: Vec<Span>,
    pub busy: Vec<Span>,
}

impl Reading {
    /// What a calendar has told; nothing when it was never read, or so long ago that it says nothing any more.
    pub fn of(read: Option<FreeBusy>, stale_after: SignedDuration, now: Timestamp) -> Reading {
        let fresh = read.filter(|read| !read.is_stale(stale_after, now));
        let spans = |spans: Vec<calendar::Span>| spans.into_iter().map(Span::from).collect();
        fresh.map_or_else(Reading::default, |read| Reading {
            known: spans(read.known),
            busy: spans(read.busy),
        })
    }
}

impl From<calendar::Span> for Span {
    fn from(span: calendar::Span) -> Span {
        Span {
            from: span.start,
            until: span.end,
        }
    }
}

impl Calendar {
    /// All calendars of a business as one: busy where any is, known where all are. Without any, none is kept.
    pub fn of(calendars: &[Reading]) -> Calendar {
        let mut known = calendars.iter().map(|each| Spans::of(&each.known));
        let Some(first) = known.next() else {
            return Calendar::NotKept;
        };
        let busy: Vec<Span> = calendars
            .iter()
            .flat_map(|each| each.busy.clone())
            .collect();
        Calendar::Kept {
            known: known.fold(first, |all, each| all.both(&each)).into_vec(),
            busy: Spans::of(&busy).into_vec(),
        }
    }
}

/// A calendar that is kept, ready to be asked.
pub(super) struct Known {
    known: Spans,
    busy: Spans,
}

impl Known {
    pub(super) fn of(calendar: &Calendar) -> Option<Known> {
        match calendar {
            Calendar::NotKept => None,
            Calendar::Kept { known, busy } => Some(Known {
                known: Spans::of(known),
                busy: Spans::of(busy),
            }),
        }
    }

    pub(super) fn is_free(&self, span: Span) -> Result<(), NotFree> {
        if self.busy.meets(span) {
            Err(NotFree::Busy)
        } else if self.known.cover(span) {
            Ok(())
        } else {
            Err(NotFree::Unknown)
        }
    }
}
