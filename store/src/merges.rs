//! Two contacts that are one person: merged, and taken apart again.

use domain::{
    ids::{ContactId, MergeId},
    reminder::Ending,
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
    outbox::Process,
};

/// A merge of two contacts. It holds names and so has no `Debug`.
#[derive(Clone)]
pub struct MergeEntry {
    pub id: MergeId,
    pub kept: ContactId,
    pub gone: ContactId,
    pub kept_name: String,
    pub gone_name: String,
    pub merged_at: Timestamp,
    pub undone_at: Option<Timestamp>,
}

/// A contact as a person finds it. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct ContactEntry {
    pub id: ContactId,
    pub name: String,
    pub e164: Option<String>,
    pub email: Option<String>,
    pub appointments: i64,
    pub merged_into: Option<ContactId>,
}

/// Why two contacts are not merged, or not taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMerged {
    #[error("they are one contact already")]
    Same,
    #[error("there is no such contact")]
    NoContact,
    #[error("one of them was merged into another before")]
    MergedBefore,
    #[error("there is no such merge, or it was undone before")]
    NoMerge,
    #[error("a later merge of one of them has to be undone first")]
    LaterMerge,
}

impl TenantTx {
    /// Contacts whose name, number or address holds the text, by name.
    pub async fn find_contacts(&mut self, text: &str, most: u32) -> Result<Vec<ContactEntry>> {
        let rows = sqlx::query!(
            r#"select c.id, c.name, c.e164, c.email, c.merged_into,
                      (select count(*) from appointments a where a.tenant_id = $1 and a.contact_id = c.id) as "appointments!"
               from contacts c
               where c.tenant_id = $1 and (strpos(lower(c.name), lower($2)) > 0 or strpos(c.e164, $2) > 0
                                           or strpos(lower(c.email), lower($2)) > 0)
               order by c.name, c.id limit $3"#,
            self.tenant(),
            text,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let contacts = rows.into_iter().map(|row| ContactEntry {
            id: ContactId::from_uuid(row.id),
            name: row.name,
            e164: row.e164,
            email: row.email,
            appointments: row.appointments,
            merged_into: row.merged_into.map(ContactId::from_uuid),
        });
        Ok(contacts.collect())
    }

    /// Makes one person of two: everything of `gone` becomes `kept`'s, and so do its number's calls. What moved is noted.
    /// Reminders whose number changes plan anew.
    pub async fn merge_contacts(
        &mut self,
        kept: ContactId,
        gone: ContactId,
        now: Timestamp,
    ) -> Result<std::result::Result<MergeId, NotMerged>> {
        if kept == gone {
            return Ok(Err(NotMerged::Same));
        }
        let merged_into = self.lock_contacts(kept, gone).await?;
        if merged_into.len() < 2 {
            return Ok(Err(NotMerged::NoContact));
        }
        if merged_into.iter().any(Option::is_some) {
            return Ok(Err(NotMerged::MergedBefore));
        }
        let id = MergeId::generate();
        sqlx::query!(
            "with numbers as (
                select (select e164 from contacts where tenant_id = $1 and id = $2)
                       is distinct from (select e164 from contacts where tenant_id = $1 and id = $3) as differ
             ), appointments_moved as (
                update appointments a
                set contact_id = $3, version = version + (differ and starts_at > $5)::int,
                    known_at = case when differ and starts_at > $5 then $5 else known_at end
                from numbers where tenant_id = $1 and contact_id = $2 returning a.id, starts_at
             ), calls_moved as (
                update calls set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), notes_moved as (
                update notes set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), answers_moved as (
                update context_log set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), entries_moved as (
                update conversation_entries set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), approvals_moved as (
                update approvals set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), changes_moved as (
                update contact_changes set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), texts_moved as (
                update outbound_texts set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), follow_ups_moved as (
                update follow_ups set contact_id = $3 where tenant_id = $1 and contact_id = $2 returning id
             ), extractions_moved as (
                update extractions x set contact_id = $3 where tenant_id = $1 and contact_id = $2
                    -- The same words of the same person are read once.
                    and not exists (select from extractions o where o.tenant_id = $1 and o.contact_id = $3
                                                                and o.fingerprint = x.fingerprint) returning id
             ), read_already as (
                -- What waited of the others is read as the words of the one who is kept.
                update extractions x set state = 'superseded' where tenant_id = $1 and contact_id = $2 and state = 'waiting'
                    and exists (select from extractions o where o.tenant_id = $1 and o.contact_id = $3
                                                            and o.fingerprint = x.fingerprint) returning id
             ), queue_moved as (
                -- What waited for a record of the one may have its turn with the other's.
                update crm_queue set contact_id = $3, due_at = case when failure is null then coalesce(due_at, $5) else due_at end
                where tenant_id = $1 and contact_id = $2 and kind in ('note', 'call', 'entry') returning key as id
             ), contacts_moved as (
                update contacts set merged_into = $3 where tenant_id = $1 and (merged_into = $2 or id = $2) returning id
             ), asked_afresh as (
                update reminders r set deferral_reason = null, deferral_until = null
                from appointments_moved m where r.tenant_id = $1 and r.appointment_id = m.id
             ), woken as (
                insert into outbox (tenant_id, process, subject) select $1, $6, id from appointments_moved where starts_at > $5
             )
             insert into contact_merges (tenant_id, id, kept, gone, moved, merged_at)
             select $1, $4, $3, $2, jsonb_build_object(
                'appointments', (select coalesce(jsonb_agg(id), '[]') from appointments_moved),
                'calls', (select coalesce(jsonb_agg(id), '[]') from calls_moved),
                'notes', (select coalesce(jsonb_agg(id), '[]') from notes_moved),
                'context_log', (select coalesce(jsonb_agg(id), '[]') from answers_moved),
                'conversation_entries', (select coalesce(jsonb_agg(id), '[]') from entries_moved),
                'approvals', (select coalesce(jsonb_agg(id), '[]') from approvals_moved),
                'contact_changes', (select coalesce(jsonb_agg(id), '[]') from changes_moved),
                'outbound_texts', (select coalesce(jsonb_agg(id), '[]') from texts_moved),
                'follow_ups', (select coalesce(jsonb_agg(id), '[]') from follow_ups_moved),
                'extractions', (select coalesce(jsonb_agg(id), '[]') from extractions_moved),
                'extractions_read', (select coalesce(jsonb_agg(id), '[]') from read_already),
                'crm_queue', (select coalesce(jsonb_agg(id), '[]') from queue_moved),
                'contacts', (select coalesce(jsonb_agg(id), '[]') from contacts_moved)), $5",
            self.tenant(),
            gone.uuid(),
            kept.uuid(),
            id.uuid(),
            to_db(now),
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        // What one of them does not want now holds for both.
        self.wishes_changed(&[kept, gone]).await?;
        self.wake_crm_if_any().await?;
        Ok(Ok(id))
    }

    /// Gives back exactly what the merge moved, as far as it is where the merge put it.
    pub async fn undo_merge(
        &mut self,
        merge: MergeId,
        now: Timestamp,
    ) -> Result<std::result::Result<(), NotMerged>> {
        let found = sqlx::query!(
            "select kept, gone from contact_merges where tenant_id = $1 and id = $2 and undone_at is null",
            self.tenant(),
            merge.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some(found) = found else {
            return Ok(Err(NotMerged::NoMerge));
        };
        let (kept, gone) = (
            ContactId::from_uuid(found.kept),
            ContactId::from_uuid(found.gone),
        );
        self.lock_contacts(kept, gone).await?;
        let has_later = sqlx::query_scalar!(
            r#"select exists (select from contact_merges
                              where tenant_id = $1 and undone_at is null and id > $2
                                and (kept in ($3, $4) or gone in ($3, $4))) as "has_later!""#,
            self.tenant(),
            merge.uuid(),
            kept.uuid(),
            gone.uuid()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if has_later {
            return Ok(Err(NotMerged::LaterMerge));
        }
        let undone = sqlx::query!(
            "with merge as (
                update contact_merges set undone_at = $5 where tenant_id = $1 and id = $4 and undone_at is null
                returning moved, merged_at
             ), moved as (
                select key as of, e.id::uuid from merge, jsonb_each(moved) as t (key, ids), jsonb_array_elements_text(ids) as e (id)
             ), numbers as (
                select (select e164 from contacts where tenant_id = $1 and id = $2)
                       is distinct from (select e164 from contacts where tenant_id = $1 and id = $3) as differ
             ), appointments_back as (
                update appointments a
                set contact_id = $2, version = version + (differ and starts_at > $5)::int,
                    known_at = case when differ and starts_at > $5 then $5 else known_at end
                from numbers, moved m
                where a.tenant_id = $1 and a.contact_id = $3 and m.of = 'appointments' and a.id = m.id returning a.id, starts_at
             ), calls_back as (
                update calls c set contact_id = $2 from moved m
                where c.tenant_id = $1 and c.contact_id = $3 and m.of = 'calls' and c.id = m.id
             ), notes_back as (
                update notes n set contact_id = $2 from moved m
                where n.tenant_id = $1 and n.contact_id = $3 and m.of = 'notes' and n.id = m.id
             ), answers_back as (
                update context_log l set contact_id = $2 from moved m
                where l.tenant_id = $1 and l.contact_id = $3 and m.of = 'context_log' and l.id = m.id
             ), entries_back as (
                update conversation_entries r set contact_id = $2 from moved m
                where r.tenant_id = $1 and r.contact_id = $3 and m.of = 'conversation_entries' and r.id = m.id
             ), approvals_back as (
                update approvals r set contact_id = $2 from moved m
                where r.tenant_id = $1 and r.contact_id = $3 and m.of = 'approvals' and r.id = m.id
             ), changes_back as (
                update contact_changes r set contact_id = $2 from moved m
                where r.tenant_id = $1 and r.contact_id = $3 and m.of = 'contact_changes' and r.id = m.id
             ), texts_back as (
                update outbound_texts r set contact_id = $2 from moved m
                where r.tenant_id = $1 and r.contact_id = $3 and m.of = 'outbound_texts' and r.id = m.id
             ), follow_ups_back as (
                update follow_ups r set contact_id = $2 from moved m
                where r.tenant_id = $1 and r.contact_id = $3 and m.of = 'follow_ups' and r.id = m.id
             ), extractions_back as (
                update extractions r set contact_id = $2 from moved m
                where r.tenant_id = $1 and r.contact_id = $3 and m.of = 'extractions' and r.id = m.id
             ), unread_again as (
                update extractions r set state = 'waiting' from moved m
                where r.tenant_id = $1 and r.contact_id = $2 and r.state = 'superseded' and m.of = 'extractions_read' and r.id = m.id
             ), queue_back as (
                update crm_queue q
                set contact_id = $2, due_at = case when failure is null then coalesce(due_at, $5) else due_at end from moved m
                where q.tenant_id = $1 and q.contact_id = $3 and q.kind in ('note', 'call', 'entry') and m.of = 'crm_queue'
                  and q.key = m.id::text
             ), contacts_back as (
                update contacts c set merged_into = nullif($2, c.id) from moved m
                where c.tenant_id = $1 and c.merged_into = $3 and m.of = 'contacts' and c.id = m.id
             ), asked_afresh as (
                update reminders r set deferral_reason = null, deferral_until = null
                from appointments_back b where r.tenant_id = $1 and r.appointment_id = b.id
             ), ended_by_it as (
                select a.id from merge, appointments a
                join reminders r on r.tenant_id = $1 and r.appointment_id = a.id
                where a.tenant_id = $1 and a.contact_id = $3 and a.starts_at > $5
                  and r.state = 'finished' and r.ending = $7 and r.recorded_at >= merged_at
             ), woken as (
                insert into outbox (tenant_id, process, subject)
                select $1, $6, id from appointments_back where starts_at > $5 union select $1, $6, id from ended_by_it
             )
             select count(*) from merge",
            self.tenant(),
            gone.uuid(),
            kept.uuid(),
            merge.uuid(),
            to_db(now),
            Process::Reminder.code(),
            Ending::Refused.code()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        self.wake_crm_if_any().await?;
        self.read_afresh().await?;
        if undone.count != Some(1) {
            // Somebody else was first.
            return Ok(Err(NotMerged::NoMerge));
        }
        self.wishes_changed(&[kept, gone]).await?;
        Ok(Ok(()))
    }

    /// The merges that stand, the newest first, and those that were undone.
    pub async fn merges(&mut self, most: u32) -> Result<Vec<MergeEntry>> {
        let rows = sqlx::query!(
            "select m.id, m.kept, m.gone, k.name as kept_name, g.name as gone_name, m.merged_at, m.undone_at
             from contact_merges m
             join contacts k on k.tenant_id = $1 and k.id = m.kept
             join contacts g on g.tenant_id = $1 and g.id = m.gone
             where m.tenant_id = $1 order by m.id desc limit $2",
            self.tenant(),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let merges = rows.into_iter().map(|row| MergeEntry {
            id: MergeId::from_uuid(row.id),
            kept: ContactId::from_uuid(row.kept),
            gone: ContactId::from_uuid(row.gone),
            kept_name: row.kept_name,
            gone_name: row.gone_name,
            merged_at: from_db(row.merged_at),
            undone_at: row.undone_at.map(from_db),
        });
        Ok(merges.collect())
    }

    /// Two contacts with all that is theirs, locked in the order of [`crate::locks`]. Answers into whom each was merged.
    async fn lock_contacts(
        &mut self,
        one: ContactId,
        other: ContactId,
    ) -> Result<Vec<Option<uuid::Uuid>>> {
        let both = [one.uuid(), other.uuid()];
        self.lock_imports().await?;
        self.lock_rows_of_contacts(&both).await?;
        let merged_into = sqlx::query_scalar!(
            "select merged_into from contacts where tenant_id = $1 and id = any($2) order by id",
            self.tenant(),
            &both
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(merged_into)
    }
}
