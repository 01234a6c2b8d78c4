//! The queue: a folder with one file per event. No daemon, no database, nothing that a killed process could
//! leave broken.
//!
//! An event is written to `tmp/` and renamed into `pending/`, so what is there is whole. Whoever sends one
//! holds a lock on its file; the lock goes when its process does. What is given up goes to `failed/` and is
//! never deleted.

mod claim;
mod room;
mod tidy;

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::{
    config::Config,
    counter,
    entry::{Entry, Failed},
    log::Log,
    mark::Mark,
};

pub(crate) use claim::Claim;
pub(crate) use room::Limits;

pub(crate) struct Queue {
    folder: PathBuf,
    /// The folder's parent may be writable by others.
    is_fallback: bool,
    pub(crate) log: Log,
}

impl Queue {
    /// The usual queue, and the one for when that cannot be written.
    pub(crate) fn both(config: &Config) -> [Self; 2] {
        [(&config.home, false), (&config.fallback, true)].map(|(folder, is_fallback)| Self {
            folder: folder.clone(),
            is_fallback,
            log: Log::new(config),
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Nothing is sent before then: the server said so, or does not answer.
    pub(crate) fn hold(&self) -> Mark {
        Mark::new(self.path("hold"))
    }

    /// Until then the server counts as too slow for a hook to wait for it.
    pub(crate) fn slow(&self) -> Mark {
        Mark::new(self.path("slow"))
    }

    /// Exists while events are in `failed/` that the next success brings back.
    pub(crate) fn revival(&self) -> Mark {
        Mark::new(self.path("revival"))
    }

    /// Exists for a while after the log was told about a configuration that needs care.
    pub(crate) fn told(&self) -> Mark {
        Mark::new(self.path("told"))
    }

    /// How many events were deleted to make room.
    pub(crate) fn dropped(&self) -> u64 {
        counter::value(&self.path("dropped"))
    }

    /// The number of the next event.
    pub(crate) fn next_number(&self) -> Option<u64> {
        counter::raise(&self.path("seq")).ok()
    }

    /// How many events were captured.
    pub(crate) fn numbers(&self) -> u64 {
        counter::value(&self.path("seq"))
    }

    /// Makes the folders. Those that exist are kept as they are; a fallback that somebody else could have
    /// made is refused.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700).recursive(!self.is_fallback);
        if let Err(error) = builder.create(&self.folder)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        if !self.is_trusted() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        builder.recursive(true);
        ["tmp", "pending", "failed"]
            .iter()
            .try_for_each(|name| builder.create(self.path(name)))
    }

    /// Whether it is made, and can be trusted.
    pub(crate) fn exists(&self) -> bool {
        // The last one that is made.
        self.path("failed").is_dir() && self.is_trusted()
    }

    fn is_trusted(&self) -> bool {
        !self.is_fallback || is_ours_alone(&self.folder)
    }

    /// Keeps an event; when this returns, it outlives the process, and after [`Claim::sync`] the machine.
    /// The claim is the caller's: nobody else sends the event while it is held.
    pub(crate) fn add(&self, entry: Entry, body: &[u8]) -> io::Result<Claim> {
        if !self.exists() {
            self.prepare()?;
        }
        let name = entry.file_name();
        let temporary = self.path("tmp").join(&name);
        let mut file = create(&temporary)?;
        // Where locks do not work, two senders may post one event: the server takes it once.
        let _ = file.try_lock();
        let kept = file
            .write_all(body)
            .and_then(|()| fs::rename(&temporary, self.path("pending").join(&name)));
        if let Err(error) = kept {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        Ok(Claim::new(self, entry, file))
    }

    /// All waiting events in the order of their capture.
    pub(crate) fn waiting(&self) -> Vec<Entry> {
        let mut waiting: Vec<Entry> = self.listed("pending", Entry::parse);
        waiting.sort_by_key(|entry| entry.id);
        waiting
    }

    /// All events that were given up, in the order of their capture.
    pub(crate) fn failed(&self) -> Vec<Failed> {
        let mut failed: Vec<Failed> = self.listed("failed", Failed::parse);
        failed.sort_by_key(|failed| failed.id);
        failed
    }

    fn listed<T>(&self, folder: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        if !self.exists() {
            return Vec::new();
        }
        names(&self.path(folder))
            .filter_map(|name| parse(&name))
            .collect()
    }

    /// An event to send, if it is still there and nobody else is at it.
    pub(crate) fn claim(&self, entry: &Entry) -> Option<Claim> {
        let path = self.path("pending").join(entry.file_name());
        let file = File::open(&path).ok()?;
        file.try_lock().ok()?;
        // Before the lock was free its holder may have sent or renamed it.
        let is_there = fs::metadata(&path).is_ok_and(|found| {
            file.metadata()
                .is_ok_and(|held| held.ino() == found.ino() && found.is_file())
        });
        is_there.then(|| Claim::new(self, entry.clone(), file))
    }

    /// The right to go through the queue, for one process at a time; given back by dropping it.
    pub(crate) fn turn(&self) -> Option<File> {
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.path("lock"))
            .ok()?;
        file.try_lock().ok()?;
        Some(file)
    }

    /// Puts an event back that was given up.
    pub(crate) fn restore(&self, failed: &Failed, now: Timestamp) -> io::Result<()> {
        fs::rename(
            self.path("failed").join(failed.file_name()),
            self.path("pending").join(failed.entry(now).file_name()),
        )
    }
}

/// Whether a folder was made by this user for nobody else: others can make one of the same name where
/// everybody may write.
pub(crate) fn is_ours_alone(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|folder| {
        folder.is_dir()
            && folder.uid() == rustix::process::geteuid().as_raw()
            && folder.permissions().mode() & 0o077 == 0
    })
}

/// The names in a folder; none when it cannot be read.
fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

fn create(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
pub(crate) mod tests;
