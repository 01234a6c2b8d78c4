//! Every SQL statement of Bellhop. Rows become domain types here.
//!
//! [`Store`] holds what belongs to no tenant (webhook sources, the outbox, event intake); everything else
//! goes through [`Store::tenant`], whose transactions fix the tenant and are held to it by row-level security.
//!
//! In which order rows are locked is said in `locks`.

mod access_tokens;
mod agents;
mod alerts;
mod appointments;
mod approvals;
mod breakers;
mod calendars;
mod calls;
mod contact_changes;
mod contact_fields;
mod context_log;
mod conversations;
mod crm_account;
mod crm_appends;
mod crm_links;
mod crm_queue;
mod desk;
mod error;
mod event_list;
mod events;
mod extraction_months;
mod extractions;
mod followups;
mod gates;
mod heartbeats;
mod inbound;
mod instant;
mod line_checks;
mod live;
mod locks;
mod measures;
mod merges;
mod notes;
mod opt_outs;
mod outbound_texts;
mod outbox;
mod processing;
mod profile;
mod quality;
mod reminders;
mod report;
mod retention;
mod secrets;
mod sounds;
mod sources;
mod tenants;
mod text_choices;
mod told;
mod trace;
mod voice_calls;

use std::time::Duration;

use domain::ids::TenantId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use access_tokens::{AccessToken, NoToken, TokenEntry, TokenOwner};
pub use agents::{AgentMessage, AgentSign, SessionEntry, SessionLine, ToolUse};
pub use alerts::{AlertRow, DeliveryRow, NewDelivery, Seen, Trouble};
pub use appointments::{Imported, NewAppointment, NewContact};
pub use approvals::ApprovalEntry;
pub use calendars::{CalendarFailure, CalendarRow};
pub use calls::{Applied, CallRow, DialTarget, Placed};
pub use contact_changes::{Change, ChangedBy, ContactRow};
pub use contact_fields::ContactChange;
pub use context_log::{ContextEntry, PastCall, Upcoming};
pub use conversations::{StoredEntry, Who};
pub use crm_account::{CrmAccount, KeptToken};
pub use crm_appends::CallForCrm;
pub use crm_links::{Conflict, CrmContact, CrmCounts, CrmTrouble, Told, Unlinked};
pub use crm_queue::{CrmTask, CrmWork};
pub use desk::{AskedIn, Booked, Booking, FunctionEntry, Moved, NewNote, TakenTime};
pub use error::Error;
pub use event_list::{AttemptEntry, EventContent, EventEntry, EventFilter};
pub use events::{Appended, FETCHED, NewEvent, StoredEvent};
pub use extractions::{NewResult, PassageRow, PassageSource, ReadingFacts, ReadingPause};
pub use followups::{CallCame, FollowUpEntry, MissedCall, TALKED, TOO_SHORT_MS};
pub use heartbeats::Role;
pub use inbound::{Arrival, Arrived, Person, Recognised};
pub use line_checks::LineCheckRow;
pub use locks::locked_tables;
pub use merges::{ContactEntry, MergeEntry, NotMerged};
pub use notes::NoteEntry;
pub use outbound_texts::{NewText, TextRow};
pub use outbox::{Due, Process, Wake};
pub use processing::{Claim, EventTry, TryResult};
pub use profile::{BookedEntry, OnFile, OptOutEntry, ProposedEntry};
pub use reminders::{Decision, ReminderRow};
pub use report::{CallCount, OpenProcess, Report, ReviewEntry, TimelineEntry};
pub use retention::{Erase, Erased, Subject, Swept, TABLES, Table};
pub use secrets::{KeyRing, KeyRingError, ProviderKey};
pub use sounds::{SoundEntry, SoundRow};
pub use sources::{Source, SourceEntry};
pub use tenants::Tenant;
pub use told::ToldEntry;
pub use trace::CallStory;
pub use voice_calls::{Talk, VoiceCall};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The schema, applied by `bellhop migrate`.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    keys: KeyRing,
}

/// How many connections a process keeps, and how long a statement may wait.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    pub max_connections: u32,
    /// A request waits this long for a free connection before it fails.
    pub acquire_timeout: Duration,
    /// The server ends a statement that runs longer.
    pub statement_timeout: Duration,
    /// The server ends a transaction that says nothing for longer: a machine that was put to sleep must not
    /// hold its locks until it wakes.
    pub silence_timeout: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_connections: 20,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            silence_timeout: Duration::from_secs(30),
        }
    }
}

impl Store {
    /// A handle on the database at `url`. Connects at first use, so that a process can start before
    /// its database does.
    pub fn new(url: &SecretString, keys: KeyRing, options: PoolOptions) -> Result<Self> {
        let milliseconds = |limit: Duration| limit.as_millis().to_string();
        let limits = [
            ("statement_timeout", milliseconds(options.statement_timeout)),
            (
                "idle_in_transaction_session_timeout",
                milliseconds(options.silence_timeout),
            ),
        ];
        let connect: PgConnectOptions = url.expose_secret().parse().map_err(|_| Error::BadUrl)?;
        let connect = connect.application_name("bellhop").options(limits);
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(connect);
        Ok(Self { pool, keys })
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    pub async fn migrate(&self) -> Result<()> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// Whether the database answers, can be written, and its schema is the one this program was built for.
    pub async fn check(&self) -> Result<()> {
        let wanted = MIGRATIONS
            .iter()
            .map(|each| each.version)
            .max()
            .unwrap_or_default();
        let mut connection = self.pool.acquire().await?;
        let (applied, is_read_only) = sqlx::query_as::<_, (Option<i64>, bool)>(
            "select max(version), current_setting('transaction_read_only')::bool
             from _sqlx_migrations where success",
        )
        .fetch_one(&mut *connection)
        .await?;
        if is_read_only {
            self.begin_afresh(connection);
            return Err(Error::ReadOnly);
        }
        if applied >= Some(wanted) {
            Ok(())
        } else {
            Err(Error::SchemaBehind { wanted, applied })
        }
    }

    /// Ends the session that could not write, and those that are idle. Whether a session may write can be settled when it
    /// begins: an old one would go on to be refused once the others are not.
    fn begin_afresh(&self, mut connection: PoolConnection<Postgres>) {
        connection.close_on_drop();
        while let Some(mut idle) = self.pool.try_acquire() {
            idle.close_on_drop();
        }
    }

    /// The rows of one tenant.
    pub fn tenant(&self, id: TenantId) -> TenantStore {
        TenantStore {
            store: self.clone(),
            id,
        }
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A handle that has fixed the tenant.
#[derive(Debug, Clone)]
pub struct TenantStore {
    store: Store,
    id: TenantId,
}

impl TenantStore {
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// A transaction that sees this tenant's rows only.
    pub async fn begin(&self) -> Result<TenantTx> {
        let mut tx = self.store.pool.begin().await?;
        sqlx::query!(
            "select set_config('role', 'bellhop_tenant', true) as role, set_config('bellhop.tenant', $1, true) as tenant",
            self.id.uuid().to_string()
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(TenantTx {
            tx,
            id: self.id,
            keys: self.store.keys.clone(),
        })
    }
}

/// A transaction bound to one tenant; dropped without [`TenantTx::commit`] it changes nothing.
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    id: TenantId,
    keys: KeyRing,
}

impl TenantTx {
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }

    fn tenant(&self) -> uuid::Uuid {
        self.id.uuid()
    }
}
