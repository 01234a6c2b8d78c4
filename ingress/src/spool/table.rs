//! The tables of the spool's file, and changes to them.

use redb::{Database, ReadableDatabase, ReadableTableMetadata, Table, TableDefinition};

use super::{Position, SpoolError, SpoolLimits};

/// Events that wait, by position.
pub(super) const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
/// Events that were set aside, by the position they had.
pub(super) const ASIDE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("aside");
/// Numbers about the file itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");

/// The format of the file as a whole. Records have versions of their own.
const FORMAT: u64 = 1;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// The position of the next event.
    pub(super) next: u64,
    pub(super) waiting: u64,
    pub(super) aside: u64,
    pub(super) bytes: u64,
}

impl Counts {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0 && self.aside == 0
    }
}

/// Lays out a new file.
pub(super) fn make(database: &Database) -> Result<(), SpoolError> {
    let transaction = database.begin_write()?;
    transaction.open_table(ABOUT)?.insert("format", FORMAT)?;
    transaction.open_table(EVENTS)?;
    transaction.open_table(ASIDE)?;
    Ok(transaction.commit()?)
}

/// What a file holds.
pub(super) fn counts(database: &Database) -> Result<Counts, SpoolError> {
    let transaction = database.begin_read()?;
    let about = transaction.open_table(ABOUT)?;
    let number = |name| Ok::<_, SpoolError>(about.get(name)?.map_or(0, |value| value.value()));
    match number("format")? {
        FORMAT => {}
        format => return Err(SpoolError::UnknownFormat { format }),
    }
    Ok(Counts {
        next: number("next")?,
        bytes: number("bytes")?,
        waiting: transaction.open_table(EVENTS)?.len()?,
        aside: transaction.open_table(ASIDE)?.len()?,
    })
}

/// Makes one change durable, or none of it, and answers what the file holds then.
pub(super) fn commit<T>(
    database: &Database,
    counts: Counts,
    make: impl FnOnce(&mut Change<'_>) -> Result<T, SpoolError>,
) -> Result<(Counts, T), SpoolError> {
    let mut transaction = database.begin_write()?;
    // In two phases, so that the last commit is known to be whole: should it be found damaged later, the
    // file is refused. In one phase the library would take it for unfinished, and drop it.
    transaction.set_two_phase_commit(true);
    let (counts, made) = {
        let mut change = Change {
            events: transaction.open_table(EVENTS)?,
            aside: transaction.open_table(ASIDE)?,
            counts,
        };
        let made = make(&mut change)?;
        let counts = change.counts;
        let mut about = transaction.open_table(ABOUT)?;
        about.insert("next", counts.next)?;
        about.insert("bytes", counts.bytes)?;
        (counts, made)
    };
    transaction.commit()?;
    Ok((counts, made))
}

/// A change that is being made.
pub(super) struct Change<'t> {
    events: Table<'t, u64, &'static [u8]>,
    aside: Table<'t, u64, &'static [u8]>,
    counts: Counts,
}

impl Change<'_> {
    pub(super) fn append(&mut self, record: &[u8]) -> Result<(), SpoolError> {
        let position = Position(self.counts.next);
        self.counts.next += 1;
        self.put(position, record)
    }

    /// Puts a record among those that wait.
    pub(super) fn put(&mut self, position: Position, record: &[u8]) -> Result<(), SpoolError> {
        self.events.insert(position.0, record)?;
        self.counts.waiting += 1;
        self.counts.bytes += length(record);
        Ok(())
    }

    /// Takes a record from those that wait.
    pub(super) fn take(&mut self, position: Position) -> Result<Option<Vec<u8>>, SpoolError> {
        let taken = self.events.remove(position.0)?;
        let record = taken.map(|record| record.value().to_vec());
        if let Some(record) = &record {
            self.counts.waiting = self.counts.waiting.saturating_sub(1);
            self.counts.bytes = self.counts.bytes.saturating_sub(length(record));
        }
        Ok(record)
    }

    pub(super) fn forget(&mut self, position: Position) -> Result<(), SpoolError> {
        self.take(position).map(drop)
    }

    pub(super) fn put_aside(&mut self, position: Position, note: &[u8]) -> Result<(), SpoolError> {
        self.aside.insert(position.0, note)?;
        self.counts.aside += 1;
        self.counts.bytes += length(note);
        Ok(())
    }

    pub(super) fn take_aside(&mut self, position: Position) -> Result<Option<Vec<u8>>, SpoolError> {
        let taken = self.aside.remove(position.0)?;
        let note = taken.map(|note| note.value().to_vec());
        if let Some(note) = &note {
            self.counts.aside = self.counts.aside.saturating_sub(1);
            self.counts.bytes = self.counts.bytes.saturating_sub(length(note));
        }
        Ok(note)
    }

    /// Fails when there is more than there may be, which undoes the change.
    pub(super) fn within(&self, limits: SpoolLimits) -> Result<(), SpoolError> {
        let (events, bytes) = (self.counts.waiting + self.counts.aside, self.counts.bytes);
        if events > limits.max_events || bytes > limits.max_bytes {
            Err(SpoolError::Full { events, bytes })
        } else {
            Ok(())
        }
    }
}

fn length(record: &[u8]) -> u64 {
    u64::try_from(record.len()).unwrap_or(u64::MAX)
}
