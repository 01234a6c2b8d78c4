//! Changes to a database below a running ingress.

use embedded::Postgres;

use super::Stage;

/// A role that may do everything but what a test takes from it. Row-level security does not bind it, as it does not
/// bind the login.
const PLAIN_ROLE: &str = "do $$ begin
       if not exists (select from pg_roles where rolname = 'plain') then create role plain bypassrls; end if;
     end $$;
     grant usage on schema public to plain;
     grant all on all tables in schema public to plain;
     grant all on all sequences in schema public to plain";

impl Stage {
    /// Runs statements as the server's owner, however little this database allows.
    pub(crate) async fn as_owner(&self, server: &Postgres, sql: &str) {
        let sql = format!("set role none; set transaction_read_only = off; {sql}");
        server.psql(&self.database, &sql).await.unwrap();
    }

    /// Sets or resets what sessions of this database begin with, such as `set role = plain`.
    pub(crate) async fn sessions(&self, server: &Postgres, change: &str) {
        let sql = format!("alter database \"{}\" {change}", self.database);
        server.psql("postgres", &sql).await.unwrap();
    }

    /// Ends all sessions, as a failover does.
    pub(crate) async fn end_sessions(&self, server: &Postgres) {
        let sql = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
            self.database
        );
        server.psql("postgres", &sql).await.unwrap();
    }

    /// From now on the ingress is bound by grants.
    pub(crate) async fn bound_by_grants(&self, server: &Postgres) {
        self.as_owner(server, PLAIN_ROLE).await;
        self.sessions(server, "set role = plain").await;
        self.end_sessions(server).await;
    }
}
