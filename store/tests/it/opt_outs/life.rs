//! Lives of tenants at random: whoever said at some time not to be called is never called.

use domain::ids::{ContactId, MergeId};
use store::{NewContact, TenantStore};

use super::{FIRST, SECOND, THIRD, change, mobile, number, of, opt_out, says};
use crate::harness::{NOW, Stage, appointment, at, import, stage};

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A tenant whose contacts, numbers and merges change at random, and whoever said at some time not to call them.
struct Life {
    tenant: TenantStore,
    dice: Dice,
    contacts: Vec<ContactId>,
    merges: Vec<MergeId>,
    quiet: Vec<ContactId>,
    told: Vec<String>,
}

const NAMES: [&str; 3] = ["Ada Archer", "Bob Baker", "Cleo Carter"];
const NUMBERS: [&str; 5] = [FIRST, SECOND, THIRD, "+447700900126", "+447700900127"];
const EXTERNAL: [&str; 4] = ["A1", "A2", "A3", "A4"];

impl Life {
    async fn rows<T>(&self, stage: &Stage, sql: &'static str) -> Vec<T>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        sqlx::query_as(sql)
            .bind(self.tenant.id().uuid())
            .fetch_all(&stage.pool)
            .await
            .unwrap()
    }

    /// Which contacts are one person with this one, by what merges say.
    async fn person(&self, stage: &Stage, contact: ContactId) -> Vec<ContactId> {
        let rows: Vec<(uuid::Uuid, Option<uuid::Uuid>)> = self
            .rows(
                stage,
                "select id, merged_into from contacts where tenant_id = $1",
            )
            .await;
        let root = |id: uuid::Uuid| {
            let row = rows.iter().find(|row| row.0 == id).unwrap();
            row.1.unwrap_or(id)
        };
        let same = rows
            .iter()
            .filter(|row| root(row.0) == root(contact.uuid()));
        same.map(|row| ContactId::from_uuid(row.0)).collect()
    }

    async fn step(&mut self, stage: &Stage) {
        let e164 = self.dice.of(&NUMBERS);
        let some = self.dice.below(4) > 0;
        let contact = self.dice.of(&self.contacts);
        let kind = self.dice.below(10);
        let other = self.dice.of(&self.contacts);
        self.told
            .push(format!("{kind} {contact} {other} {e164} {some}"));
        let maybe = some.then_some(e164);
        match kind {
            0 | 1 => self.import(stage, maybe).await,
            2 => change(&self.tenant, contact, number(maybe)).await,
            3 => change(&self.tenant, contact, mobile(maybe)).await,
            4 => {
                let mut tx = self.tenant.begin().await.unwrap();
                let merged = tx.merge_contacts(contact, other, at(NOW)).await.unwrap();
                tx.commit().await.unwrap();
                self.merges.extend(merged.ok());
            }
            5 => {
                if let Some(last) = self.merges.pop() {
                    let mut tx = self.tenant.begin().await.unwrap();
                    tx.undo_merge(last, at(NOW)).await.unwrap().unwrap();
                    tx.commit().await.unwrap();
                }
            }
            6 if self.dice.below(3) == 0 => {
                opt_out(&self.tenant, e164, "call").await;
                let had: Vec<(uuid::Uuid, Option<String>, Option<String>)> = self
                    .rows(
                        stage,
                        "select id, e164, mobile from contacts where tenant_id = $1",
                    )
                    .await;
                let had = had
                    .iter()
                    .filter(|row| [&row.1, &row.2].iter().any(|n| n.as_deref() == Some(e164)));
                self.quiet
                    .extend(had.map(|row| ContactId::from_uuid(row.0)));
            }
            7 if self.dice.below(3) == 0 => {
                let mut tx = self.tenant.begin().await.unwrap();
                tx.opt_out_person(contact, maybe, "call").await.unwrap();
                tx.commit().await.unwrap();
                let person = self.person(stage, contact).await;
                self.quiet.extend(person);
            }
            8 => {
                let minutes = self.told.len().try_into().unwrap();
                says(&self.tenant, e164, minutes, self.dice.below(2) == 0).await;
            }
            _ => {
                let mut tx = self.tenant.begin().await.unwrap();
                tx.crm_wishes(contact, some).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    }

    /// A file names an appointment: whoever has it by the same name is the same person.
    async fn import(&mut self, stage: &Stage, e164: Option<&str>) {
        let (external_id, name) = (self.dice.of(&EXTERNAL), self.dice.of(&NAMES));
        let row = of(external_id, name, e164);
        let before = self.owner_of(stage, external_id).await;
        import(&self.tenant, &[row]).await;
        let (after, named) = self.owner_of(stage, external_id).await.unwrap();
        if !self.contacts.contains(&after) {
            self.contacts.push(after);
        }
        if let Some((before, was)) = before
            && was.to_lowercase() == named.to_lowercase()
            && self.is_silent(stage, before).await
        {
            let person = self.person(stage, after).await;
            self.quiet.extend(person);
        }
    }

    async fn owner_of(&self, stage: &Stage, external_id: &str) -> Option<(ContactId, String)> {
        let row: Option<(uuid::Uuid, String)> = sqlx::query_as(
            "select c.id, c.name from appointments a join contacts c on c.id = a.contact_id
             where a.tenant_id = $1 and a.external_id = $2",
        )
        .bind(self.tenant.id().uuid())
        .bind(external_id)
        .fetch_optional(&stage.pool)
        .await
        .unwrap();
        row.map(|(id, name)| (ContactId::from_uuid(id), name))
    }

    async fn is_silent(&self, stage: &Stage, contact: ContactId) -> bool {
        let person = self.person(stage, contact).await;
        person.iter().any(|each| self.quiet.contains(each))
    }

    /// Answers of how many appointments it was proved that nobody is called for them.
    async fn nobody_is_called_who_must_not_be(&self, stage: &Stage) -> usize {
        let mut proved = 0;
        for external_id in EXTERNAL {
            let Some((owner, _)) = self.owner_of(stage, external_id).await else {
                continue;
            };
            if !self.is_silent(stage, owner).await {
                continue;
            }
            let mut tx = self.tenant.begin().await.unwrap();
            let id = tx.appointment_by_external_id(external_id).await.unwrap();
            let row = tx
                .lock_reminder(id.unwrap(), at(NOW))
                .await
                .unwrap()
                .unwrap();
            assert!(
                row.facts.contact.opted_out,
                "{external_id}: {:#?}",
                self.told
            );
            for e164 in tx.numbers_of_person(owner).await.unwrap() {
                let consent = tx.text_consent(&e164).await.unwrap();
                assert!(
                    consent.opted_out_since().is_some(),
                    "{e164}: {:#?}",
                    self.told
                );
                proved += 1;
            }
        }
        proved
    }
}

#[tokio::test]
async fn no_number_of_a_person_who_opted_out_is_ever_dialed_whatever_happens() {
    let stage = stage().await;
    let mut proved = 0;
    for seed in 0..16 {
        let tenant = stage.tenant(&format!("clinic-{seed}")).await;
        let first = NewContact {
            name: NAMES[0].to_owned(),
            e164: Some(FIRST.to_owned()),
            ..appointment("A1").contact
        };
        let mut tx = tenant.begin().await.unwrap();
        let (first, _) = tx.add_contact(&first).await.unwrap();
        tx.commit().await.unwrap();
        let mut life = Life {
            tenant,
            dice: Dice(seed),
            contacts: vec![first],
            merges: Vec::new(),
            quiet: Vec::new(),
            told: Vec::new(),
        };
        for _ in 0..40 {
            life.step(&stage).await;
            proved += life.nobody_is_called_who_must_not_be(&stage).await;
        }
    }
    assert!(proved > 300, "it was hardly ever put to the test: {proved}");
}
