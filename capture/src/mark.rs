//! "Until then": a time that all processes see, kept as a file's modification time.

use std::{
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// A mark further ahead was set by a clock that has since been put back.
const FURTHEST: Duration = Duration::from_secs(3600 + 60);

pub(crate) struct Mark(PathBuf);

impl Mark {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The time it is set to, while that lies ahead.
    pub(crate) fn until(&self) -> Option<SystemTime> {
        let until = fs::metadata(&self.0).ok()?.modified().ok()?;
        let ahead = until.duration_since(SystemTime::now()).ok()?;
        (ahead <= FURTHEST).then_some(until)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.until().is_some()
    }

    /// A mark that cannot be written costs tries, nothing else.
    pub(crate) fn set_for(&self, time: Duration) {
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.0);
        if let (Ok(file), Some(until)) = (file, SystemTime::now().checked_add(time)) {
            let _ = file.set_modified(until);
        }
    }

    pub(crate) fn clear(&self) {
        let _ = fs::remove_file(&self.0);
    }

    /// Whether it was ever set and not cleared.
    pub(crate) fn exists(&self) -> bool {
        self.0.exists()
    }
}
