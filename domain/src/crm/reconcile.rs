//! The nightly comparison, which finds what no notification told (CRM-5). It reads the CRM's changes page by page,
//! then what was deleted, then those of our contacts that should have been written and were not.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::PageToken;
use crate::{hours::shift, settings::TimeOfDay};

coded_enum! {
    Phase {
        /// Records that changed, oldest change first.
        Changed = "changed",
        Deleted = "deleted",
        /// Our contacts that wait to be written.
        Ours = "ours",
        Finished = "finished",
    }
}

/// Where the comparison stands; changed only by the functions below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileFacts {
    pub phase: Phase,
    /// Everything that changed from here on is looked at; `None` for everything there is.
    pub since: Option<Timestamp>,
    /// The newest change that was read: from there the list is read again when its place is lost.
    pub reached: Option<Timestamp>,
    /// Where the list goes on, and when the CRM said so.
    pub page: Option<(PageToken, Timestamp)>,
    pub pages: u32,
    /// When this comparison began.
    pub started_at: Timestamp,
    /// Pages read in the run under way, which is one piece of work of a worker.
    pub in_this_run: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReconcileStep {
    /// Read a page, have each record that differs compared, then note [`ReconcileFacts::read`].
    Read {
        phase: Phase,
        since: Option<Timestamp>,
        page: Option<PageToken>,
    },
    /// This run has done its share: others' work goes first.
    Rest,
    /// `next_since`: where the next comparison begins.
    Finished { next_since: Timestamp },
}

/// Pages of one run.
const SHARE: u32 = 10;
/// The place in a list is good for a day at the CRM.
const TOKEN_LIVES: SignedDuration = SignedDuration::from_hours(23);
/// How far the CRM's clock, and the lag of its lists, may be behind.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

impl ReconcileFacts {
    pub const fn begin(now: Timestamp, since: Option<Timestamp>) -> ReconcileFacts {
        ReconcileFacts {
            phase: Phase::Changed,
            since,
            reached: None,
            page: None,
            pages: 0,
            started_at: now,
            in_this_run: 0,
        }
    }

    pub fn next_step(&self, now: Timestamp) -> ReconcileStep {
        if self.phase == Phase::Finished {
            return ReconcileStep::Finished {
                next_since: shift(self.started_at, OVERLAP.saturating_mul(-1)),
            };
        }
        if self.in_this_run >= SHARE {
            return ReconcileStep::Rest;
        }
        let page = self.page.as_ref();
        let good = page.filter(|(_, at)| *at <= now && shift(*at, TOKEN_LIVES) > now);
        let page = good.map(|(token, _)| token.clone());
        ReconcileStep::Read {
            phase: self.phase,
            since: match (self.phase, &page) {
                (Phase::Changed, None) => self.since.max(self.reached),
                _ => self.since,
            },
            page,
        }
    }

    /// A page was read and what differed was marked. `next`: where the list goes on, `None` at its end. `newest`: the
    /// newest change on the page.
    pub fn read(&mut self, now: Timestamp, next: Option<PageToken>, newest: Option<Timestamp>) {
        self.pages = self.pages.saturating_add(1);
        self.in_this_run = self.in_this_run.saturating_add(1);
        match next {
            Some(token) => {
                self.page = Some((token, now));
                self.reached = self.reached.max(newest);
            }
            None => {
                self.page = None;
                self.phase = self.phase.next();
            }
        }
    }

    /// The CRM does not know the place any more.
    pub fn lost_place(&mut self) {
        self.page = None;
    }

    /// Another run begins.
    pub fn go_on(&mut self) {
        self.in_this_run = 0;
    }
}

impl Phase {
    const fn next(self) -> Phase {
        match self {
            Phase::Changed => Phase::Deleted,
            Phase::Deleted => Phase::Ours,
            Phase::Ours | Phase::Finished => Phase::Finished,
        }
    }
}

/// The next time by the clocks of the zone at which the comparison begins, after `now`. A time that the clocks skip
/// comes when they have; one that comes twice, the first time.
pub fn next_reconcile(now: Timestamp, at: TimeOfDay, zone: &TimeZone) -> Timestamp {
    let hour = i8::try_from(at.hour()).unwrap_or_default();
    let minute = i8::try_from(at.minute()).unwrap_or_default();
    let mut date = zone.to_datetime(now).date();
    // Today's may be over, and where the clocks went over midnight, so may tomorrow's.
    for _ in 0..3 {
        let begins = zone.to_timestamp(date.at(hour, minute, 0, 0));
        match begins {
            Ok(begins) if begins > now => return begins,
            _ => date = date.tomorrow().unwrap_or(date),
        }
    }
    shift(now, SignedDuration::from_hours(24))
}
