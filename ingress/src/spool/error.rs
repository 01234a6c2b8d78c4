//! What can go wrong with the spool.

use std::{io, path::PathBuf};

use super::Position;

/// Why the spool did not do what was asked. Holds nothing of an event.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("another process holds the spool in {}", folder.display())]
    Busy { folder: PathBuf },
    /// Opening it changed nothing.
    #[error(
        "the spool's file is damaged ({why}) and was left as it is: keep it for a rescue, and move it away \
         to begin with an empty one"
    )]
    Damaged { why: String },
    #[error("the spool's file is of format {format}, which this version does not know")]
    UnknownFormat { format: u64 },
    /// Nothing was added.
    #[error("the spool is full, with {events} events of {bytes} bytes in all")]
    Full { events: u64, bytes: u64 },
    /// It was changed, or the key it was encrypted with is not among the configured ones.
    #[error("event {position} of the spool cannot be decrypted with the configured keys")]
    Unreadable { position: Position },
    #[error("the spool has no event {position} there")]
    NotFound { position: Position },
    #[error("an event could not be encrypted")]
    NotSealed,
    #[error("the spool's file cannot be read or written")]
    Storage(#[source] Box<redb::Error>),
    #[error("the spool's folder cannot be used")]
    Folder(#[from] io::Error),
}

impl SpoolError {
    /// Whether the disk or the file failed, so that it must be opened again.
    pub(super) fn is_of_the_disk(&self) -> bool {
        matches!(
            self,
            Self::Storage(_) | Self::Damaged { .. } | Self::Folder(_)
        )
    }

    fn of(error: redb::Error) -> Self {
        match error {
            redb::Error::Corrupted(why) => Self::Damaged { why },
            redb::Error::UpgradeRequired(format) => Self::UnknownFormat {
                format: format.into(),
            },
            redb::Error::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
                ) =>
            {
                Self::Damaged {
                    why: error.to_string(),
                }
            }
            redb::Error::TableDoesNotExist(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. } => Self::Damaged {
                why: "it is not a spool's".into(),
            },
            error => Self::Storage(Box::new(error)),
        }
    }
}

/// The library has an error of its own for each kind of step.
macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for SpoolError {
            fn from(error: redb::$error) -> Self {
                Self::of(error.into())
            }
        }
    )*};
}

from_redb!(
    CommitError,
    CompactionError,
    DatabaseError,
    StorageError,
    TableError,
    TransactionError
);
