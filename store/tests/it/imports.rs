//! REM-6, REM-10: what an import changes, and what it leaves alone.

use std::time::Duration;

use domain::{Reason, appointment::AppointmentStatus, reminder::Deferral};
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use store::{ContactChange, Imported, NewAppointment, NewContact, TenantStore, Wake};

use crate::harness::{
    NOW, Stage, appointment, appointment_id, at, contact, import, import_at, stage,
};

const LATER: &str = "2027-01-12T15:00:00Z";

const ADDED: Imported = Imported {
    added: 1,
    changed: 0,
    unchanged: 0,
};
const CHANGED: Imported = Imported {
    added: 0,
    changed: 1,
    unchanged: 0,
};
const UNCHANGED: Imported = Imported {
    added: 0,
    changed: 0,
    unchanged: 1,
};

fn with(change: impl FnOnce(&mut NewAppointment)) -> NewAppointment {
    let mut row = appointment("A1");
    change(&mut row);
    row
}

#[derive(Debug, PartialEq)]
struct Stored {
    version: i32,
    status: String,
    known_at: Timestamp,
}

async fn stored(stage: &Stage, external_id: &str) -> Stored {
    let row = sqlx::query(
        "select version, status, (extract(epoch from known_at) * 1000000)::bigint as known from appointments
         where external_id = $1",
    )
    .bind(external_id)
    .fetch_one(&stage.pool)
    .await
    .unwrap();
    Stored {
        version: row.get("version"),
        status: row.get("status"),
        known_at: Timestamp::from_microsecond(row.get("known")).unwrap(),
    }
}

fn first(status: AppointmentStatus) -> Stored {
    Stored {
        version: 1,
        status: status.code().to_owned(),
        known_at: at(NOW),
    }
}

fn second(status: AppointmentStatus) -> Stored {
    Stored {
        version: 2,
        status: status.code().to_owned(),
        known_at: at(LATER),
    }
}

/// A tenant with appointment A1, whose first wake-up was delivered.
async fn imported() -> (Stage, TenantStore, Wake) {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    assert_eq!(import(&tenant, &[appointment("A1")]).await, ADDED);
    let wake = Wake::Reminder(tenant.id(), appointment_id(&tenant, "A1").await);
    assert_eq!(stage.drain().await, [wake]);
    (stage, tenant, wake)
}

async fn set_status(tenant: &TenantStore, status: AppointmentStatus) {
    let id = appointment_id(tenant, "A1").await;
    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.set_appointment_status(id, status).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_same_rows_again_change_nothing() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let rows: Vec<_> = (0..50)
        .map(|row| NewAppointment {
            kind: Some("check-up".to_owned()),
            instructions: (row % 2 == 0).then(|| "bring your card".to_owned()),
            ..appointment(&format!("A{row}"))
        })
        .collect();
    import(&tenant, &rows).await;
    assert_eq!(stage.drain().await.len(), 50);
    // Every column, and by xmin also which transaction wrote it.
    let contents = async || {
        stage
            .count(
                "select bit_xor(hashtextextended(row, 0)) from (
                     select a::text || a.xmin from appointments a union all
                     select c::text || c.xmin from contacts c) t(row)",
            )
            .await
    };
    let before = contents().await;
    let again: Vec<_> = rows
        .iter()
        .map(|row| NewAppointment {
            id: domain::ids::AppointmentId::generate(),
            ..row.clone()
        })
        .collect();
    let unchanged = Imported {
        added: 0,
        changed: 0,
        unchanged: 50,
    };
    assert_eq!(import_at(&tenant, LATER, &again).await, unchanged);
    assert_eq!(contents().await, before, "not even a row was written");
    assert_eq!(stage.drain().await, []);
}

#[tokio::test]
async fn a_moved_appointment_is_a_new_version_and_wakes_its_reminder() {
    let (stage, tenant, wake) = imported().await;
    let moved = with(|row| row.starts_at = at("2027-01-15T09:00:00Z"));
    assert_eq!(import_at(&tenant, LATER, &[moved]).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        second(AppointmentStatus::Scheduled)
    );
    assert_eq!(stage.drain().await, [wake]);
}

#[tokio::test]
async fn a_move_undoes_what_was_said_of_the_old_time() {
    for status in [
        AppointmentStatus::Confirmed,
        AppointmentStatus::RescheduleRequested,
        AppointmentStatus::Cancelled,
    ] {
        let (stage, tenant, _) = imported().await;
        set_status(&tenant, status).await;
        let moved = with(|row| row.starts_at = at("2027-01-15T09:00:00Z"));
        import_at(&tenant, LATER, &[moved]).await;
        assert_eq!(
            stored(&stage, "A1").await,
            second(AppointmentStatus::Scheduled)
        );
    }
}

#[tokio::test]
async fn another_lead_is_a_new_version() {
    let (stage, tenant, wake) = imported().await;
    let changed = with(|row| row.call_before_hours = Some(48));
    assert_eq!(import_at(&tenant, LATER, &[changed]).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        second(AppointmentStatus::Scheduled)
    );
    assert_eq!(stage.drain().await, [wake]);
}

#[tokio::test]
async fn another_name_for_the_zone_of_the_same_instant_is_planned_by_and_makes_no_new_version() {
    let (stage, tenant, wake) = imported().await;
    let changed = with(|row| row.time_zone = "Europe/Dublin".to_owned());
    assert_eq!(import_at(&tenant, LATER, &[changed]).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        first(AppointmentStatus::Scheduled)
    );
    assert_eq!(stage.drain().await, [wake]);
}

#[tokio::test]
async fn another_number_is_another_contact_and_a_new_version() {
    let (stage, tenant, wake) = imported().await;
    let changed = with(|row| row.contact.e164 = Some("+447700900456".to_owned()));
    assert_eq!(import_at(&tenant, LATER, &[changed]).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        second(AppointmentStatus::Scheduled)
    );
    assert_eq!(stage.drain().await, [wake]);
    assert_eq!(stage.count("select count(*) from contacts").await, 2);
    let mut tx = tenant.begin().await.unwrap();
    let id = appointment_id(&tenant, "A1").await;
    let reminder = tx.lock_reminder(id, at(LATER)).await.unwrap().unwrap();
    assert_eq!(reminder.e164.as_deref(), Some("+447700900456"));
}

#[tokio::test]
async fn a_reminder_that_looks_during_an_import_sees_what_the_import_brings() {
    let (stage, tenant, _) = imported().await;
    let id = appointment_id(&tenant, "A1").await;
    let changed = with(|row| row.contact.e164 = Some("+447700900456".to_owned()));
    let mut importing = tenant.begin().await.unwrap();
    let rows = [changed];
    importing
        .upsert_appointments(at(LATER), &rows)
        .await
        .unwrap();
    let mut looking = tenant.begin().await.unwrap();
    let look = looking.lock_reminder(id, at(LATER));
    let commit_when_it_waits = async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while stage.count(waiting).await == 0 {
            tokio::task::yield_now().await;
        }
        importing.commit().await.unwrap();
    };
    let both = async { tokio::join!(look, commit_when_it_waits) };
    let (seen, ()) = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .expect("the reminder waits for the import");
    let seen = seen.unwrap().expect("the appointment is there");
    assert_eq!(seen.e164.as_deref(), Some("+447700900456"));
}

#[tokio::test]
async fn a_corrected_name_makes_no_new_version_and_nobody_is_called_again_for_it() {
    let (stage, tenant, wake) = imported().await;
    let changed = with(|row| row.contact.name = "Ada Archer-Smith".to_owned());
    assert_eq!(import_at(&tenant, LATER, &[changed]).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        first(AppointmentStatus::Scheduled)
    );
    assert_eq!(stage.drain().await, [wake]);
    let renamed = "select count(*) from appointments a join contacts c on c.id = a.contact_id
                   where c.name = 'Ada Archer-Smith'";
    assert_eq!(stage.count(renamed).await, 1);
}

#[tokio::test]
async fn a_cosmetic_change_is_kept_and_makes_no_new_version() {
    let (stage, tenant, _) = imported().await;
    let changed = with(|row| {
        row.kind = Some("check-up".to_owned());
        row.location = Some("Room 2".to_owned());
    });
    assert_eq!(import_at(&tenant, LATER, &[changed]).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        first(AppointmentStatus::Scheduled)
    );
    assert_eq!(
        stage
            .count("select count(*) from appointments where location = 'Room 2'")
            .await,
        1
    );
}

#[tokio::test]
async fn scheduled_in_a_file_undoes_nothing_that_was_said_of_this_time() {
    for status in [
        AppointmentStatus::Confirmed,
        AppointmentStatus::RescheduleRequested,
        AppointmentStatus::Cancelled,
    ] {
        for said in [None, Some(AppointmentStatus::Scheduled)] {
            let (stage, tenant, _) = imported().await;
            set_status(&tenant, status).await;
            let again = with(|row| row.status = said);
            assert_eq!(import_at(&tenant, LATER, &[again]).await, UNCHANGED);
            let cosmetic = with(|row| {
                row.status = said;
                row.kind = Some("check-up".to_owned());
            });
            assert_eq!(import_at(&tenant, LATER, &[cosmetic]).await, CHANGED);
            assert_eq!(stored(&stage, "A1").await, first(status));
        }
    }
}

#[tokio::test]
async fn a_row_that_says_cancelled_cancels_and_wakes() {
    let (stage, tenant, wake) = imported().await;
    set_status(&tenant, AppointmentStatus::Confirmed).await;
    let cancelled = with(|row| row.status = Some(AppointmentStatus::Cancelled));
    let rows = std::slice::from_ref(&cancelled);
    assert_eq!(import_at(&tenant, LATER, rows).await, CHANGED);
    assert_eq!(
        stored(&stage, "A1").await,
        first(AppointmentStatus::Cancelled)
    );
    assert_eq!(stage.drain().await, [wake]);
    assert_eq!(import_at(&tenant, LATER, rows).await, UNCHANGED);
}

#[tokio::test]
async fn of_two_rows_with_one_id_the_last_counts() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let rows = [
        with(|row| row.kind = Some("first".to_owned())),
        appointment("B1"),
        with(|row| row.kind = Some("last".to_owned())),
    ];
    let imported = Imported {
        added: 2,
        changed: 0,
        unchanged: 1,
    };
    assert_eq!(import(&tenant, &rows).await, imported);
    assert_eq!(
        stage
            .count("select count(*) from appointments where kind = 'last'")
            .await,
        1
    );
    assert_eq!(stage.drain().await.len(), 2);
}

#[tokio::test]
async fn people_are_told_apart_by_number_and_name() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let mut rows: Vec<_> = ["A1", "A2", "A3", "A4", "A5"].map(appointment).into();
    rows[1].contact.name = " ada ARCHER".to_owned();
    rows[2].contact.name = "Bea Archer".to_owned();
    rows[3].contact = NewContact {
        e164: None,
        email: Some("ada@example.com".to_owned()),
        ..contact()
    };
    rows[4].contact = NewContact {
        e164: None,
        email: Some("ADA@example.com".to_owned()),
        ..contact()
    };
    import(&tenant, &rows).await;
    assert_eq!(stage.count("select count(*) from contacts").await, 3);
}

/// Consent that comes with a later file is news to a reminder that waits for it.
#[tokio::test]
async fn what_is_new_of_a_contact_wakes_the_reminders_that_may_wait_for_it() {
    let (stage, tenant, wake) = imported().await;
    let id = appointment_id(&tenant, "A1").await;
    let deferral = Deferral {
        reason: Reason::ConsentMissing,
        until: at("2027-01-14T13:00:00Z"),
    };
    let mut tx = tenant.begin().await.unwrap();
    tx.defer_reminder(id, Some(deferral)).await.unwrap();
    tx.commit().await.unwrap();
    let consented = with(|row| {
        row.contact.consent_source = Some("form".to_owned());
        row.contact.consent_at = Some(at(NOW));
    });
    let rows = std::slice::from_ref(&consented);
    assert_eq!(import_at(&tenant, LATER, rows).await, UNCHANGED);
    assert_eq!(stage.drain().await, [wake]);
    let mut tx = tenant.begin().await.unwrap();
    let reminder = tx.lock_reminder(id, at(LATER)).await.unwrap().unwrap();
    assert!(reminder.facts.deferral.is_none());
    drop(tx);

    assert_eq!(import_at(&tenant, LATER, rows).await, UNCHANGED);
    assert_eq!(
        import_at(&tenant, LATER, &[appointment("A1")]).await,
        UNCHANGED
    );
    assert_eq!(
        stage.drain().await,
        [],
        "a file that says nothing of consent takes none back"
    );
    let zoned =
        with(|row| row.contact.zones = vec!["Europe/Paris".to_owned(), "Europe/London".to_owned()]);
    import_at(&tenant, LATER, &[zoned]).await;
    assert_eq!(stage.drain().await, [wake]);
    let mut tx = tenant.begin().await.unwrap();
    let reminder = tx.lock_reminder(id, at(LATER)).await.unwrap().unwrap();
    assert_eq!(reminder.facts.appointment.zones.len(), 2);
}

#[tokio::test]
async fn what_a_file_leaves_blank_about_a_person_stays_known() {
    let (_stage, tenant, _) = imported().await;
    let knowing = with(|row| {
        row.contact.zones = vec!["America/New_York".to_owned()];
        row.contact.consent_source = Some("form".to_owned());
        row.contact.consent_at = Some(at(NOW));
    });
    // Another row of the same person in the same file, which says nothing of it and comes last.
    let blank = appointment("A2");
    import_at(&tenant, LATER, &[knowing, blank.clone()]).await;
    // And a later file without those columns.
    import_at(&tenant, LATER, &[blank]).await;

    let id = appointment_id(&tenant, "A2").await;
    let mut tx = tenant.begin().await.unwrap();
    let reminder = tx.lock_reminder(id, at(LATER)).await.unwrap().unwrap();
    let zones = &reminder.facts.appointment.zones;
    assert_eq!(zones[0].iana_name(), Some("America/New_York"));
    assert_eq!(zones.len(), 1);
}

#[tokio::test]
async fn preferences_that_a_file_says_again_undo_nothing_and_others_are_news() {
    let (stage, tenant, _) = imported().await;
    let says = |words: &str| with(|row| row.contact.preferences = Some(words.to_owned()));
    let mut tx = tenant.begin().await.unwrap();
    let (contact, is_new) = tx.add_contact(&contact()).await.unwrap();
    assert!(!is_new);
    drop(tx);
    let set = async |remarks: Option<&str>| {
        let mut tx = tenant.begin().await.unwrap();
        let change = ContactChange {
            remarks: Some(remarks.map(str::to_owned)),
            ..ContactChange::default()
        };
        tx.change_contact(contact, &change, at(LATER))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    let brings = async |row: NewAppointment| {
        import_at(&tenant, LATER, &[row]).await;
        let mut tx = tenant.begin().await.unwrap();
        tx.lock_contact(contact).await.unwrap().unwrap().remarks
    };
    let stands = |words: &str| Some(words.to_owned());

    // What others said is lost to no file.
    set(Some("Rings twice")).await;
    assert_eq!(brings(says("Afternoons")).await, stands("Rings twice"));
    assert_eq!(brings(says("Mornings")).await, stands("Rings twice"));
    // Nor to a file whose rows do not agree, read again.
    assert_eq!(brings(says("Afternoons")).await, stands("Rings twice"));
    assert_eq!(brings(says("Mornings")).await, stands("Rings twice"));
    set(Some("Mornings")).await;
    assert_eq!(brings(appointment("A1")).await, stands("Mornings"));
    assert_eq!(brings(says("Noon")).await, stands("Noon"));
    set(Some("Noon. By text")).await;
    assert_eq!(brings(says("Mornings")).await, stands("Noon. By text"));
    set(None).await;
    assert_eq!(brings(says("Mornings")).await, None);
    assert_eq!(brings(says("Evenings")).await, stands("Evenings"));

    // Where nothing stands, the first file fills it in.
    let new = NewAppointment {
        contact: NewContact {
            name: "Bea Baker".to_owned(),
            ..says("Mondays").contact
        },
        ..appointment("A2")
    };
    import_at(&tenant, LATER, &[new]).await;
    let told =
        "select count(*) from contacts where remarks = 'Mondays' and told_preferences = 'Mondays'";
    assert_eq!(stage.count(told).await, 1);
}

#[tokio::test]
async fn one_tenants_file_touches_no_other_tenants_appointment_of_the_same_id() {
    let (stage, _, _) = imported().await;
    let other = stage.tenant("theirs").await;
    let moved = with(|row| row.starts_at = at("2027-01-15T09:00:00Z"));
    assert_eq!(import_at(&other, LATER, &[moved]).await, ADDED);
    let versions = stage
        .count("select sum(version) from appointments where starts_at = '2027-01-14T14:00:00Z'");
    assert_eq!(versions.await, 1);
}

#[tokio::test]
async fn two_imports_of_the_same_rows_in_any_order_both_succeed() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let rows: Vec<_> = (0..300)
        .map(|row| {
            let mut new = appointment(&format!("A{row}"));
            new.contact.name = format!("Person {}", row % 40);
            new
        })
        .collect();
    let files: Vec<Vec<_>> = (0..6)
        .map(|file| {
            let mut rows = rows.clone();
            rows.rotate_left(file * 47);
            if file % 2 == 1 {
                rows.reverse();
            }
            for row in &mut rows {
                row.starts_at += SignedDuration::from_hours(i64::try_from(file % 3).unwrap());
            }
            rows
        })
        .collect();
    let imports = files.iter().map(|rows| import(&tenant, rows));
    let counts = futures::future::join_all(imports).await;
    assert_eq!(counts.iter().map(|count| count.added).sum::<u64>(), 300);
}
