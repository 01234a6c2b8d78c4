//! What reading costs, and how much is read at once (TEXT-6).

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{hours::shift, settings::Extraction};

/// Tokens, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input: u64,
    /// What it thought included.
    pub output: u64,
}

impl Usage {
    pub const fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// What a tenant used in one month of its own zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthOfUse {
    /// The first day.
    pub month: Date,
    pub usage: Usage,
    pub requests: u64,
    pub passages: u64,
}

impl MonthOfUse {
    pub const fn new(month: Date) -> MonthOfUse {
        MonthOfUse {
            month,
            usage: Usage {
                input: 0,
                output: 0,
            },
            requests: 0,
            passages: 0,
        }
    }

    /// Counts one request, also one that failed: it is paid for all the same.
    pub fn add(&mut self, usage: Usage, passages: u64) {
        self.usage.input = self.usage.input.saturating_add(usage.input);
        self.usage.output = self.usage.output.saturating_add(usage.output);
        self.requests = self.requests.saturating_add(1);
        self.passages = self.passages.saturating_add(passages);
    }
}

/// The first day of the month in which `now` lies.
pub fn month_of(now: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(now).date().first_of_month()
}

/// Everything the next step of reading is decided from, for one tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtractionFacts {
    pub waiting: u32,
    pub oldest_waiting: Option<Timestamp>,
    /// Passages read in the last hour.
    pub read_last_hour: u32,
    /// The newest month that has a count.
    pub month: Option<MonthOfUse>,
    /// The provider asked to be left alone until then.
    pub not_before: Option<Timestamp>,
}

coded_enum! {
    /// Why nothing is read.
    ExtractionStop {
        SwitchedOff = "switched_off",
        MonthlyLimit = "monthly_limit",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtractionStep {
    /// Read so many of the oldest, in one request.
    Read {
        passages: u32,
    },
    Wait {
        until: Timestamp,
    },
    /// What waits goes on waiting, until then if there is an end.
    Stop {
        why: ExtractionStop,
        until: Option<Timestamp>,
    },
    /// Nothing waits.
    Idle,
}

/// The next step of reading at `now`. One request may take a tenant over its month's limit, and no further one.
pub fn extraction_step(
    now: Timestamp,
    facts: &ExtractionFacts,
    settings: &Extraction,
    zone: &TimeZone,
) -> ExtractionStep {
    if !settings.enabled {
        let why = ExtractionStop::SwitchedOff;
        return ExtractionStep::Stop { why, until: None };
    }
    if facts.waiting == 0 {
        return ExtractionStep::Idle;
    }
    if is_spent(now, facts, settings, zone) {
        let why = ExtractionStop::MonthlyLimit;
        let until = next_month(now, zone);
        return ExtractionStep::Stop { why, until };
    }
    if let Some(until) = facts.not_before.filter(|until| *until > now) {
        return ExtractionStep::Wait { until };
    }
    let this_hour = facts.read_last_hour.saturating_add(facts.waiting);
    if this_hour <= settings.batch_above_per_hour {
        return ExtractionStep::Read { passages: 1 };
    }
    let patience = SignedDuration::from_mins(settings.batch_wait_minutes.into());
    let full = facts.waiting >= settings.batch_size;
    match facts.oldest_waiting.map(|oldest| shift(oldest, patience)) {
        Some(until) if until > now && !full => ExtractionStep::Wait { until },
        _ => ExtractionStep::Read {
            passages: facts.waiting.min(settings.batch_size.max(1)),
        },
    }
}

fn is_spent(
    now: Timestamp,
    facts: &ExtractionFacts,
    settings: &Extraction,
    zone: &TimeZone,
) -> bool {
    let month = facts.month.filter(|use_| use_.month == month_of(now, zone));
    settings.monthly_tokens > 0
        && month.is_some_and(|use_| use_.usage.total() >= settings.monthly_tokens)
}

fn next_month(now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let next = month_of(now, zone).last_of_month().tomorrow().ok()?;
    Some(next.to_zoned(zone.clone()).ok()?.timestamp())
}
