//! What becomes of one appointment, by the rules its reminder runs by.

use anyhow::Result;
use domain::{
    Reason,
    import::AppointmentRow,
    plan::Adjustment,
    reminder::{
        AppointmentFacts, ContactFacts, Deferral, DryRun, NumberState, ReminderFacts, dry_run,
    },
    settings::Settings,
    zone,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Forecast {
    pub(super) external_id: String,
    pub(super) appointment_at: Timestamp,
    pub(super) ideal_at: Timestamp,
    /// `None` exactly when `refused` says why.
    pub(super) planned_at: Option<Timestamp>,
    /// The same instant with the offset it has where the person is called.
    pub(super) planned_local: Option<String>,
    pub(super) adjustment: Adjustment,
    pub(super) refused: Option<Reason>,
    /// Plain words, never empty.
    pub(super) reasons: Vec<String>,
    pub(super) retries_if_unanswered: Vec<Timestamp>,
    #[serde(skip)]
    pub(super) appointment_zone: TimeZone,
    /// Where the person is called.
    #[serde(skip)]
    pub(super) call_zone: TimeZone,
}

impl Forecast {
    /// As if the row had become known at `now`.
    pub(super) fn of(
        row: &AppointmentRow,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Forecast> {
        let appointment_zone = zone::find(&row.time_zone)?;
        let mut zones = row
            .contact_zones
            .iter()
            .map(|name| zone::find(name))
            .collect::<Result<Vec<_>, _>>()?;
        if zones.is_empty() {
            zones.push(appointment_zone.clone());
        }
        let call_zone = zones.first().unwrap_or(&appointment_zone).clone();
        let facts = facts(row, zones, now, settings);
        let run = dry_run(now, &facts, settings);
        let refused = run
            .next_call
            .is_none()
            .then(|| run.reason.unwrap_or(Reason::NoOpenTime));
        Ok(Forecast {
            external_id: row.external_id.clone(),
            appointment_at: row.starts_at,
            ideal_at: run.plan.ideal_at,
            planned_at: run.next_call,
            planned_local: run.next_call.map(|at| rfc_3339(at, &call_zone)),
            adjustment: adjustment(&run, refused),
            reasons: reasons(&run),
            refused,
            retries_if_unanswered: run.retries_if_unanswered,
            appointment_zone,
            call_zone,
        })
    }

    /// When the call is, or would have been without the refusal.
    pub(super) fn call_at(&self) -> Timestamp {
        self.planned_at.unwrap_or(self.ideal_at)
    }
}

fn facts(
    row: &AppointmentRow,
    zones: Vec<TimeZone>,
    now: Timestamp,
    settings: &Settings,
) -> ReminderFacts {
    let number = match row.number {
        Some(_) => NumberState::Callable,
        None => NumberState::Missing,
    };
    // The one dial gate the file can answer. Its consent counts by its date, as at dial time, and the plan
    // cannot hope for one to be recorded later.
    let without_consent = settings.consent.required && row.consent_at.is_none();
    let deferral = without_consent.then_some(Deferral {
        reason: Reason::ConsentMissing,
        until: Timestamp::MAX,
    });
    ReminderFacts {
        appointment: AppointmentFacts {
            status: row.status,
            starts_at: row.starts_at,
            known_at: now,
            call_before_hours: row.call_before_hours,
            zones,
        },
        contact: ContactFacts {
            number,
            opted_out: false,
            best_hour: None,
        },
        attempts: Vec::new(),
        deferral,
    }
}

/// Where there is no call for another reason than its time, nothing was adjusted.
fn adjustment(run: &DryRun, refused: Option<Reason>) -> Adjustment {
    if run.plan.refused == refused {
        run.plan.adjustment
    } else {
        Adjustment::None
    }
}

/// The plan's reasons for a call, the last decision's for none.
fn reasons(run: &DryRun) -> Vec<String> {
    match (run.next_call, run.moments.last()) {
        (None, Some(last)) => last.decided.notes.clone(),
        _ => run.plan.reasons.clone(),
    }
}

/// With offset, and without the zone's name in brackets, which few readers of RFC 3339 take.
fn rfc_3339(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .display_with_offset(zone.to_offset(instant))
        .to_string()
}
