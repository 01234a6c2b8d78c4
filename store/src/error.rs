//! What can go wrong between us and the database.

use std::borrow::Cow;

/// A failure of the store, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database address is not a postgres:// URL")]
    BadUrl,
    #[error(
        "the database schema is at {applied:?}, this program needs {wanted}: run `bellhop migrate`"
    )]
    SchemaBehind { wanted: i64, applied: Option<i64> },
    /// A standby, or a server that protects its last disk space.
    #[error("the database may only be read")]
    ReadOnly,
    #[error("{what} does not exist")]
    NotFound { what: &'static str },
    #[error("a tenant called {slug:?} exists already")]
    SlugTaken { slug: String },
    /// A stored value this version of the program cannot read.
    #[error("{column} holds {value:?}, which this version does not know")]
    Unknown { column: &'static str, value: String },
    #[error("the event is {state}: it is on its way, and need not be asked for again")]
    UnderWay { state: String },
    #[error(
        "the event is tried again by itself, with all that follows from it: a retry of its state alone would end that; ask for its effects too"
    )]
    TriedByItself,
    #[error(
        "the event was read from the provider and is no webhook: there is nothing to read again"
    )]
    NoWebhook,
    #[error("a call with this person is not over")]
    StillTalking,
    #[error("a stored secret cannot be decrypted with the configured keys")]
    Undecryptable,
    /// The step took so long that its process has asked again meanwhile.
    #[error("the step took too long, and changes nothing")]
    TooLate,
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("a stored document cannot be read")]
    Document(#[from] serde_json::Error),
}

impl Error {
    /// The database understood and said no to this very value (class 22: data, class 23: constraints): the same
    /// again would be refused the same way.
    pub fn is_refusal(&self) -> bool {
        self.is_of_class(&["22", "23"])
    }

    /// The database could not be asked at all, or takes nothing from anybody: the same request may succeed later.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Error::Database(
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::Tls(_),
            ) => true,
            // Class 57: shutting down or starting; class 53: out of resources; class 08: connection.
            _ => self.is_read_only() || self.is_of_class(&["57", "53", "08"]),
        }
    }

    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self, Error::ReadOnly) || self.is_of_class(&["25006"])
    }

    /// The code that the database gave, which quotes nothing, unlike its text.
    pub fn sqlstate(&self) -> Option<Cow<'_, str>> {
        match self {
            Error::Database(cause) => cause.as_database_error().and_then(|cause| cause.code()),
            _ => None,
        }
    }

    fn is_of_class(&self, classes: &[&str]) -> bool {
        self.sqlstate()
            .is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
    }
}
