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
    /// By what they were asked for, so that they can be read again.
    pub(crate) asked: (Option<ContactId>, Option<String>),
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

    /// The contact that is kept, when they were asked for by one that was merged into it.
    pub fn merged_into(&self) -> Option<ContactId> {
        let asked = self.asked.0?.uuid();
        let kept = self.contacts.first().filter(|kept| **kept != asked)?;
        Some(ContactId::from_uuid(*kept))
    }

    /// Whether this knows of calls, numbers or addresses that another look did not.
    pub(crate) fn is_news_to(&self, before: &Subject) -> bool {
        let words = before.words();
        self.words().iter().any(|word| !words.contains(word))
            || self.calls.iter().any(|call| !before.calls.contains(call))
            || (self.provider_calls.iter()).any(|call| !before.provider_calls.contains(call))
    }

    /// Whether nothing of them is known.
    pub fn is_unknown(&self) -> bool {
        self.contacts.is_empty() && self.numbers.is_empty()
    }
}

impl TenantTx {
    /// The contacts with a number, each as the one it was merged into: an operator who names one may mean any of them.
    pub async fn contacts_with_number(&mut self, e164: &str) -> Result<Vec<ContactId>> {
        let ids = sqlx::query_scalar!(
            r#"select distinct person_id as "id!" from contacts
               where tenant_id = $1 and (e164 = $2 or mobile = $2) order by 1"#,
            self.tenant(),
            e164
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(ids.into_iter().map(ContactId::from_uuid).collect())
    }

    /// Finds a person by a contact, by a number, or by both. Whichever of several contacts that were merged is named, it
    /// is the whole person.
    pub async fn person(
        &mut self,
        contact: Option<ContactId>,
        e164: Option<&str>,
    ) -> Result<Subject> {
        let contacts = sqlx::query!(
            "select id, e164, mobile, email from contacts
             where tenant_id = $1
               and person_id = (select person_id from contacts where tenant_id = $1 and id = $2)
             order by merged_into is not null, id",
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
            asked: (contact, e164.map(str::to_owned)),
            ..Subject::default()
        };
        let current = contacts.into_iter().flat_map(|row| [row.e164, row.mobile]);
        let told: Vec<String> = current.flatten().chain(e164.map(str::to_owned)).collect();
        person.numbers = self.numbers_of(&person.contacts, &told).await?;
        let former = self.former_addresses(&person.contacts).await?;
        person.emails.extend(former);
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

    /// The person as they are by now, found by what they were asked for.
    pub(crate) async fn person_again(&mut self, person: &Subject) -> Result<Subject> {
        let (contact, e164) = &person.asked;
        self.person(*contact, e164.as_deref()).await
    }

    /// The numbers that were told, without any that somebody else has too; and those they had before, or called or wrote
    /// from, without any that somebody else ever did.
    async fn numbers_of(&mut self, contacts: &[Uuid], told: &[String]) -> Result<Vec<String>> {
        let numbers = sqlx::query_scalar!(
            r#"with used as (
                   select contact_id, e164 from calls where tenant_id = $1
                   union all select contact_id, e164 from conversation_entries where tenant_id = $1
                   union all select contact_id, e164 from outbound_texts where tenant_id = $1
                   union all select contact_id, was from contact_changes where tenant_id = $1 and field = 'phone'
                   union all select contact_id, becomes from contact_changes where tenant_id = $1 and field = 'phone'
               )
               select distinct n.e164 as "e164!" from (
                   select unnest($3::text[]) as e164
                   union all
                   select u.e164 from used u where u.contact_id = any($2)
                       and not exists (select from used o where o.e164 = u.e164 and o.contact_id <> all($2))
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

    async fn former_addresses(&mut self, contacts: &[Uuid]) -> Result<Vec<String>> {
        let addresses = sqlx::query_scalar!(
            r#"select distinct a.address as "address!" from contact_changes c, unnest(array[c.was, c.becomes]) as a (address)
               where c.tenant_id = $1 and c.contact_id = any($2) and c.field = 'email' and a.address is not null"#,
            self.tenant(),
            contacts
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(addresses)
    }
}
