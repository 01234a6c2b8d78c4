//! Events that were set aside, because the database does not take them or they cannot be decrypted.
//! They stay until an operator has looked.

use domain::ids::TenantId;
use jiff::Timestamp;
use redb::ReadableDatabase;
use serde::{Deserialize, Serialize};

use super::{Position, Spool, SpoolError, SpooledEvent, record, table::ASIDE};

/// Longest reason that is kept, in characters.
const MAX_REASON: usize = 300;

/// What is known of an event that was set aside, without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    pub position: Position,
    /// Whose it is and when it came; `None` when not even that can be read.
    pub event: Option<(TenantId, Timestamp)>,
    pub set_aside_at: Timestamp,
    pub reason: String,
}

/// What is written in front of the event: `length (4) | note in JSON | record`.
#[derive(Serialize, Deserialize)]
struct Note {
    set_aside_at: Timestamp,
    reason: String,
}

impl Spool {
    /// Takes an event out of the order, so that it holds up no other, and keeps it with the reason, which
    /// must not name a person. Takes no heed of the limits.
    pub fn set_aside(
        &self,
        position: Position,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let note = Note {
            set_aside_at: now,
            reason: reason.chars().take(MAX_REASON).collect(),
        };
        let note = serde_json::to_vec(&note).map_err(|_| SpoolError::NotSealed)?;
        let length = u32::try_from(note.len()).map_err(|_| SpoolError::NotSealed)?;
        self.change(|change| {
            let record = change.take(position)?;
            let record = record.ok_or(SpoolError::NotFound { position })?;
            change.put_aside(
                position,
                &[length.to_be_bytes().as_slice(), &note, &record].concat(),
            )
        })
    }

    /// What was set aside from `from` on, at most `limit` of it, in order of arrival.
    pub fn aside(&self, from: Position, limit: usize) -> Result<Vec<Aside>, SpoolError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(ASIDE)?;
            let rows = table.range(from.0..)?.take(limit);
            rows.map(|row| {
                let (place, noted) = row?;
                let position = Position(place.value());
                let (note, record) = parts(position, noted.value())?;
                Ok(Aside {
                    position,
                    event: record::head(record),
                    set_aside_at: note.set_aside_at,
                    reason: note.reason,
                })
            })
            .collect()
        })
    }

    /// The event itself, as an operator may export it.
    pub fn read_aside(&self, position: Position) -> Result<SpooledEvent, SpoolError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(ASIDE)?;
            let noted = table.get(position.0)?;
            let noted = noted.ok_or(SpoolError::NotFound { position })?;
            let (_, record) = parts(position, noted.value())?;
            record::open(position, record, &self.keys)
        })
    }

    /// Puts an event back in its old place, to be drained again.
    pub fn put_back(&self, position: Position) -> Result<(), SpoolError> {
        self.change(|change| {
            let noted = change.take_aside(position)?;
            let noted = noted.ok_or(SpoolError::NotFound { position })?;
            let (_, record) = parts(position, &noted)?;
            change.put(position, record)
        })
    }

    /// Puts everything back that can be.
    pub fn put_all_back(&self) -> Result<(), SpoolError> {
        let mut from = Position::FIRST;
        while let Some(position) = self.first_aside(from)? {
            match self.put_back(position) {
                Ok(()) | Err(SpoolError::Unreadable { .. }) => {}
                Err(error) => return Err(error),
            }
            from = Position(position.0 + 1);
        }
        Ok(())
    }

    fn first_aside(&self, from: Position) -> Result<Option<Position>, SpoolError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(ASIDE)?;
            let first = table.range(from.0..)?.next().transpose()?;
            Ok(first.map(|(place, _)| Position(place.value())))
        })
    }

    /// Removes an event that was set aside for good.
    pub fn discard_aside(&self, position: Position) -> Result<(), SpoolError> {
        self.change(|change| {
            let noted = change.take_aside(position)?;
            noted.map(drop).ok_or(SpoolError::NotFound { position })
        })
    }
}

fn parts(position: Position, noted: &[u8]) -> Result<(Note, &[u8]), SpoolError> {
    split(noted).ok_or(SpoolError::Unreadable { position })
}

fn split(noted: &[u8]) -> Option<(Note, &[u8])> {
    let (length, rest) = noted.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (note, record) = rest.split_at_checked(length)?;
    Some((serde_json::from_slice(note).ok()?, record))
}
