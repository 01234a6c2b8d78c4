//! What the demo came to, counted on both sides of the wire.

mod inbound;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::Result;
use comfy_table::{Table, presets::NOTHING};
use domain::{Reason, call::CallOutcome, reminder::Ending};
use serde_json::{Value, json};
use simulator::retell::Delivery;
use store::Report;

use super::morning::{Morning, Place};
use crate::commands::import::Outcome;
use inbound::Inbound;

pub(super) struct Summary {
    imported: Outcome,
    report: Report,
    /// Webhooks the simulator got a 2xx for, duplicates counted once.
    acknowledged: u64,
    /// Of them, those that are not in the database, or that nobody has read.
    lost: u64,
    calls: u64,
    double_dials: u64,
    inbound: Inbound,
    took: Duration,
}

impl Summary {
    pub(super) async fn read(
        place: &Place<'_>,
        morning: Morning,
        imported: Outcome,
        started: Instant,
    ) -> Result<Self> {
        let inbound = Inbound::read(place, morning).await?;
        let mut tx = place.tx().await?;
        let report = tx.report().await?;
        let stored: HashSet<(String, Option<String>)> =
            tx.received_events().await?.into_iter().collect();
        let ledger = place.vendors.retell.ledger();
        let acknowledged: HashSet<_> = ledger
            .webhooks
            .iter()
            .filter(|webhook| webhook.delivery == Delivery::Acknowledged)
            .map(|webhook| {
                (
                    webhook.event.clone(),
                    Some(webhook.provider_call_id.clone()),
                )
            })
            .collect();
        let missing = acknowledged.difference(&stored).count() as u64;
        Ok(Self {
            imported,
            acknowledged: acknowledged.len() as u64,
            lost: missing + report.unread_events.unsigned_abs(),
            calls: ledger.totals.calls_placed as u64,
            double_dials: ledger.totals.double_dials as u64,
            report,
            inbound,
            took: started.elapsed(),
        })
    }

    fn ended(&self, ending: Ending) -> i64 {
        self.report
            .endings
            .iter()
            .filter(|(code, _, _)| code == ending.code())
            .map(|(_, _, count)| count)
            .sum()
    }

    fn reminders(&self) -> i64 {
        self.report.endings.iter().map(|(_, _, count)| count).sum()
    }

    fn answered(&self) -> i64 {
        let answered = [
            CallOutcome::Confirmed,
            CallOutcome::Cancelled,
            CallOutcome::Rescheduled,
            CallOutcome::NoClearAnswer,
            CallOutcome::DoNotCall,
        ];
        self.report
            .calls
            .iter()
            .filter(|each| {
                answered
                    .iter()
                    .any(|outcome| each.outcome.as_deref() == Some(outcome.code()))
            })
            .map(|each| each.count)
            .sum()
    }

    fn retried(&self) -> i64 {
        self.report.calls.iter().map(|each| each.retries).sum()
    }

    /// What did not hold, in sentences: nothing is lost, nobody is dialed twice, every reminder ends, and the inbound
    /// morning came to what it was to come to.
    pub(super) fn troubles(&self) -> Vec<String> {
        let mut troubles = self.inbound.troubles();
        if self.lost > 0 {
            troubles.push(format!("{} webhooks are lost or were not read", self.lost));
        }
        if self.report.useless_events > 0 {
            let useless = self.report.useless_events;
            troubles.push(format!(
                "{useless} webhooks were not understood, or given up"
            ));
        }
        if self.double_dials > 0 {
            troubles.push(format!("{} calls were dialed twice", self.double_dials));
        }
        let mut endings = self.report.endings.iter();
        if endings.any(|(code, _, _)| Ending::from_code(code).is_none()) {
            troubles.push("not every reminder has ended".to_owned());
        }
        troubles
    }

    pub(super) fn print(&self, place: &Place<'_>, ui_url: Option<&str>) -> Result<()> {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        table.add_row(["reminders planned", &self.reminders().to_string(), ""]);
        table.add_row([
            "calls dialed",
            &self.calls.to_string(),
            &format!("{} of them retries", self.retried()),
        ]);
        table.add_row(["  answered by a person", &self.answered().to_string(), ""]);
        for (ending, words) in [
            (Ending::Confirmed, "confirmed"),
            (Ending::Cancelled, "cancelled"),
            (Ending::Rescheduled, "rescheduled"),
            (Ending::NotNeeded, "not needed"),
            (Ending::ManualReview, "manual review"),
            (Ending::TechnicalReview, "technical review"),
            (Ending::Refused, "refused"),
        ] {
            table.add_row([
                words,
                &self.ended(ending).to_string(),
                &self.reasons(ending),
            ]);
        }
        table.add_row([
            "rows rejected at import",
            &self.imported.rejected.to_string(),
            "",
        ]);
        table.add_row([
            "webhooks of Retell",
            &self.acknowledged.to_string(),
            &format!("{} lost", self.lost),
        ]);
        table.add_row([
            "people dialed twice for one attempt",
            &self.double_dials.to_string(),
            "",
        ]);
        for row in self.inbound.rows(place) {
            table.add_row(row);
        }
        // Cells are filled up to their columns' widths, the last ones too.
        crate::say!("\n{}", table.trim_fmt())?;
        for trouble in self.troubles() {
            eprintln!("\ndid not hold: {trouble}");
        }
        if let Some(ui) = ui_url {
            crate::say!("\nTemporal's screens: {ui}")?;
        }
        Ok(())
    }

    fn reasons(&self, ending: Ending) -> String {
        let with_reason = self
            .report
            .endings
            .iter()
            .filter(|(code, _, _)| code == ending.code());
        with_reason
            .filter_map(|(_, reason, count)| {
                let reason = Reason::from_code(reason.as_deref()?)?;
                Some(format!("{count} {reason} ({})", reason.words()))
            })
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "reminders": self.reminders(),
            "calls": self.calls,
            "answered": self.answered(),
            "confirmed": self.ended(Ending::Confirmed),
            "cancelled": self.ended(Ending::Cancelled),
            "rescheduled": self.ended(Ending::Rescheduled),
            "retried": self.retried(),
            "manual_review": self.ended(Ending::ManualReview),
            "technical_review": self.ended(Ending::TechnicalReview),
            "not_needed": self.ended(Ending::NotNeeded),
            "refused": self.ended(Ending::Refused),
            "rows_rejected": self.imported.rejected,
            "events_received": self.acknowledged,
            "events_lost": self.lost,
            "double_dials": self.double_dials,
            "wall_seconds": (self.took.as_secs_f64() * 10.0).round() / 10.0,
            "troubles": self.troubles(),
        });
        if let (Some(json), Value::Object(inbound)) = (json.as_object_mut(), self.inbound.json()) {
            json.extend(inbound);
        }
        json
    }
}
