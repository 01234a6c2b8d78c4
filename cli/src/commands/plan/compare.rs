//! The difference that other settings would make.

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use domain::settings::Settings;

use super::{
    forecast::Forecast,
    table::{call, local, print_table, why},
    tally::appointments,
};

/// One appointment whose calls differ.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    external_id: String,
    /// `None` when these settings refuse the row.
    old: Option<Forecast>,
    new: Option<Forecast>,
}

impl Change {
    /// `None` when nothing that a person would notice differs.
    pub(super) fn between(old: Option<Forecast>, new: Option<Forecast>) -> Option<Change> {
        let notable = |forecast: &Option<Forecast>| {
            forecast.as_ref().map(|each| {
                (
                    each.appointment_at,
                    each.planned_at,
                    each.refused,
                    each.retries_if_unanswered.clone(),
                )
            })
        };
        if notable(&old) == notable(&new) {
            return None;
        }
        let external_id = new.as_ref().or(old.as_ref())?.external_id.clone();
        Some(Change {
            external_id,
            old,
            new,
        })
    }

    /// The earlier of the two first calls.
    pub(super) fn first_call_at(&self) -> Timestamp {
        let calls = self.old.iter().chain(&self.new).map(Forecast::call_at);
        calls.min().unwrap_or(Timestamp::MAX)
    }

    fn kind(&self) -> Kind {
        let planned =
            |forecast: &Option<Forecast>| forecast.as_ref().and_then(|each| each.planned_at);
        match (planned(&self.old), planned(&self.new)) {
            (None, Some(_)) => Kind::Called,
            (Some(_), None) => Kind::NotCalled,
            (Some(old), Some(new)) if new < old => Kind::Earlier,
            (Some(old), Some(new)) if new > old => Kind::Later,
            _ => Kind::Otherwise,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Called,
    NotCalled,
    Earlier,
    Later,
    /// Other retries, another reason, another reading of the row.
    Otherwise,
}

#[derive(Default)]
pub(super) struct Tally {
    pub(super) same: u64,
    /// Left out: the calls lie after the period.
    pub(super) later: u64,
    kinds: Vec<Kind>,
}

impl Tally {
    pub(super) fn count(&mut self, change: &Change) {
        self.kinds.push(change.kind());
    }

    pub(super) fn words(&self, until: Timestamp, settings: &Settings) -> String {
        let zone = settings.tenant.zone_or_utc();
        let of = |kind: Kind| self.kinds.iter().filter(|each| **each == kind).count();
        let left_out = match self.later {
            0 => String::new(),
            later => format!("; {later} more with calls after that are left out"),
        };
        format!(
            "until {} the new settings change {}: {} called earlier, {} called later, {} called instead of not, \
             {} not called any more, {} otherwise{left_out}; {} stay as they are",
            local(until, &zone),
            appointments(self.kinds.len() as u64),
            of(Kind::Earlier),
            of(Kind::Later),
            of(Kind::Called),
            of(Kind::NotCalled),
            of(Kind::Otherwise),
            self.same
        )
    }
}

pub(super) fn print(mut changes: Vec<Change>, summary: &str) -> io::Result<()> {
    changes.sort_by_key(Change::first_call_at);
    let header = ["appointment", "takes place", "old call", "new call", "why"];
    let rows = changes.iter().map(|change| {
        let shown =
            |forecast: &Option<Forecast>| forecast.as_ref().map_or("row refused".to_owned(), call);
        [
            change.external_id.clone(),
            takes_place(change),
            shown(&change.old),
            shown(&change.new),
            explanation(change),
        ]
    });
    print_table(header, rows, &[summary.to_owned()])
}

fn takes_place(change: &Change) -> String {
    let mut times: Vec<String> = change
        .old
        .iter()
        .chain(&change.new)
        .map(|each| local(each.appointment_at, &each.appointment_zone))
        .collect();
    times.dedup();
    times.join(" → ")
}

/// Why the new call is when it is; or, when the first call stays, how the others change.
fn explanation(change: &Change) -> String {
    let (Some(old), Some(new)) = (&change.old, &change.new) else {
        return "the row is good with one of the settings only".to_owned();
    };
    if old.planned_at == new.planned_at && new.planned_at.is_some() {
        return format!("if nobody answers: {} → {}", retries(old), retries(new));
    }
    match why(new).as_str() {
        "" => "as asked".to_owned(),
        why => why.to_owned(),
    }
}

fn retries(forecast: &Forecast) -> String {
    let calls = &forecast.retries_if_unanswered;
    match calls.len() {
        0 => "no other call".to_owned(),
        _ => calls
            .iter()
            .map(|at| local(*at, &forecast.call_zone))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
