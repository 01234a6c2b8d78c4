//! What a tenant's calendars say of the times that are taken, and when to read them again (MEM-8).
//!
//! What no calendar could be asked about is unknown, and unknown is never free.

mod origin;
mod refresh;
mod spans;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use origin::Origin;
pub use refresh::{RefreshFacts, RefreshStep, next_step, trouble_since};
pub use spans::{Span, common, tidy, without};

/// Most spans that are kept of one calendar: two months of a slot each five minutes.
const MOST_SPANS: usize = 20_000;

/// What one calendar said when it was last read. Both lists are in order and without overlaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeBusy {
    pub busy: Vec<Span>,
    /// Where `busy` is all there is. Outside of it nothing was asked, or nothing could be understood.
    pub known: Vec<Span>,
    pub read_at: Timestamp,
}

/// Whether a time is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    Free,
    Busy,
    /// Not to be offered, though a person may know better.
    Unknown,
}

/// What all calendars of a tenant say together. Both lists are in order and without overlaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    pub busy: Vec<Span>,
    /// Known to every calendar.
    pub known: Vec<Span>,
}

impl FreeBusy {
    /// Puts both lists in order. What is beyond the spans that are kept is not known.
    pub fn new(busy: Vec<Span>, known: Vec<Span>, read_at: Timestamp) -> FreeBusy {
        let mut busy = tidy(busy);
        let mut known = tidy(known);
        if let Some(first_left_out) = busy.get(MOST_SPANS) {
            known = without(&known, &[Span::since(first_left_out.start)]);
            busy.truncate(MOST_SPANS);
        }
        known.truncate(MOST_SPANS);
        FreeBusy {
            busy,
            known,
            read_at,
        }
    }

    /// Whether it was read so long ago that it says nothing any more.
    pub fn is_stale(&self, stale_after: SignedDuration, now: Timestamp) -> bool {
        now.duration_since(self.read_at) > stale_after
    }
}

impl Availability {
    /// Joins the calendars that a tenant has set up, each as last read; `None` for one that never was.
    ///
    /// Busy is what any of them says is busy; known, what every one of them knows and was asked recently. A
    /// tenant without calendars has nothing that is not known.
    pub fn merged<'a>(
        calendars: impl IntoIterator<Item = Option<&'a FreeBusy>>,
        stale_after: SignedDuration,
        now: Timestamp,
    ) -> Availability {
        let mut busy = Vec::new();
        let mut known = vec![Span::ALWAYS];
        for calendar in calendars {
            match calendar.filter(|read| !read.is_stale(stale_after, now)) {
                Some(read) => {
                    busy.extend_from_slice(&read.busy);
                    known = common(&known, &tidy(read.known.clone()));
                }
                None => known.clear(),
            }
        }
        Availability {
            busy: tidy(busy),
            known,
        }
    }

    /// Busy when any part is, free when all of it is known and none is busy.
    pub fn answer(&self, asked: Span) -> Answer {
        if self.busy.iter().any(|busy| busy.overlaps(asked)) {
            Answer::Busy
        } else if self.known.iter().any(|known| known.covers(asked)) {
            Answer::Free
        } else {
            Answer::Unknown
        }
    }
}

#[cfg(test)]
mod tests;
