//! A database of the test's own, on the server that all tests of this process share.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::{
    ids::{AppointmentId, CallId, TenantId},
    settings::{CrmProvider, Settings, VoiceProvider},
};
use embedded::{Postgres, PostgresOptions, Tools};
use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::{PgPool, Postgres as Database, Transaction, postgres::PgPoolOptions};
use store::{
    Imported, KeyRing, NewAppointment, NewContact, Placed, PoolOptions, Store, TenantStore, Wake,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

pub(crate) const NOW: &str = "2027-01-12T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) struct Stage {
    pub(crate) store: Store,
    /// Straight to the database, past the handles, as its owner.
    pub(crate) pool: PgPool,
    pub(crate) url: SecretString,
}

pub(crate) async fn stage() -> Stage {
    stage_with(8).await
}

/// With a limit of the store's connections.
pub(crate) async fn stage_with(max_connections: u32) -> Stage {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = SHARED.get_or_init(start_postgres).await;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let database = format!("store_{}_{number}", std::process::id());
    server.create_database(&database).await.unwrap();
    let url = SecretString::from(server.url(&database));
    let keys = KeyRing::parse(&KeyRing::generate()).unwrap();
    let options = PoolOptions {
        max_connections,
        ..PoolOptions::default()
    };
    let store = Store::new(&url, keys, options).unwrap();
    store.migrate().await.unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy(&server.url(&database))
        .unwrap();
    Stage { store, pool, url }
}

async fn start_postgres() -> Postgres {
    let tools = Tools::locate().expect("run `make tools` once");
    Postgres::start(&tools, PostgresOptions::temporary())
        .await
        .unwrap()
}

impl Stage {
    /// A live tenant that may dial.
    pub(crate) async fn tenant(&self, slug: &str) -> TenantStore {
        let mut settings = Settings::default();
        settings.tenant.live = true;
        let id = self.store.create_tenant(slug, &settings).await.unwrap();
        // Its watch is woken, which no test here is about.
        sqlx::query("delete from outbox where subject = $1")
            .bind(id.uuid())
            .execute(&self.pool)
            .await
            .unwrap();
        self.store.tenant(id)
    }

    /// One with a CRM.
    pub(crate) async fn tenant_with_crm(&self, slug: &str) -> TenantStore {
        let tenant = self.tenant(slug).await;
        connect_crm(&tenant).await;
        tenant
    }

    /// The role and setting of a tenant's transaction, in raw SQL, as [`TenantStore::begin`] makes them.
    pub(crate) async fn as_tenant(&self, tenant: TenantId) -> Transaction<'static, Database> {
        let mut tx = self.pool.begin().await.unwrap();
        sqlx::query("select set_config('role', 'bellhop_tenant', true), set_config('bellhop.tenant', $1, true)")
            .bind(tenant.uuid().to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Every row of the outbox, delivered.
    pub(crate) async fn drain(&self) -> Vec<Wake> {
        let mut all = Vec::new();
        loop {
            let (found, _) = self
                .store
                .relay(1000, |due| {
                    let delivered = vec![true; due.len()];
                    all.extend(due.into_iter().map(|due| due.wake));
                    std::future::ready(delivered)
                })
                .await
                .unwrap();
            if found == 0 {
                return all;
            }
        }
    }
}

pub(crate) async fn connect_crm(tenant: &TenantStore) {
    let mut settings = Settings::default();
    settings.tenant.live = true;
    settings.crm.provider = CrmProvider::Zoho;
    let mut tx = tenant.begin().await.unwrap();
    tx.apply_settings(&settings).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn contact() -> NewContact {
    NewContact {
        name: "Ada Archer".to_owned(),
        email: None,
        e164: Some("+447700900123".to_owned()),
        zones: Vec::new(),
        consent_source: None,
        consent_at: None,
        preferences: None,
    }
}

pub(crate) fn appointment(external_id: &str) -> NewAppointment {
    NewAppointment {
        id: AppointmentId::generate(),
        external_id: external_id.to_owned(),
        contact: contact(),
        starts_at: at("2027-01-14T14:00:00Z"),
        time_zone: "Europe/London".to_owned(),
        first_of_two: false,
        kind: None,
        practitioner: None,
        duration_minutes: None,
        location: None,
        instructions: None,
        call_before_hours: None,
        status: None,
    }
}

pub(crate) async fn import(tenant: &TenantStore, rows: &[NewAppointment]) -> Imported {
    import_at(tenant, NOW, rows).await
}

pub(crate) async fn import_at(
    tenant: &TenantStore,
    now: &str,
    rows: &[NewAppointment],
) -> Imported {
    let mut tx = tenant.begin().await.unwrap();
    let imported = tx.upsert_appointments(at(now), rows).await.unwrap();
    tx.commit().await.unwrap();
    imported
}

pub(crate) async fn appointment_id(tenant: &TenantStore, external_id: &str) -> AppointmentId {
    let mut tx = tenant.begin().await.unwrap();
    let id = tx.appointment_by_external_id(external_id).await.unwrap();
    id.unwrap()
}

/// A call authorized for the first attempt of an appointment.
pub(crate) async fn authorize(tenant: &TenantStore, appointment: AppointmentId) -> CallId {
    let mut tx = tenant.begin().await.unwrap();
    let call = tx
        .authorize_call(
            appointment,
            1,
            1,
            "+447700900123",
            VoiceProvider::Retell,
            at(NOW),
        )
        .await
        .unwrap();
    tx.commit().await.unwrap();
    call
}

/// A call the provider knows as `provider_call_id`.
pub(crate) async fn place(tenant: &TenantStore, call: CallId, provider_call_id: &str) {
    let mut tx = tenant.begin().await.unwrap();
    tx.claim_dial(call, Uuid::nil(), at(NOW)).await.unwrap();
    let placed = Placed {
        provider_call_id: provider_call_id.to_owned(),
        at: at(NOW),
    };
    tx.call_placed(call, &placed).await.unwrap();
    tx.commit().await.unwrap();
}
