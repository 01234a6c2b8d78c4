//! Appointments and contacts, upserted in bulk (REM-10). The same file again changes nothing.

use std::collections::{BTreeMap, HashMap};

use domain::{
    appointment::AppointmentStatus,
    ids::{AppointmentId, ContactId},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Result, TenantTx, instant::to_db, outbox::Process};

/// A person as an import names them.
#[derive(Debug, Clone)]
pub struct NewContact {
    pub name: String,
    pub email: Option<String>,
    /// The number in E.164.
    pub e164: Option<String>,
    /// Zones the person may be in, when known to differ from the appointment's.
    pub zones: Vec<String>,
    pub consent_source: Option<String>,
    pub consent_at: Option<Timestamp>,
    pub preferences: Option<String>,
}

impl NewContact {
    /// Number, else e-mail, with the name: households share numbers, so the number alone is not a person.
    pub(crate) fn match_key(&self) -> String {
        let reach = self
            .e164
            .as_deref()
            .or(self.email.as_deref())
            .unwrap_or_default();
        format!(
            "{}|{}",
            reach.to_lowercase(),
            self.name.trim().to_lowercase()
        )
    }
}

impl NewContact {
    /// Another row about the same person: what it says counts, what it leaves blank does not. Zones add up.
    fn learn(&mut self, other: &NewContact) {
        self.name.clone_from(&other.name);
        let newer = |known: &mut Option<String>, other: &Option<String>| {
            if other.is_some() {
                known.clone_from(other);
            }
        };
        newer(&mut self.email, &other.email);
        newer(&mut self.consent_source, &other.consent_source);
        newer(&mut self.preferences, &other.preferences);
        self.consent_at = other.consent_at.or(self.consent_at);
        for zone in &other.zones {
            if !self.zones.contains(zone) {
                self.zones.push(zone.clone());
            }
        }
    }
}

/// An appointment as an import names it.
#[derive(Debug, Clone)]
pub struct NewAppointment {
    pub id: AppointmentId,
    pub external_id: String,
    pub contact: NewContact,
    pub starts_at: Timestamp,
    pub time_zone: String,
    /// The local time happens twice there and the first was taken.
    pub first_of_two: bool,
    pub kind: Option<String>,
    pub practitioner: Option<String>,
    pub duration_minutes: Option<i32>,
    pub location: Option<String>,
    pub instructions: Option<String>,
    pub call_before_hours: Option<i32>,
    /// `None` keeps what is stored (and means scheduled for a new or moved one).
    pub status: Option<AppointmentStatus>,
}

/// How many rows of an import changed something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
}

impl TenantTx {
    /// Adds or updates appointments by their external id (of several rows with one id the last counts, the
    /// others are unchanged), and wakes the reminder of each that is new or different. A change of time,
    /// number or lead makes a new version, which the reminder plans afresh; a corrected name or zone does not.
    pub async fn upsert_appointments(
        &mut self,
        now: Timestamp,
        rows: &[NewAppointment],
    ) -> Result<Imported> {
        let count = rows.len() as u64;
        let last: BTreeMap<&str, &NewAppointment> = rows
            .iter()
            .map(|row| (row.external_id.as_str(), row))
            .collect();
        let rows: Vec<&NewAppointment> = last.into_values().collect();
        let rows = rows.as_slice();
        self.lock_imports().await?;
        self.lock_appointments(rows).await?;
        self.lock_people_named(rows).await?;
        let contacts = self.upsert_contacts(rows).await?;
        let contact = |row: &&NewAppointment| {
            contacts
                .get(&row.contact.match_key())
                .copied()
                .unwrap_or_else(|| ContactId::generate().uuid())
        };
        let (external_ids, owners) = (
            column(rows, |r| r.external_id.clone()),
            column(rows, contact),
        );
        self.wishes_follow_appointments(&external_ids, &owners)
            .await?;
        let ids = contacts.values().copied().map(ContactId::from_uuid);
        let ids: Vec<ContactId> = ids.collect();
        self.crm_contacts_changed(&ids, now).await?;
        let counts = sqlx::query!(
            r#"
            with incoming as (
                -- A time that was told before is no news: it does not undo what a person changed in a call since.
                select i.id, i.external_id, i.contact_id, i.starts_at as told_starts_at,
                       case when a.told_starts_at = i.starts_at then a.starts_at else i.starts_at end as starts_at,
                       i.time_zone,
                       case when a.told_starts_at = i.starts_at then a.first_of_two else i.first_of_two end as first_of_two,
                       i.kind, i.practitioner, i.duration_minutes, i.location, i.instructions, i.call_before_hours,
                       case when a.told_status = i.status then null else i.status end as status, nullif(i.status, 'scheduled') as told_status
                from unnest(
                    $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[], $7::bool[], $8::text[], $9::text[],
                    $10::int[], $11::text[], $12::text[], $13::int[], $14::text[]
                ) as i (id, external_id, contact_id, starts_at, time_zone, first_of_two, kind, practitioner,
                        duration_minutes, location, instructions, call_before_hours, status)
                left join appointments a on a.tenant_id = $1 and a.external_id = i.external_id
            ), written as (
                insert into appointments as a (tenant_id, id, external_id, contact_id, starts_at, told_starts_at, time_zone,
                    first_of_two, kind, practitioner, duration_minutes, location, instructions, call_before_hours, status,
                    told_status, known_at)
                select $1, id, external_id, contact_id, starts_at, told_starts_at, time_zone, first_of_two, kind, practitioner,
                    duration_minutes, location, instructions, call_before_hours, coalesce(status, 'scheduled'), told_status, $15
                from incoming
                on conflict (tenant_id, external_id) do update set
                    contact_id = excluded.contact_id, starts_at = excluded.starts_at,
                    told_starts_at = excluded.told_starts_at, told_status = excluded.told_status, time_zone = excluded.time_zone,
                    first_of_two = excluded.first_of_two, kind = excluded.kind, practitioner = excluded.practitioner,
                    duration_minutes = excluded.duration_minutes, location = excluded.location,
                    instructions = excluded.instructions, call_before_hours = excluded.call_before_hours,
                    -- 'scheduled' in a file is a default, not news: it does not undo a confirmation of the same time.
                    status = case when excluded.status <> 'scheduled' or a.starts_at <> excluded.starts_at
                                  then excluded.status else a.status end,
                    (version, known_at) = (
                        select a.version + anew::int, case when anew then excluded.known_at else a.known_at end
                        from (
                            select (a.starts_at, a.call_before_hours,
                                    (select e164 from contacts where tenant_id = $1 and id = a.contact_id))
                                is distinct from
                                (excluded.starts_at, excluded.call_before_hours,
                                 (select e164 from contacts where tenant_id = $1 and id = excluded.contact_id)) as anew
                        ) difference
                    )
                where (a.contact_id, a.starts_at, a.time_zone, a.first_of_two, a.kind, a.practitioner, a.duration_minutes,
                       a.location, a.instructions, a.call_before_hours)
                      is distinct from
                      (excluded.contact_id, excluded.starts_at, excluded.time_zone, excluded.first_of_two, excluded.kind,
                       excluded.practitioner, excluded.duration_minutes, excluded.location, excluded.instructions,
                       excluded.call_before_hours)
                   or (excluded.status <> 'scheduled' and a.status <> excluded.status)
                   or a.told_starts_at is distinct from excluded.told_starts_at
                   or a.told_status is distinct from excluded.told_status
                returning a.id, (xmax = 0) as added
            ), asked_afresh as (
                update reminders r set deferral_reason = null, deferral_until = null
                from written w where r.tenant_id = $1 and r.appointment_id = w.id
            ), woken as (
                insert into outbox (tenant_id, process, subject) select $1, $16, id from written
            )
            select count(*) filter (where added) as "added!", count(*) filter (where not added) as "changed!" from written
            "#,
            self.tenant(),
            &column(rows, |r| r.id.uuid()),
            &external_ids,
            &owners,
            &column(rows, |r| to_db(r.starts_at)),
            &column(rows, |r| r.time_zone.clone()),
            &column(rows, |r| r.first_of_two),
            &column(rows, |r| r.kind.clone()) as _,
            &column(rows, |r| r.practitioner.clone()) as _,
            &column(rows, |r| r.duration_minutes) as _,
            &column(rows, |r| r.location.clone()) as _,
            &column(rows, |r| r.instructions.clone()) as _,
            &column(rows, |r| r.call_before_hours) as _,
            &column(rows, |r| r.status.map(|status| status.code().to_owned())) as _,
            to_db(now),
            Process::Reminder.code()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let (added, changed) = (counts.added.unsigned_abs(), counts.changed.unsigned_abs());
        Ok(Imported {
            added,
            changed,
            unchanged: count.saturating_sub(added + changed),
        })
    }

    /// Appointments before contacts, as everybody takes the two.
    async fn lock_appointments(&mut self, rows: &[&NewAppointment]) -> Result<()> {
        sqlx::query!(
            "select id from appointments where tenant_id = $1 and external_id = any($2)
             order by external_id for no key update",
            self.tenant(),
            &column(rows, |r| r.external_id.clone())
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Contacts with all who are one person with them: a wish not to be called may come to stand with any of them.
    async fn lock_people_named(&mut self, rows: &[&NewAppointment]) -> Result<()> {
        sqlx::query!(
            "select id from contacts
             where tenant_id = $1 and person_id in (select person_id from contacts
                                                    where tenant_id = $1 and match_key = any($2) and erased_at is null)
             order by id for no key update",
            self.tenant(),
            &column(rows, |r| r.contact.match_key())
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The contact of each match key, made or brought up to date. What a file leaves blank stays as it was, and so does
    /// what was changed since: the name and the number that a contact is found by are never news, an address only when the
    /// last file had another, and preferences only when they are still those of the last file, or there are none. What is
    /// new of a contact (zones, consent) may be what an open reminder waits for: it asks the gates afresh.
    async fn upsert_contacts(&mut self, rows: &[&NewAppointment]) -> Result<HashMap<String, Uuid>> {
        let mut unique: HashMap<String, NewContact> = HashMap::new();
        for row in rows {
            unique
                .entry(row.contact.match_key())
                .and_modify(|known| known.learn(&row.contact))
                .or_insert_with(|| row.contact.clone());
        }
        let mut unique: Vec<_> = unique.into_iter().collect();
        unique.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        sqlx::query!(
            "
            with changed as (
                insert into contacts as c
                    (tenant_id, id, match_key, name, email, told_email, e164, zones, consent_source, consent_at,
                     remarks, told_preferences)
                select $1, id, match_key, name, email, email, e164, string_to_array(zones, ';'), consent_source, consent_at,
                       preferences, preferences
                from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                            $9::timestamptz[], $11::text[])
                    as i (id, match_key, name, email, e164, zones, consent_source, consent_at, preferences)
                on conflict (tenant_id, match_key) where erased_at is null do update set
                    name = case when lower(c.name) = lower(excluded.name) then excluded.name else c.name end,
                    email = case when c.told_email = excluded.email then c.email else coalesce(excluded.email, c.email) end,
                    told_email = coalesce(excluded.email, c.told_email),
                    zones = case when excluded.zones = '{}' then c.zones else excluded.zones end,
                    consent_source = coalesce(excluded.consent_source, c.consent_source),
                    consent_at = coalesce(excluded.consent_at, c.consent_at),
                    -- Only what a file wrote: no file takes what colleagues or the person said.
                    remarks = case when c.told_preferences = excluded.told_preferences then c.remarks
                                   when c.remarks is null or c.remarks = c.told_preferences
                                   then coalesce(excluded.remarks, c.remarks)
                                   else c.remarks end,
                    told_preferences = coalesce(excluded.told_preferences, c.told_preferences)
                where (c.name, c.told_email, c.zones, c.consent_source, c.consent_at, c.told_preferences) is distinct from
                      (case when lower(c.name) = lower(excluded.name) then excluded.name else c.name end,
                       coalesce(excluded.email, c.told_email),
                       case when excluded.zones = '{}' then c.zones else excluded.zones end,
                       coalesce(excluded.consent_source, c.consent_source),
                       coalesce(excluded.consent_at, c.consent_at),
                       coalesce(excluded.told_preferences, c.told_preferences))
                returning c.id
            ), asked_afresh as (
                update reminders r set deferral_reason = null, deferral_until = null
                from appointments a join changed on a.contact_id = changed.id
                where a.tenant_id = $1 and r.tenant_id = $1 and r.appointment_id = a.id and r.state <> 'finished'
                returning r.appointment_id
            )
            insert into outbox (tenant_id, process, subject) select $1, $10, appointment_id from asked_afresh
            ",
            self.tenant(),
            &column(&unique, |_| ContactId::generate().uuid()),
            &column(&unique, |(key, _)| key.clone()),
            &column(&unique, |(_, c)| c.name.clone()),
            &column(&unique, |(_, c)| c.email.clone()) as _,
            &column(&unique, |(_, c)| c.e164.clone()) as _,
            &column(&unique, |(_, c)| c.zones.join(";")),
            &column(&unique, |(_, c)| c.consent_source.clone()) as _,
            &column(&unique, |(_, c)| c.consent_at.map(to_db)) as _,
            Process::Reminder.code(),
            &column(&unique, |(_, c)| c.preferences.clone()) as _
        )
        .execute(&mut *self.tx)
        .await?;
        let stored = sqlx::query!(
            r#"select person_id as "id!", match_key from contacts
               where tenant_id = $1 and match_key = any($2) and erased_at is null"#,
            self.tenant(),
            &column(&unique, |(key, _)| key.clone())
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(stored
            .into_iter()
            .map(|row| (row.match_key, row.id))
            .collect())
    }

    /// Changes where an appointment stands, by what was decided in a call. The caller wakes the reminder
    /// ([`TenantTx::wake_reminder`]) unless it is waiting for this very change. `false` when the appointment was
    /// cancelled or deleted meanwhile: a call does not take that back.
    pub async fn set_appointment_status(
        &mut self,
        appointment: AppointmentId,
        status: AppointmentStatus,
    ) -> Result<bool> {
        let changed = sqlx::query!(
            "update appointments set status = $3
             where tenant_id = $1 and id = $2 and (status = $3 or status not in ($4, $5))",
            self.tenant(),
            appointment.uuid(),
            status.code(),
            AppointmentStatus::Cancelled.code(),
            AppointmentStatus::Deleted.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    pub async fn appointment_by_external_id(
        &mut self,
        external_id: &str,
    ) -> Result<Option<AppointmentId>> {
        let id = sqlx::query_scalar!(
            "select id from appointments where tenant_id = $1 and external_id = $2",
            self.tenant(),
            external_id
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(id.map(AppointmentId::from_uuid))
    }

    /// The provider said that this number cannot be called, whoever it belongs to.
    pub async fn mark_number_invalid(&mut self, e164: &str) -> Result<()> {
        sqlx::query!(
            "insert into invalid_numbers (tenant_id, e164) values ($1, $2) on conflict do nothing",
            self.tenant(),
            e164
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

fn column<R, T>(rows: &[R], of: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
