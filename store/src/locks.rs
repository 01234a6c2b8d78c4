//! The order in which rows are locked: a transaction that locks rows of several tables takes them in this order, and
//! never goes back. Two that do so never wait for each other.
//!
//! - Advisory locks that stand for a whole kind of work come first: one question of an agent (`desk`), the giving away
//!   of time ([`TenantTx::lock_slots`]), imports and merges ([`TenantTx::lock_imports`]), erasures
//!   ([`TenantTx::before_erasures`]).
//! - Then the rows of [`ORDER`]. An `update` and an `insert … on conflict do update` lock too. Within one statement the
//!   parts of a `with` are done in the order in which one reads from the other.
//! - In the middle stands one more advisory lock: wishes not to be called ([`TenantTx::lock_wishes`]), which are of a
//!   number and not of a row, and of which the CRM keeps its own account. Whoever may come to change one, and locks what
//!   is of the CRM, takes it before that.
//! - A reminder's row goes with its appointment: whoever writes it holds the appointment or its contact, or takes it
//!   with `skip locked`, which waits for nobody.
//! - The tenant's row comes after all of them, then its secrets, breakers and alerts, and last the events.
//! - One exception goes back: [`TenantTx::lock_kept_contact`] and [`TenantTx::lock_approval`] lock the other contact when
//!   a merge, or its undoing, came between their look and their lock. They take a few rows more, of a pair that was
//!   merged or taken apart in that moment; a deadlock there is found by PostgreSQL, and whoever fails tries again.
//! - What a transaction has made itself nobody waits for: new rows are in no order. A new row that names another takes
//!   a `for key share` of it, which an update of what is no key does not hinder: so a `for update` is for rows that are
//!   to be deleted, and all else is locked `for no key update`.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{Result, TABLES, TenantTx};

/// One step of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// The table, and in which order its rows are locked when there are several.
    Rows(&'static str, &'static str),
    Wishes,
}

/// The order of all tables whose rows more than one process changes together with rows of another table.
pub(crate) const ORDER: &[Lock] = &[
    Lock::Rows("appointments", "external_id"),
    Lock::Rows("contacts", "id"),
    Lock::Rows("calls", "id"),
    Lock::Rows("context_log", "id"),
    Lock::Rows("call_functions", "id"),
    Lock::Rows("outbound_texts", "id"),
    Lock::Rows("conversation_entries", "id"),
    Lock::Wishes,
    Lock::Rows("text_choices", "e164"),
    Lock::Rows("opt_outs", "e164"),
    Lock::Rows("invalid_numbers", "e164"),
    Lock::Rows("crm_links", "contact_id"),
    Lock::Rows("crm_conflicts", "contact_id, field"),
    Lock::Rows("crm_queue", "kind, key"),
    Lock::Rows("extractions", "id"),
    Lock::Rows("approvals", "id"),
    Lock::Rows("contact_changes", "id"),
    Lock::Rows("sounds", "id"),
    Lock::Rows("notes", "id"),
    Lock::Rows("missed_calls", "provider, provider_call_id"),
    Lock::Rows("follow_ups", "id"),
    Lock::Rows("tenants", "id"),
    Lock::Rows("provider_secrets", "id"),
    Lock::Rows("crm_accounts", "tenant_id"),
    Lock::Rows("breakers", "provider"),
    Lock::Rows("alerts", "id"),
    Lock::Rows("alert_deliveries", "id"),
    Lock::Rows("agent_messages", "event_id"),
    Lock::Rows("tool_uses", "session_id, tool_use_id"),
    Lock::Rows("events", "id"),
    Lock::Rows("event_attempts", "event_id, number"),
];

/// The tables of the order, as they stand in it.
pub fn locked_tables() -> Vec<&'static str> {
    let tables = ORDER.iter().filter_map(|lock| match lock {
        Lock::Rows(table, _) => Some(*table),
        Lock::Wishes => None,
    });
    tables.collect()
}

impl TenantTx {
    /// Imports, merges and erasures of one tenant go one after another. No order of rows keeps two imports from a
    /// deadlock: one that adds appointments meets one that finds and locks them already.
    pub(crate) async fn lock_imports(&mut self) -> Result<()> {
        self.lock_kind("import").await
    }

    /// Changes of wishes not to be called go one after another, within a tenant.
    pub(crate) async fn lock_wishes(&mut self) -> Result<()> {
        self.lock_kind("wishes").await
    }

    /// An erasure is alone with what it erases: it waits for those who hear of people, and they for it.
    pub(crate) async fn lock_erasures(&mut self) -> Result<()> {
        self.lock_kind("erasure").await
    }

    /// Until the end of this transaction nobody is erased. To be taken before anything else, by whoever writes down what
    /// a provider sends of people, so that it is either erased too or recognised as late.
    pub async fn before_erasures(&mut self) -> Result<()> {
        sqlx::query!(
            "select pg_advisory_xact_lock_shared(hashtextextended('erasure ' || $1::text, 0))",
            self.tenant().to_string()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn lock_kind(&mut self, kind: &str) -> Result<()> {
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($2::text || ' ' || $1::text, 0))",
            self.tenant().to_string(),
            kind
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Contacts with all rows that are about them.
    pub(crate) async fn lock_rows_of_contacts(&mut self, contacts: &[Uuid]) -> Result<()> {
        for lock in ORDER {
            let (table, by) = match lock {
                Lock::Rows(table, by) => (*table, *by),
                Lock::Wishes => {
                    self.lock_wishes().await?;
                    continue;
                }
            };
            let Some(column) = column_of_contact(table) else {
                continue;
            };
            let statement = format!(
                "select 1 from {table} where tenant_id = $1 and {column} = any($2) order by {by} for no key update"
            );
            sqlx::query(AssertSqlSafe(statement))
                .bind(self.tenant())
                .bind(contacts)
                .fetch_all(&mut *self.tx)
                .await?;
        }
        Ok(())
    }
}

fn column_of_contact(table: &str) -> Option<&'static str> {
    match table {
        "contacts" => Some("id"),
        // It goes with the contact, and keeps none: retention does not name its column.
        "crm_queue" => Some("contact_id"),
        _ => TABLES.iter().find(|each| each.name == table)?.contact,
    }
}
