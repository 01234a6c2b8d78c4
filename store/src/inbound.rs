//! Calls that come in, and whom they come from.

use domain::{
    alert::AlertCause,
    call::{CallState, Direction},
    follow::DialState,
    ids::{CallId, ContactId},
    inbound::{Caller, CallerNumber, Line, caller_number, recognise},
    settings::Settings,
};
use jiff::Timestamp;

use crate::{Result, Seen, TenantTx, Trouble, instant::to_db};

/// A call that came in, as the first that was heard of it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived<'a> {
    pub provider: &'a str,
    pub provider_call_id: &'a str,
    pub caller: &'a Recognised,
    pub line: Line,
    /// Our number that was called, as the provider wrote it.
    pub to_number: Option<&'a str>,
    /// Whether its agent asked who calls before: of a line that is none of the tenant's somebody heard then.
    pub was_asked_about: bool,
}

/// What is still to be done for a call that came in: see [`TenantTx::after_arrival`].
#[derive(Debug, Default)]
#[must_use = "an unknown caller is to be looked for"]
pub struct Arrival {
    unknown: Option<String>,
    /// None of the tenant's.
    told_of: Option<Line>,
}

/// Somebody with the number that calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: ContactId,
    pub name: String,
}

/// Who calls, as far as the number tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    pub number: CallerNumber,
    pub caller: Caller,
    /// Whom the number belongs to, when the caller is known.
    pub person: Option<Person>,
}

impl Recognised {
    /// Whom the caller is taken for: on a line that is none of the tenant's nobody is taken for somebody.
    pub fn person_on(&self, line: Line) -> Option<&Person> {
        self.person.as_ref().filter(|_| line == Line::Ours)
    }

    pub fn e164(&self) -> Option<&str> {
        match &self.number {
            CallerNumber::Given(number) => Some(number.e164()),
            CallerNumber::Withheld => None,
        }
    }
}

impl TenantTx {
    /// Who calls from a number, as the provider wrote it.
    pub async fn recognise(
        &mut self,
        from_number: Option<&str>,
        settings: &Settings,
    ) -> Result<Recognised> {
        let country = settings.tenant.country();
        let number = caller_number(from_number, country);
        let people = match &number {
            CallerNumber::Given(number) => self.people_with_number(number.e164()).await?,
            CallerNumber::Withheld => Vec::new(),
        };
        let caller = recognise(&number, people.len(), &settings.inbound);
        let first = people.into_iter().next();
        Ok(Recognised {
            number,
            caller,
            person: first.filter(|_| caller == Caller::Known),
        })
    }

    /// Makes the call's row, once: whichever of its events comes first, and however many come at once. Its process
    /// begins with it, and asks for the call should nothing more be heard. `now` is the time of the process that read the
    /// event.
    pub async fn call_arrived(&mut self, call: &Arrived<'_>, now: Timestamp) -> Result<Arrival> {
        let made = sqlx::query_scalar!(
            "insert into calls (tenant_id, id, direction, contact_id, e164, line, provider, provider_call_id, state,
                                dial_state, authorized_at, placed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
             on conflict (tenant_id, provider, provider_call_id) where direction = 'inbound' do nothing
             returning id",
            self.tenant(),
            CallId::generate().uuid(),
            Direction::Inbound.code(),
            call.caller.person_on(call.line).map(|person| person.id.uuid()),
            call.caller.e164(),
            // No text column takes a NUL.
            call.to_number.map(|number| number.replace('\0', "")),
            call.provider,
            call.provider_call_id,
            CallState::Initiating.code(),
            DialState::Placed.code(),
            to_db(now)
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some(id) = made else {
            return Ok(Arrival::default());
        };
        self.wake_call(CallId::from_uuid(id)).await?;
        let is_looked_for = call.line == Line::Ours && call.caller.caller == Caller::Unknown;
        let e164 = call.caller.e164().filter(|_| is_looked_for);
        Ok(Arrival {
            unknown: e164.map(str::to_owned),
            told_of: (call.line != Line::Ours && !call.was_asked_about).then_some(call.line),
        })
    }

    /// Has an unknown caller looked for in the CRM, and somebody told of a line that is none of the tenant's. What is of the
    /// CRM, and alerts, are locked late in the order of `locks`, so whatever is done for the caller in the same transaction
    /// comes before.
    pub async fn after_arrival(&mut self, arrival: Arrival, now: Timestamp) -> Result<()> {
        if let Some(line) = arrival.told_of {
            self.unknown_line(line, now).await?;
        }
        match arrival.unknown {
            Some(e164) => self.crm_unknown_number(&e164, now).await,
            None => Ok(()),
        }
    }

    /// A call came in on a line that is none of the tenant's: somebody is to hear of it.
    pub async fn unknown_line(&mut self, line: Line, now: Timestamp) -> Result<()> {
        let trouble = Trouble::of_code(AlertCause::UnknownCaller, line.code());
        self.raise(&trouble, Seen::Occurred, now).await
    }

    /// The people with a number, also with that of a contact who was merged into them: two at most, for with more than one nobody knows who calls.
    async fn people_with_number(&mut self, e164: &str) -> Result<Vec<Person>> {
        let rows = sqlx::query!(
            "select distinct k.id, k.name
             from contacts c join contacts k on k.tenant_id = $1 and k.id = c.person_id
             where c.tenant_id = $1 and (c.e164 = $2 or c.mobile = $2) order by k.id limit 2",
            self.tenant(),
            e164
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let people = rows.into_iter().map(|row| Person {
            id: ContactId::from_uuid(row.id),
            name: row.name,
        });
        Ok(people.collect())
    }
}
