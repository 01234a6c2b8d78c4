//! One person, as far as rows of theirs can be told from those of others.

use domain::ids::ContactId;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, postgres::PgArguments, query::Query};
use uuid::Uuid;

use crate::{Result, TenantTx, instant::to_db};

/// Everything that a person's rows are found by. It holds personal data and so has no `Debug`.
#[derive(Clone, Default)]
pub struct Subject {
    pub contacts: Vec<Uuid>,
    /// In E.164, without those that somebody else has too.
    pub numbers: Vec<String>,
    pub(crate) emails: Vec<String>,
    pub(crate) appointments: Vec<Uuid>,
    pub(crate) calls: Vec<Uuid>,
    pub(crate) provider_calls: Vec<String>,
    pub(crate) events: Vec<Uuid>,
    /// A call with them is not over.
    pub is_talking: bool,
}

/// The person, as one row `p` that the conditions of the list of tables name.
const WITH_PERSON: &str = "with p as materialized (
    select $1::uuid as tenant_id, $2::uuid[] as contacts, $3::text[] as numbers, $4::uuid[] as appointments,
           $5::uuid[] as calls, $6::text[] as provider_calls, $7::uuid[] as events, $8::text[] as words,
           $9::timestamptz as now)";

/// A statement after [`WITH_PERSON`], with its parameters.
pub(crate) fn about(
    tenant: Uuid,
    person: &Subject,
    now: Timestamp,
    statement: String,
) -> Query<'static, sqlx::Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(format!("{WITH_PERSON} {statement}")))
        .bind(tenant)
        .bind(person.contacts.clone())
        .bind(person.numbers.clone())
        .bind(person.appointments.clone())
        .bind(person.calls.clone())
        .bind(person.provider_calls.clone())
        .bind(person.events.clone())
        .bind(person.words())
        .bind(to_db(now))
}

impl Subject {
    /// What tells in a text that it is about them: the digits of their numbers, and their addresses.
    pub(crate) fn words(&self) -> Vec<String> {
        let digits = self
            .numbers
            .iter()
            .map(|number| number.trim_start_matches('+'));
        let addresses = self.emails.iter().map(String::as_str);
        digits
            .chain(addresses)
            .filter(|word| word.len() >= 6)
            .map(str::to_lowercase)
            .collect()
    }

    /// Whether nothing of them is known.
    pub fn is_unknown(&self) -> bool {
        self.contacts.is_empty() && self.numbers.is_empty()
    }
}

impl TenantTx {
    /// The contacts with a number: an operator who names one may mean any of them.
    pub async fn contacts_with_number(&mut self, e164: &str) -> Result<Vec<ContactId>> {
        let ids = sqlx::query_scalar!(
            "select id from contacts where tenant_id = $1 and (e164 = $2 or mobile = $2) and merged_into is null order by id",
            self.tenant(),
            e164
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(ids.into_iter().map(ContactId::from_uuid).collect())
    }

    /// Finds a person by a contact, by a number, or by both.
    pub async fn person(
        &mut self,
        contact: Option<ContactId>,
        e164: Option<&str>,
    ) -> Result<Subject> {
        let contacts = sqlx::query!(
            "select id, e164, mobile, email from contacts where tenant_id = $1 and (id = $2 or merged_into = $2)",
            self.tenant(),
            contact.map(ContactId::uuid)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let mut person = Subject {
            contacts: contacts.iter().map(|row| row.id).collect(),
            emails: contacts
                .iter()
                .filter_map(|row| row.email.clone())
                .collect(),
            ..Subject::default()
        };
        let current = contacts.into_iter().flat_map(|row| [row.e164, row.mobile]);
        let told: Vec<String> = current.flatten().chain(e164.map(str::to_owned)).collect();
        person.numbers = self.numbers_of(&person.contacts, &told).await?;
        person.appointments = sqlx::query_scalar!(
            "select id from appointments where tenant_id = $1 and contact_id = any($2)",
            self.tenant(),
            &person.contacts
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let calls = sqlx::query!(
            "select id, provider_call_id, outcome from calls
             where tenant_id = $1 and (contact_id = any($2) or appointment_id = any($3) or e164 = any($4))",
            self.tenant(),
            &person.contacts,
            &person.appointments,
            &person.numbers
        )
        .fetch_all(&mut *self.tx)
        .await?;
        person.is_talking = calls.iter().any(|call| call.outcome.is_none());
        person.calls = calls.iter().map(|call| call.id).collect();
        person.provider_calls = calls
            .into_iter()
            .filter_map(|call| call.provider_call_id)
            .collect();
        Ok(person)
    }

    /// The numbers that were told and those that calls with the person went to, without any that somebody else has.
    async fn numbers_of(&mut self, contacts: &[Uuid], told: &[String]) -> Result<Vec<String>> {
        let numbers = sqlx::query_scalar!(
            r#"select distinct n.e164 as "e164!" from (
                   select unnest($3::text[]) as e164
                   union all
                   select e164 from calls where tenant_id = $1 and contact_id = any($2)
               ) n
               where n.e164 is not null
                 and not exists (select from contacts c where c.tenant_id = $1 and n.e164 in (c.e164, c.mobile) and c.id <> all($2))"#,
            self.tenant(),
            contacts,
            told
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(numbers)
    }
}
