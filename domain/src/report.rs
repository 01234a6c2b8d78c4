//! The daily report: what failed yesterday, and what still waits for somebody (HOOK-6, OPS-2).

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    alert::{
        Channel, Message,
        plain::{business_name, cut, fitting, harmless, longest},
    },
    event::ErrorClass,
    plan::local_words,
    zone,
};

/// The day a report is about: all of the day before, by the zone's clocks. So one report follows the other
/// without a gap, however late one of them is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportDay {
    pub date: Date,
    pub from: Timestamp,
    /// Not part of it any more.
    pub until: Timestamp,
}

/// The day before the one on which it is `now` there.
pub fn day_before(now: Timestamp, zone: &TimeZone) -> ReportDay {
    let today = zone.to_datetime(now).date();
    let date = today.yesterday().unwrap_or(today);
    ReportDay {
        date,
        from: start_of(date, zone),
        until: start_of(today, zone),
    }
}

/// A day whose midnight the clocks skip begins with the first instant it has.
fn start_of(date: Date, zone: &TimeZone) -> Timestamp {
    match date.to_zoned(zone.clone()) {
        Ok(midnight) => midnight.timestamp(),
        Err(_) => Timestamp::MIN,
    }
}

/// What was counted for a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// The tenant's name.
    pub business: String,
    pub day: ReportDay,
    /// Events of the day, duplicates not counted.
    pub received: u64,
    pub duplicates: u64,
    /// Events of the day that needed another try and then succeeded.
    pub retried: u64,
    /// Events of the day that failed, or are failing.
    pub failed: Vec<FailedEvents>,
    /// All that are given up at the moment, whatever their day.
    pub dead: u64,
    /// When the oldest of those was received.
    pub oldest_dead: Option<Timestamp>,
    /// Calls of the day, and those of which it is not known whether the phone rang.
    pub calls: u64,
    pub uncertain_calls: u64,
}

/// Failed events of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedEvents {
    pub provider: String,
    pub event_type: String,
    pub class: Option<ErrorClass>,
    pub count: u64,
    /// Of those, the ones that are given up.
    pub dead: u64,
}

/// Kinds that are named one by one.
const MOST_LINES: usize = 25;
const LONGEST_LINE: usize = 100;

/// The report for one channel.
pub fn report(channel: Channel, facts: &ReportFacts, zone: &TimeZone) -> Message {
    let subject = subject(facts);
    let body = lines(facts, zone).join("\n");
    Message {
        subject,
        text: cut(&body, longest(channel)),
    }
}

fn subject(facts: &ReportFacts) -> String {
    let name = business_name(&facts.business);
    let day = facts.day.date.strftime("%A %-d %B %Y");
    let failed = match total(&facts.failed) {
        0 => "no webhook failed".to_owned(),
        failed => format!("{} failed", counted(failed, "webhook")),
    };
    fitting(&format!("{name}, {day}: {failed}"))
}

fn lines(facts: &ReportFacts, zone: &TimeZone) -> Vec<String> {
    let day = facts.day.date.strftime("%A %-d %B %Y");
    let failed = total(&facts.failed);
    let mut lines = vec![
        format!("{day}, by the clocks of {}.", zone::name(zone)),
        format!(
            "{} received, {} recognised, {} succeeded after another try, {failed} failed.",
            counted(facts.received, "webhook"),
            counted(facts.duplicates, "duplicate"),
            facts.retried,
        ),
    ];
    lines.extend(failed_lines(&facts.failed));
    lines.push(dead(facts, zone));
    lines.push(calls(facts));
    lines
}

/// The most frequent first; what has no room is counted.
fn failed_lines(failed: &[FailedEvents]) -> Vec<String> {
    let mut sorted: Vec<&FailedEvents> = failed.iter().filter(|each| each.count > 0).collect();
    sorted.sort_by(|a, b| {
        let names = |each: &&FailedEvents| (each.provider.clone(), each.event_type.clone());
        b.count.cmp(&a.count).then_with(|| names(a).cmp(&names(b)))
    });
    let mut lines: Vec<String> = sorted
        .iter()
        .take(MOST_LINES)
        .map(|each| line(each))
        .collect();
    let rest = sorted.get(MOST_LINES..).unwrap_or_default();
    if !rest.is_empty() {
        let events: u64 = rest.iter().map(|each| each.count).sum();
        lines.push(format!(
            "- and {} of {} more",
            counted(events, "webhook"),
            counted(rest.len() as u64, "kind")
        ));
    }
    lines
}

fn line(failed: &FailedEvents) -> String {
    let why = failed
        .class
        .map_or("for an unknown reason", ErrorClass::words);
    let dead = match failed.dead {
        0 => String::new(),
        dead => format!(" ({dead} given up)"),
    };
    let what = harmless(&format!("{} {}", failed.provider, failed.event_type));
    let what = cut(&what, LONGEST_LINE);
    format!("- {} x {what}: {why}{dead}", failed.count)
}

fn dead(facts: &ReportFacts, zone: &TimeZone) -> String {
    let oldest = facts.oldest_dead.map_or_else(String::new, |oldest| {
        format!(", the oldest since {}", local_words(oldest, zone))
    });
    match facts.dead {
        0 => "Nothing is given up.".to_owned(),
        dead => format!(
            "{} given up and waiting for somebody{oldest}. See `bellhop events list --tenant NAME --filter state=dead`; \
             `bellhop events retry-all` tries them again and never dials.",
            counted(dead, "webhook")
        ),
    }
}

fn calls(facts: &ReportFacts) -> String {
    let calls = counted(facts.calls, "call");
    match facts.uncertain_calls {
        0 => format!("{calls}, none uncertain."),
        uncertain => format!(
            "{calls}, {uncertain} of them uncertain: whether the phone rang is not known. See `bellhop review`."
        ),
    }
}

fn total(failed: &[FailedEvents]) -> u64 {
    failed.iter().map(|each| each.count).sum()
}

fn counted(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests;
