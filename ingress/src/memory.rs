//! From the stored facts about a caller to what the voice agent is told.

use std::collections::BTreeMap;

use domain::{
    call::Sentiment,
    context::Business,
    ids::ContactId,
    inbound::{self, Called, Caller, LastCall, Line, MemoryFacts},
    script::Mode,
    settings::{Settings, Told},
    spoken::Locale,
};
use jiff::Timestamp;
use store::{PastCall, Person, Recognised, TenantTx};

mod profile;

use profile::More;

use crate::{appointment::Zoned, caller_question::CallerQuestion, times::Times};

/// As many as are ever told.
const MOST_APPOINTMENTS: u32 = 5;
/// As many as are ever told.
const MOST_ISSUES: u32 = 5;
/// As many as a trend is made of.
const MOST_CALLS: u32 = 6;

/// What is told, and of whom.
pub(crate) struct Found {
    pub(crate) override_agent_id: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) caller: Recognised,
    pub(crate) line: Line,
}

impl Found {
    pub(crate) fn contact(&self) -> Option<ContactId> {
        self.caller.person_on(self.line).map(|person| person.id)
    }

    /// Why nothing personal is told, when the line is none of the tenant's.
    pub(crate) fn line_problem(&self) -> Option<Line> {
        (self.line != Line::Ours).then_some(self.line)
    }
}

pub(crate) async fn of(
    tx: &mut TenantTx,
    question: &CallerQuestion,
    settings: &Settings,
    now: Timestamp,
) -> store::Result<Found> {
    let called = Called {
        agent_id: question.agent_id.as_deref(),
        number: question.to_number.as_deref(),
        number_id: question.to_number_id.as_deref(),
    };
    let line = inbound::line(settings, called);
    let caller = tx
        .recognise(question.from_number.as_deref(), settings)
        .await?;
    let remembered = match caller.person_on(line) {
        Some(person) => Remembered::of(tx, person, caller.e164(), settings, now).await?,
        None => Remembered::default(),
    };
    let free = free_times(tx, line, settings, now).await?;
    Ok(Found {
        override_agent_id: settings
            .inbound
            .override_agent_id
            .clone()
            .filter(|_| line == Line::Ours),
        variables: told(
            settings,
            line,
            caller.caller,
            &remembered,
            free.as_deref(),
            now,
        ),
        caller,
        line,
    })
}

/// The times that can be booked, where any are given away and told; `None` when they are not known.
async fn free_times(
    tx: &mut TenantTx,
    line: Line,
    settings: &Settings,
    now: Timestamp,
) -> store::Result<Option<Vec<Timestamp>>> {
    let are_told = line == Line::Ours && settings.inbound.tell.contains(&Told::FreeTimes);
    if !are_told || !settings.booking.enabled {
        return Ok(None);
    }
    Times::first_free(tx, settings, now).await
}

/// What is stored about somebody who calls.
#[derive(Default)]
struct Remembered {
    name: String,
    upcoming: Vec<Zoned>,
    calls: Vec<PastCall>,
    /// What is open and may be told, newest first.
    issues: Vec<String>,
    awaits_call: bool,
    is_held_back: bool,
    more: More,
}

impl Remembered {
    async fn of(
        tx: &mut TenantTx,
        person: &Person,
        e164: Option<&str>,
        settings: &Settings,
        now: Timestamp,
    ) -> store::Result<Self> {
        let upcoming = tx.upcoming(person.id, now, MOST_APPOINTMENTS).await?;
        Ok(Self {
            name: person.name.clone(),
            upcoming: upcoming.into_iter().map(Zoned::from).collect(),
            calls: tx.last_calls(person.id, MOST_CALLS).await?,
            issues: tx.open_issues(person.id, MOST_ISSUES).await?,
            awaits_call: tx.awaits_call(person.id, e164, now).await?,
            is_held_back: tx.holds_back(person.id).await?,
            more: More::of(tx, person.id, settings, now).await?,
        })
    }
}

fn told(
    settings: &Settings,
    line: Line,
    caller: Caller,
    remembered: &Remembered,
    free_slots: Option<&[Timestamp]>,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let appointments: Vec<_> = remembered.upcoming.iter().map(Zoned::facts).collect();
    let sentiments: Vec<Sentiment> = remembered
        .calls
        .iter()
        .filter_map(|call| call.sentiment)
        .collect();
    // A call in which nobody said anything is not what was discussed last.
    let last_call = remembered
        .calls
        .iter()
        .find(|call| call.summary.is_some() || call.topic.is_some())
        .map(|call| LastCall {
            at: call.at,
            topic: call.topic.as_deref(),
            summary: call.summary.as_deref(),
        });
    let issues: Vec<&str> = remembered.issues.iter().map(String::as_str).collect();
    let business = Business::of(settings);
    let past = remembered.more.past_appointments();
    let calls = profile::earlier(&remembered.calls);
    let facts = MemoryFacts {
        mode: Mode::of(settings.tenant.health_mode),
        locale: Locale::of(&settings.tenant.locale),
        line,
        caller,
        tell: &settings.inbound.tell,
        zone: &settings.tenant.zone_or_utc(),
        business: business.facts(),
        announcements: &settings.announcements,
        name: &remembered.name,
        appointments: &appointments,
        last_call,
        sentiments: &sentiments,
        issues: &issues,
        awaits_call: remembered.awaits_call,
        held_back: remembered.is_held_back,
        profile: remembered.more.facts(&past, &calls),
        free_slots,
    };
    inbound::build(&facts, now).variables
}
