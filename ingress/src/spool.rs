//! Webhooks made durable on this machine while the database is away, and drained in order later.
//!
//! Everything here blocks on the disk: call it where blocking is allowed. An event may be drained twice
//! (a crash between storing and forgetting it), which does no harm: the database stores it once.

mod aside;
mod error;
mod file;
mod record;
mod table;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use redb::{Database, ReadableDatabase, ReadableTable};
use store::KeyRing;

pub use aside::Aside;
pub use error::SpoolError;
pub use record::SpooledEvent;
use table::{Change, Counts, EVENTS};

/// [`Spool::next`] stops at so many bytes, however few events they are: they have to fit in memory.
const BATCH_BYTES: usize = 8 << 20;

/// The place of an event in the order of arrival. Never used twice, not even once the event is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// No event has an earlier one.
    pub const FIRST: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Position {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// How much a spool takes. What is set aside counts as well: it takes the same disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolLimits {
    /// Of the encrypted events. The file may be two and a half times as large.
    pub max_bytes: u64,
    pub max_events: u64,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            max_events: 1_000_000,
        }
    }
}

type Opener = Box<dyn Fn() -> Result<Database, SpoolError> + Send + Sync>;

/// The events of one folder. One process holds it.
pub struct Spool {
    keys: KeyRing,
    limits: SpoolLimits,
    opener: Opener,
    state: Mutex<State>,
}

struct State {
    /// `None` after a failure: a database that failed to write says nothing certain until it is opened again.
    database: Option<Arc<Database>>,
    counts: Counts,
}

impl Spool {
    /// Opens the spool in a folder, which is made when it is not there. The keys encrypt what is kept.
    ///
    /// Reads all of it, to be sure of it. Fails with [`SpoolError::Busy`] when another process has it, and
    /// with [`SpoolError::Damaged`] when the file is not what was written: it is then left as it is.
    pub fn open(folder: &Path, keys: KeyRing, limits: SpoolLimits) -> Result<Self, SpoolError> {
        let folder = file::Folder::hold(folder)?;
        Self::with_opener(Box::new(move || folder.database()), keys, limits)
    }

    fn with_opener(opener: Opener, keys: KeyRing, limits: SpoolLimits) -> Result<Self, SpoolError> {
        let (database, counts) = opened(&opener)?;
        Ok(Self {
            keys,
            limits,
            opener,
            state: Mutex::new(State {
                database: Some(database),
                counts,
            }),
        })
    }

    /// Makes events durable, all of them or none, in one commit: they are on the disk when this returns.
    /// After a failure other than [`SpoolError::Full`] they may be there all the same.
    pub fn append<'e>(
        &self,
        events: impl IntoIterator<Item = &'e SpooledEvent>,
    ) -> Result<(), SpoolError> {
        let records = events
            .into_iter()
            .map(|event| record::seal(event, &self.keys))
            .collect::<Result<Vec<_>, _>>()?;
        self.change(|change| {
            for record in &records {
                change.append(record)?;
            }
            change.within(self.limits)
        })
    }

    /// The oldest events, at most `limit` of them, and fewer when they are large. Fails with
    /// [`SpoolError::Unreadable`] when the very oldest cannot be decrypted: it may be set aside.
    pub fn next(&self, limit: usize) -> Result<Vec<(Position, SpooledEvent)>, SpoolError> {
        self.batch(limit, BATCH_BYTES)
    }

    fn batch(
        &self,
        limit: usize,
        most_bytes: usize,
    ) -> Result<Vec<(Position, SpooledEvent)>, SpoolError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(EVENTS)?;
            let mut events = Vec::new();
            let mut bytes = 0;
            for row in table.iter()?.take(limit) {
                let (place, record) = row?;
                let (position, record) = (Position(place.value()), record.value());
                bytes += record.len();
                if !events.is_empty() && bytes > most_bytes {
                    break;
                }
                match record::open(position, record, &self.keys) {
                    Ok(event) => events.push((position, event)),
                    Err(_) if !events.is_empty() => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(events)
        })
    }

    /// Removes events that are stored elsewhere now. Positions that are gone already are passed over.
    pub fn forget(&self, positions: &[Position]) -> Result<(), SpoolError> {
        self.change(|change| {
            for position in positions {
                change.forget(*position)?;
            }
            Ok(())
        })
    }

    /// When the oldest event arrived.
    pub fn oldest_at(&self) -> Result<Option<Timestamp>, SpoolError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(EVENTS)?;
            let Some((place, record)) = table.first()? else {
                return Ok(None);
            };
            record::arrived_at(Position(place.value()), record.value()).map(Some)
        })
    }

    /// Events that wait to be drained.
    pub fn len(&self) -> u64 {
        self.state().counts.waiting
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Events that were set aside.
    pub fn aside_len(&self) -> u64 {
        self.state().counts.aside
    }

    /// Whether one more event of so many bytes is within the limits.
    pub fn has_room_for(&self, bytes: u64) -> bool {
        let Counts {
            waiting,
            aside,
            bytes: taken,
            ..
        } = self.state().counts;
        waiting + aside < self.limits.max_events
            && taken.saturating_add(bytes) <= self.limits.max_bytes
    }

    /// Bytes of all events, encrypted, with those that were set aside.
    pub fn bytes(&self) -> u64 {
        self.state().counts.bytes
    }

    /// One durable change, all of it or nothing.
    fn change<T>(
        &self,
        make: impl FnOnce(&mut Change<'_>) -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        let mut state = self.state();
        let database = state.database(&self.opener)?;
        let result = table::commit(&database, state.counts, make);
        match result {
            Ok((counts, made)) => {
                state.counts = counts;
                Ok(made)
            }
            Err(error) => {
                state.database = state.database.take().filter(|_| !error.is_of_the_disk());
                Err(error)
            }
        }
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Database) -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        // Reading needs no lock: events may be appended meanwhile.
        let database = self.state().database(&self.opener)?;
        read(&database)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn database(&mut self, opener: &Opener) -> Result<Arc<Database>, SpoolError> {
        if let Some(database) = &self.database {
            return Ok(database.clone());
        }
        let (database, counts) = opened(opener)?;
        self.database = Some(database.clone());
        self.counts = counts;
        Ok(database)
    }
}

fn opened(opener: &Opener) -> Result<(Arc<Database>, Counts), SpoolError> {
    let database = opener()?;
    let counts = table::counts(&database)?;
    Ok((Arc::new(database), counts))
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool")
            .field("limits", &self.limits)
            .field("counts", &self.state().counts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
