//! Wishes not to be called (RULE-2). They are kept by number and source, and hold for a person: for every number of
//! theirs, as the view `numbers_of_people` has it.
//!
//! Rows of `opt_outs` are written at their place in the order of [locks](crate::locks).

use domain::ids::ContactId;
use uuid::Uuid;

use crate::{Result, TenantTx, outbox::Process};

impl TenantTx {
    /// Nobody with this number is called any more; their pending reminders look again at once.
    pub async fn opt_out(&mut self, e164: &str, source: &str) -> Result<()> {
        let numbers = [e164.to_owned()];
        self.add_opt_outs(&numbers, source).await?;
        let people = self.contacts_with(&numbers).await?;
        self.wishes_changed(&people).await
    }

    /// A person is not called any more, on no number of theirs, nor on the one that they said so from. It is kept for each
    /// contact that is this person, so that it holds for all should they be taken apart.
    pub async fn opt_out_person(
        &mut self,
        contact: ContactId,
        from: Option<&str>,
        source: &str,
    ) -> Result<()> {
        let mut numbers = self.numbers_of_person(contact).await?;
        sqlx::query!(
            "update contacts c set opted_out_as = c.opted_out_as || $3::text
             from contacts of
             where of.tenant_id = $1 and of.id = $2
               and c.tenant_id = $1 and c.person_id = of.person_id
               and c.e164 is null and c.mobile is null and c.erased_at is null and $3 <> all(c.opted_out_as)",
            self.tenant(),
            contact.uuid(),
            source
        )
        .execute(&mut *self.tx)
        .await?;
        numbers.extend(from.map(str::to_owned));
        self.add_opt_outs(&numbers, source).await?;
        let mut people = self.contacts_with(&numbers).await?;
        people.push(contact);
        self.wishes_changed(&people).await
    }

    /// Whoever said so is not called any more, as far as it is known who it was.
    pub async fn wants_no_calls(
        &mut self,
        contact: Option<ContactId>,
        from: Option<&str>,
        source: &str,
    ) -> Result<()> {
        match (contact, from) {
            (Some(contact), _) => self.opt_out_person(contact, from, source).await,
            (None, Some(from)) => self.opt_out(from, source).await,
            (None, None) => Ok(()),
        }
    }

    /// A source takes its wish back for a person. What others said stands, and so does what may be the wish of
    /// somebody else with the number.
    pub async fn lift_opt_out(&mut self, contact: ContactId, source: &str) -> Result<()> {
        let numbers = self.numbers_of_person(contact).await?;
        sqlx::query!(
            "update contacts c set opted_out_as = array_remove(c.opted_out_as, $3)
             from contacts own
             where own.tenant_id = $1 and own.id = $2
               and c.tenant_id = $1 and c.person_id = own.person_id and $3 = any(c.opted_out_as)",
            self.tenant(),
            contact.uuid(),
            source
        )
        .execute(&mut *self.tx)
        .await?;
        self.lock_wishes().await?;
        sqlx::query!(
            "delete from opt_outs o
             where o.tenant_id = $1 and o.e164 = any($3) and o.source = $4
               and not exists (select from contacts c
                               where c.tenant_id = $1 and (c.e164 = o.e164 or c.mobile = o.e164)
                                 and c.person_id <> (select person_id from contacts where tenant_id = $1 and id = $2))",
            self.tenant(),
            contact.uuid(),
            &numbers,
            source
        )
        .execute(&mut *self.tx)
        .await?;
        let mut people = self.contacts_with(&numbers).await?;
        people.push(contact);
        self.wishes_changed(&people).await
    }

    /// The numbers of one contact, without those that are merged with it.
    pub(crate) async fn own_numbers(&mut self, contact: ContactId) -> Result<Vec<String>> {
        let numbers = sqlx::query_scalar!(
            r#"select array_remove(array[e164, mobile], null) as "numbers!: Vec<String>" from contacts
               where tenant_id = $1 and id = $2"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(numbers.unwrap_or_default())
    }

    /// Every number of a person.
    pub async fn numbers_of_person(&mut self, contact: ContactId) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct e164 as "e164!" from numbers_of_people where tenant_id = $1 and contact_id = $2 order by 1"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }

    /// Who does not want to be called does not want it under a new number either: what was heard for a number that the
    /// contact has no more goes over to the one that takes its place, or waits for one. `before` are the numbers it had.
    pub(crate) async fn wishes_follow(
        &mut self,
        contact: ContactId,
        before: &[String],
    ) -> Result<()> {
        let after = self.own_numbers(contact).await?;
        if after == before {
            return Ok(());
        }
        let not_in = |others: &[String], of: &[String]| -> Vec<String> {
            of.iter()
                .filter(|e164| !others.contains(e164))
                .cloned()
                .collect()
        };
        let (lost, gained) = (not_in(&after, before), not_in(before, &after));
        let mut sources = sqlx::query_scalar!(
            r#"select source as "source!" from opt_outs where tenant_id = $1 and e164 = any($3)
               union select unnest(opted_out_as) from contacts where tenant_id = $1 and id = $2 order by 1"#,
            self.tenant(),
            contact.uuid(),
            &lost
        )
        .fetch_all(&mut *self.tx)
        .await?;
        if self.any_marked(&lost).await? {
            sources.push("erased".to_owned());
        }
        let heirs = if gained.is_empty() { &after } else { &gained };
        for source in &sources {
            self.add_opt_outs(heirs, source).await?;
        }
        let waiting: &[String] = if heirs.is_empty() { &sources } else { &[] };
        sqlx::query!(
            "update contacts set opted_out_as = $3 where tenant_id = $1 and id = $2 and opted_out_as <> $3",
            self.tenant(),
            contact.uuid(),
            waiting
        )
        .execute(&mut *self.tx)
        .await?;
        // A number that is new here may be one that somebody opted out long ago.
        let mut people = self.contacts_with(&gained).await?;
        people.push(contact);
        self.wake_reminders_of(&people).await
    }

    /// Appointments, named as a file does, are about to become these contacts'. Who has another number now, by the same
    /// name or address, is the same person, and still does not want to be called.
    pub(crate) async fn wishes_follow_appointments(
        &mut self,
        external_ids: &[String],
        contacts: &[Uuid],
    ) -> Result<()> {
        let moved = sqlx::query!(
            r#"select distinct o.id as was, n.id as becomes
               from unnest($2::text[], $3::uuid[]) as i (external_id, contact_id)
               join appointments a on a.tenant_id = $1 and a.external_id = i.external_id and a.contact_id <> i.contact_id
               join contacts o on o.tenant_id = $1 and o.id = a.contact_id
               join contacts n on n.tenant_id = $1 and n.id = i.contact_id
               where lower(trim(o.name)) = lower(trim(n.name)) or lower(o.email) = lower(n.email)
               order by n.id"#,
            self.tenant(),
            external_ids,
            contacts
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for row in moved {
            let mut sources = sqlx::query_scalar!(
                r#"select distinct source as "source!" from opt_outs_of_people
                   where tenant_id = $1 and contact_id = $2 order by 1"#,
                self.tenant(),
                row.was
            )
            .fetch_all(&mut *self.tx)
            .await?;
            let before = self
                .numbers_of_person(ContactId::from_uuid(row.was))
                .await?;
            if self.any_marked(&before).await? {
                sources.push("erased".to_owned());
            }
            for source in sources {
                let becomes = ContactId::from_uuid(row.becomes);
                self.opt_out_person(becomes, None, &source).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn add_opt_outs(&mut self, numbers: &[String], source: &str) -> Result<()> {
        self.lock_wishes().await?;
        sqlx::query!(
            "insert into opt_outs (tenant_id, e164, source)
             select distinct $1::uuid, e164, $3 from unnest($2::text[]) as n (e164) order by 2
             on conflict do nothing",
            self.tenant(),
            numbers,
            source
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Every contact of the people who have one of these numbers.
    pub(crate) async fn contacts_with(&mut self, numbers: &[String]) -> Result<Vec<ContactId>> {
        let ids = sqlx::query_scalar!(
            "select distinct c.id from contacts has
             join contacts c on c.tenant_id = $1 and c.person_id = has.person_id
             where has.tenant_id = $1 and (has.e164 = any($2) or has.mobile = any($2)) order by 1",
            self.tenant(),
            numbers
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(ids.into_iter().map(ContactId::from_uuid).collect())
    }

    /// These people want to be called no more, or again: their pending reminders look again, and the CRM hears of it.
    pub(crate) async fn wishes_changed(&mut self, people: &[ContactId]) -> Result<()> {
        self.wake_reminders_of(people).await?;
        self.crm_wishes_changed(people).await
    }

    pub(crate) async fn wake_reminders_of(&mut self, people: &[ContactId]) -> Result<()> {
        let ids: Vec<Uuid> = people.iter().map(|contact| contact.uuid()).collect();
        sqlx::query!(
            "insert into outbox (tenant_id, process, subject)
             select $1, $3, r.appointment_id
             from appointments a
             join reminders r on r.tenant_id = $1 and r.appointment_id = a.id and r.state <> 'finished'
             where a.tenant_id = $1 and a.contact_id = any($2)",
            self.tenant(),
            &ids,
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
