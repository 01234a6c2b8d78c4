//! A waiting event in one process's hands.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
};

use jiff::Timestamp;

use super::Queue;
use crate::entry::Entry;

/// Dropping it lets go of the event, which stays as it is.
pub(crate) struct Claim {
    pub(crate) entry: Entry,
    /// Holds the lock.
    file: File,
    pending: PathBuf,
    failed: PathBuf,
}

impl Claim {
    pub(super) fn new(queue: &Queue, entry: Entry, file: File) -> Self {
        Self {
            entry,
            file,
            pending: queue.path("pending"),
            failed: queue.path("failed"),
        }
    }

    /// What is to be posted.
    pub(crate) fn body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.file.read_to_end(&mut body)?;
        Ok(body)
    }

    /// Makes what is written outlive a power cut. After the rename, so that one commit of the file system's
    /// journal holds both; a file that a power cut leaves broken is found and set aside.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()?;
        File::open(&self.pending)?.sync_all()
    }

    /// The server has it, or it made room.
    pub(crate) fn delete(self) -> io::Result<()> {
        fs::remove_file(self.path())
    }

    pub(crate) fn later(self, tries: u32, due: Timestamp) -> io::Result<()> {
        let entry = Entry {
            tries,
            due,
            ..self.entry.clone()
        };
        fs::rename(self.path(), self.pending.join(entry.file_name()))
    }

    pub(crate) fn fail(self, reason: &str) -> io::Result<()> {
        let failed = self.entry.failed(reason).file_name();
        fs::rename(self.path(), self.failed.join(failed))
    }

    fn path(&self) -> PathBuf {
        self.pending.join(self.entry.file_name())
    }
}
