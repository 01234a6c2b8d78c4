//! What is remembered of each event: sixteen bytes, and no bodies.

use super::{
    ledger::{Outcome, Totals},
    scenario::Fault,
};

/// One event, as the queue counts them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    pub(super) sent: u16,
    pub(super) acknowledged: u16,
    pub(super) refused: u16,
    pub(super) failed: u16,
    pub(super) unanswered: u16,
    /// 0 for none.
    last: u16,
    /// The status of the spoilt request, 0 for none.
    spoilt: u16,
    /// Nothing more will be sent.
    settled: bool,
}

impl Record {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self {
                acknowledged: 1.., ..
            } => Outcome::Acknowledged,
            Self { settled: false, .. } => Outcome::Pending,
            Self { sent: 0, .. } => Outcome::Lost,
            _ => Outcome::GaveUp,
        }
    }

    pub(super) fn last_status(&self) -> Option<u16> {
        (self.last != 0).then_some(self.last)
    }

    pub(super) fn spoilt_status(&self) -> Option<u16> {
        (self.spoilt != 0).then_some(self.spoilt)
    }
}

#[derive(Debug)]
pub(super) struct Records {
    all: Vec<Record>,
    /// What cannot be told from the records.
    totals: Totals,
}

impl Records {
    pub(super) fn new(events: usize) -> Self {
        Self {
            all: vec![Record::default(); events],
            totals: Totals::default(),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.all.len() as u64
    }

    pub(super) fn get(&self, event: u64) -> Option<Record> {
        self.all.get(usize::try_from(event).ok()?).copied()
    }

    pub(super) fn note_fault(&mut self, fault: Fault) {
        *self.totals.faults.entry(fault).or_default() += 1;
    }

    /// Notes a request with the event as it is; no status when no answer came.
    pub(super) fn note(&mut self, event: u64, status: Option<u16>) {
        self.count(status);
        let Some(record) = self.record(event) else {
            return;
        };
        record.sent = record.sent.saturating_add(1);
        let count = match status {
            None => &mut record.unanswered,
            Some(200..=299) => &mut record.acknowledged,
            Some(429 | 500..) => &mut record.failed,
            Some(_) => &mut record.refused,
        };
        *count = count.saturating_add(1);
        record.last = status.unwrap_or(record.last);
    }

    /// Notes a spoilt request. To be taken in by a forgery is an alarm.
    pub(super) fn note_spoilt(
        &mut self,
        event: u64,
        fault: Fault,
        is_forgery: bool,
        status: Option<u16>,
    ) {
        self.count(status);
        if let Some(record) = self.record(event) {
            record.spoilt = status.unwrap_or_default();
        }
        if matches!(status, Some(200..=299)) {
            *self.totals.spoilt_acknowledged.entry(fault).or_default() += 1;
            self.totals.forgeries_acknowledged += u64::from(is_forgery);
        }
    }

    pub(super) fn settle(&mut self, event: u64) {
        if let Some(record) = self.record(event) {
            record.settled = true;
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = self.totals.clone();
        totals.events = self.len();
        for record in &self.all {
            match record.outcome() {
                Outcome::Pending => totals.pending += 1,
                Outcome::Acknowledged => totals.acknowledged += 1,
                Outcome::GaveUp => totals.gave_up += 1,
                Outcome::Lost => totals.lost += 1,
            }
        }
        totals
    }

    fn record(&mut self, event: u64) -> Option<&mut Record> {
        self.all.get_mut(usize::try_from(event).ok()?)
    }

    fn count(&mut self, status: Option<u16>) {
        self.totals.requests += 1;
        match status {
            Some(status) => *self.totals.answers.entry(status).or_default() += 1,
            None => self.totals.unanswered += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_costs_sixteen_bytes() {
        assert_eq!(size_of::<Record>(), 16);
    }
}
