//! What came of the inbound morning, by the end of the week.

use std::collections::BTreeMap;

use anyhow::Result;
use domain::call::Direction;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::retell;
use store::{ApprovalEntry, EventFilter, FollowUpEntry};

use crate::commands::demo::morning::{
    Booked, Morning, Moved, Place,
    crm::{self, Standing},
};

#[derive(Default)]
pub(super) struct Inbound {
    greeted: usize,
    taken: Count,
    /// With how many appointments there are at that time.
    booked: Option<(Booked, usize)>,
    /// With when the person was called, if at all.
    moved: Option<(Moved, Option<Timestamp>)>,
    follow_ups: Vec<FollowUpEntry>,
    approvals: Vec<ApprovalEntry>,
    from_openphone: Count,
    from_zoho: Count,
    crm: Standing,
    /// The calls of the provider that are written at Zoho.
    written: Count,
    troubles: Vec<String>,
}

/// What a vendor's ledger holds, and how the database differs from it.
#[derive(Default, Clone, Copy)]
struct Count {
    told: usize,
    lost: usize,
    double: usize,
}

impl Count {
    fn of(told: usize, kept: usize) -> Self {
        Self {
            told,
            lost: told.saturating_sub(kept),
            double: kept.saturating_sub(told),
        }
    }

    fn words(self) -> String {
        format!("{} lost, {} double", self.lost, self.double)
    }
}

impl Inbound {
    pub(super) async fn read(place: &Place<'_>, morning: Morning) -> Result<Self> {
        let mut troubles = morning.troubles;
        if let Err(trouble) = crm::in_step(place).await {
            troubles.push(format!("{trouble:#}"));
        }
        let mut tx = place.tx().await?;
        let booked = match morning.booked {
            Some(booked) => {
                let there = tx.upcoming(booked.contact, Timestamp::now(), 100).await?;
                let same = |each: &&store::Upcoming| each.starts_at == booked.at;
                Some((booked, there.iter().filter(same).count()))
            }
            None => None,
        };
        let moved = match morning.moved {
            Some(moved) => {
                let decisions = tx.timeline(moved.appointment).await?;
                let mut dialed = decisions.iter().filter(|each| each.verdict == "dial");
                Some((moved, dialed.next().map(|each| each.made_at)))
            }
            None => None,
        };
        let crm = Standing::read(place).await?;
        let calls = place.vendors.retell.ledger().calls.len();
        let inbound = Self {
            greeted: morning.greeted,
            booked,
            moved,
            follow_ups: tx.follow_ups(false, 1_000).await?,
            approvals: tx.approvals(true, 1_000).await?,
            taken: calls_taken(place).await?,
            from_openphone: from_openphone(place).await?,
            from_zoho: from_zoho(place).await?,
            crm,
            written: Count::of(calls, crm.calls),
            troubles,
        };
        Ok(inbound)
    }

    /// What did not hold, in sentences.
    pub(super) fn troubles(&self) -> Vec<String> {
        let mut troubles = self.troubles.clone();
        let counts = [
            (self.taken, "calls that came in"),
            (self.from_openphone, "webhooks of OpenPhone"),
            (self.from_zoho, "notifications of Zoho"),
            (self.written, "calls that Zoho is to know"),
        ];
        for (count, what) in counts {
            if count.lost + count.double > 0 {
                troubles.push(format!("of the {what} {}", count.words()));
            }
        }
        if self.greeted != self.taken.told {
            troubles.push("not every caller was greeted by name".to_owned());
        }
        if self.booked.is_none_or(|(_, there)| there != 1) {
            troubles.push("what was booked in the call is not there once".to_owned());
        }
        match self.moved {
            None => troubles.push("no reminder was moved by a call".to_owned()),
            Some((moved, Some(called))) if called < moved.to => {
                troubles
                    .push("somebody was called before the time the reminder moved to".to_owned());
            }
            Some(_) => {}
        }
        let is_whole = |each: &&FollowUpEntry| each.owner.is_some() && each.due_at.is_some();
        if self.follow_ups.iter().filter(is_whole).count() != 1 {
            troubles.push("the voicemail is not the one follow-up that waits".to_owned());
        }
        if self.approvals.len() != 1 {
            troubles.push("the new e-mail is not the one value that waits for approval".to_owned());
        }
        troubles
    }

    pub(super) fn rows(&self, place: &Place<'_>) -> Vec<[String; 3]> {
        let time = |at| place.time(at);
        let mut rows = vec![[
            "calls that came in".to_owned(),
            self.taken.told.to_string(),
            format!("{} greeted by name; {}", self.greeted, self.taken.words()),
        ]];
        if let Some((booked, there)) = self.booked {
            rows.push(row("  booked in a call", there, time(booked.at)));
        }
        if let Some((moved, called)) = self.moved {
            let called = called.map_or_else(
                || "nobody was called".to_owned(),
                |called| format!("called {}", time(called)),
            );
            let note = format!("{} → {}; {called}", time(moved.from), time(moved.to));
            rows.push(row("  reminders moved by a call", 1, note));
        }
        let owned = self.follow_ups.iter().map(|each| {
            let due = each.due_at.map(time).unwrap_or_default();
            format!(
                "for {}, by {due}",
                each.owner.as_deref().unwrap_or("nobody")
            )
        });
        let owned = owned.collect::<Vec<_>>().join("; ");
        rows.push(row("follow-ups that wait", self.follow_ups.len(), owned));
        let asked = self.approvals.iter().map(|each| {
            let name = &each.name.0;
            let approval = &each.approval;
            format!(
                "{name}, {}: {} → {}",
                approval.field, approval.shown.0, approval.proposed.0
            )
        });
        let asked = asked.collect::<Vec<_>>().join("; ");
        rows.push(row(
            "values that wait for approval",
            self.approvals.len(),
            asked,
        ));
        let (phone, zoho) = (self.from_openphone, self.from_zoho);
        rows.push(row("webhooks of OpenPhone", phone.told, phone.words()));
        rows.push(row("notifications of Zoho", zoho.told, zoho.words()));
        let crm = self.crm;
        let note = format!(
            "{} differ, {} lost, {} double",
            crm.differ, crm.without, crm.double
        );
        rows.push(row("contacts in step with Zoho", crm.in_step, note));
        rows.push(row(
            "calls written at Zoho",
            crm.calls,
            self.written.words(),
        ));
        rows
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "calls_taken": self.taken.told,
            "calls_taken_lost": self.taken.lost,
            "calls_taken_double": self.taken.double,
            "greeted": self.greeted,
            "booked": self.booked.map_or(0, |(_, there)| there),
            "reminders_moved": u8::from(self.moved.is_some()),
            "follow_ups": self.follow_ups.len(),
            "approvals_waiting": self.approvals.len(),
            "openphone_events": self.from_openphone.told,
            "openphone_lost": self.from_openphone.lost,
            "crm_in_step": self.crm.in_step,
            "crm_differ": self.crm.differ + self.crm.without,
            "crm_double": self.crm.double,
            "crm_calls": self.crm.calls,
            "crm_calls_lost": self.written.lost,
        })
    }
}

fn row(what: &str, count: impl ToString, note: String) -> [String; 3] {
    [what.to_owned(), count.to_string(), note]
}

/// The calls that were taken at the provider, beside those that are kept, caller by caller.
async fn calls_taken(place: &Place<'_>) -> Result<Count> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for call in place.vendors.retell.ledger().calls {
        if call.direction == retell::Direction::Inbound {
            *taken.entry(call.from_number).or_default() += 1;
        }
    }
    let mut all = Count::default();
    for (number, told) in taken {
        let person = place.person(&number).await?;
        let calls = place.tx().await?.last_calls(person.id, 1_000).await?;
        let kept = calls
            .iter()
            .filter(|call| call.direction == Direction::Inbound);
        let count = Count::of(told, kept.count());
        all.told += count.told;
        all.lost += count.lost;
        all.double += count.double;
    }
    Ok(all)
}

async fn from_openphone(place: &Place<'_>) -> Result<Count> {
    let sent = place.vendors.phone.ledger().webhooks;
    let taken = sent.iter().filter(|webhook| is_taken(webhook.answer));
    Ok(Count::of(taken.count(), kept(place, "quo").await?))
}

async fn from_zoho(place: &Place<'_>) -> Result<Count> {
    let sent = place.vendors.zoho.ledger().notifications;
    let taken = sent
        .iter()
        .filter(|notification| is_taken(notification.answer));
    Ok(Count::of(taken.count(), kept(place, "zoho").await?))
}

fn is_taken(answer: Option<u16>) -> bool {
    answer.is_some_and(|status| (200..300).contains(&status))
}

/// How many events of a provider are kept.
async fn kept(place: &Place<'_>, provider: &str) -> Result<usize> {
    let filter = EventFilter {
        provider: Some(provider.to_owned()),
        ..EventFilter::default()
    };
    let events = place
        .tx()
        .await?
        .list_events(&filter, None, 100_000)
        .await?;
    Ok(events.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_hold_is_said_in_sentences() {
        let nothing = Inbound {
            taken: Count::of(2, 1),
            from_zoho: Count::of(1, 2),
            written: Count::of(3, 1),
            troubles: vec!["Iris Hart was not greeted by name".to_owned()],
            ..Inbound::default()
        };
        assert_eq!(
            nothing.troubles(),
            [
                "Iris Hart was not greeted by name",
                "of the calls that came in 1 lost, 0 double",
                "of the notifications of Zoho 0 lost, 1 double",
                "of the calls that Zoho is to know 2 lost, 0 double",
                "not every caller was greeted by name",
                "what was booked in the call is not there once",
                "no reminder was moved by a call",
                "the voicemail is not the one follow-up that waits",
                "the new e-mail is not the one value that waits for approval",
            ]
        );
    }
}
