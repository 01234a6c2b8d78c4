//! What the calendars said when they were read last.

use domain::{
    calendar::{FreeBusy, Span},
    settings::{CalendarKind, CalendarSource, Settings},
};
use store::{CalendarFailure, CalendarRow, KeyRing, TenantStore};

use crate::harness::{NOW, Stage, at, stage};

const LATER: &str = "2027-01-12T12:05:00Z";

fn settings() -> Settings {
    let mut settings = Settings::default();
    let desk = CalendarSource {
        kind: Some(CalendarKind::Google),
        id: Some("desk@example.com".to_owned()),
    };
    settings.calendar.calendars.insert("desk".to_owned(), desk);
    settings
}

fn said(read_at: &str) -> FreeBusy {
    let span = |start, end| Span::new(at(start), at(end)).unwrap();
    FreeBusy::new(
        vec![span("2027-01-13T09:00:00Z", "2027-01-13T10:00:00Z")],
        vec![span(NOW, "2027-02-12T12:00:00Z")],
        at(read_at),
    )
}

async fn add_secret(stage: &Stage, tenant: &TenantStore) {
    let keys: &KeyRing = stage.store.keys();
    let mut tx = tenant.begin().await.unwrap();
    let secret = "of the calendar".to_owned().into();
    tx.add_calendar_secret(keys, "desk", &secret).await.unwrap();
    tx.commit().await.unwrap();
}

/// Keeps the one calendar of the settings and answers with it.
async fn kept(tenant: &TenantStore, settings: &Settings, now: &str) -> CalendarRow {
    let mut tx = tenant.begin().await.unwrap();
    tx.keep_calendars(settings, at(now)).await.unwrap();
    let mut rows = tx.calendars().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn read(tenant: &TenantStore, of: &CalendarRow, read_at: &str) {
    let mut tx = tenant.begin().await.unwrap();
    tx.calendar_read(of.id, &of.origin, &said(read_at))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn known(tenant: &TenantStore, settings: &Settings) -> Option<FreeBusy> {
    let mut tx = tenant.begin().await.unwrap();
    let mut all = tx.free_busy(settings).await.unwrap();
    assert_eq!(all.len(), settings.calendar.calendars.len());
    all.remove("desk").unwrap()
}

#[tokio::test]
async fn a_calendar_is_unknown_until_it_was_read() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    assert_eq!(known(&tenant, &settings()).await, None);
    let row = kept(&tenant, &settings(), NOW).await;
    assert_eq!(known(&tenant, &settings()).await, None);
    read(&tenant, &row, NOW).await;
    assert_eq!(known(&tenant, &settings()).await, Some(said(NOW)));
}

#[tokio::test]
async fn a_reading_of_another_calendar_says_nothing_from_the_moment_it_is_another() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let row = kept(&tenant, &settings(), NOW).await;
    read(&tenant, &row, NOW).await;

    let mut moved = settings();
    moved.tenant.timezone = "Europe/Dublin".to_owned();
    let mut other = settings();
    other.calendar.calendars.get_mut("desk").unwrap().id = Some("other@example.com".to_owned());
    for changed in [&moved, &other] {
        assert_eq!(known(&tenant, changed).await, None);
    }
    assert!(known(&tenant, &settings()).await.is_some());
    add_secret(&stage, &tenant).await;
    assert_eq!(known(&tenant, &settings()).await, None);

    // A reading that was under way meanwhile is not taken for one of what is set up now.
    let anew = kept(&tenant, &settings(), LATER).await;
    assert_eq!((anew.id, anew.read_at), (row.id, None));
    read(&tenant, &row, LATER).await;
    assert_eq!(known(&tenant, &settings()).await, None);
    read(&tenant, &anew, LATER).await;
    assert_eq!(known(&tenant, &settings()).await, Some(said(LATER)));
}

#[tokio::test]
async fn a_failure_leaves_what_was_read_and_a_reading_ends_the_failures() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let row = kept(&tenant, &settings(), NOW).await;
    read(&tenant, &row, NOW).await;
    let failure = CalendarFailure {
        class: "rate_limited",
        detail: None,
        retry_after: Some(std::time::Duration::from_secs(90)),
    };
    for _ in 0..2 {
        let mut tx = tenant.begin().await.unwrap();
        tx.calendar_failed(row.id, &row.origin, &failure, at(LATER))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    let failed = kept(&tenant, &settings(), LATER).await;
    let facts = failed.facts(settings().calendar.refresh_every());
    assert_eq!((facts.failures, facts.refused), (2, false));
    assert_eq!(facts.failed_at, Some(at(LATER)));
    assert_eq!(facts.retry_after.unwrap().as_secs(), 90);
    assert_eq!(known(&tenant, &settings()).await, Some(said(NOW)));

    // Its failure is older than what was read since.
    read(&tenant, &row, "2027-01-12T12:10:00Z").await;
    let mut tx = tenant.begin().await.unwrap();
    tx.calendar_failed(row.id, &row.origin, &failure, at(LATER))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let row = kept(&tenant, &settings(), LATER).await;
    assert_eq!((row.failures, row.failure), (0, None));
}

#[tokio::test]
async fn a_calendar_that_is_set_up_no_more_is_named_and_forgotten() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    kept(&tenant, &settings(), NOW).await;
    let mut tx = tenant.begin().await.unwrap();
    let gone = tx.keep_calendars(&Settings::default(), at(NOW)).await;
    assert_eq!(gone.unwrap(), ["desk"]);
    assert!(tx.calendars().await.unwrap().is_empty());
}

#[tokio::test]
async fn its_process_is_woken_by_settings_and_secrets_where_there_is_a_calendar() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let woken = async || {
        let woken = "select count(*) from outbox where process = 'calendars'";
        let number = stage.count(woken).await;
        sqlx::query("delete from outbox")
            .execute(&stage.pool)
            .await
            .unwrap();
        number
    };
    let apply = async |settings: &Settings| {
        let mut tx = tenant.begin().await.unwrap();
        tx.apply_settings(settings).await.unwrap();
        tx.commit().await.unwrap();
    };
    apply(&Settings::default()).await;
    assert_eq!(woken().await, 0);
    apply(&settings()).await;
    assert_eq!(woken().await, 1);
    add_secret(&stage, &tenant).await;
    assert_eq!(woken().await, 1);
    stage.store.wake_everything().await.unwrap();
    assert_eq!(woken().await, 1);
    kept(&tenant, &settings(), NOW).await;
    // It has to forget what it kept.
    apply(&Settings::default()).await;
    assert_eq!(woken().await, 1);
    stage
        .store
        .create_tenant("other", &settings())
        .await
        .unwrap();
    assert_eq!(woken().await, 1);
}
