//! What processes leave behind that were killed while they wrote.

use std::{
    fs::{self, File},
    io::{self, Read},
    time::Duration,
};

use super::{Queue, names};
use crate::{entry::Entry, event};

/// Younger ones may be about to be locked by their writer.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

impl Queue {
    /// Whole events go to `pending/`, halves to `failed/`. Files of others are left alone.
    pub(crate) fn tidy(&self) {
        for name in names(&self.path("tmp")) {
            if let Some(entry) = Entry::parse(&name) {
                // Another process may have tidied it up; if nobody can, there is nothing lost by waiting.
                let _ = self.tidy_one(&name, &entry);
            }
        }
    }

    fn tidy_one(&self, name: &str, entry: &Entry) -> io::Result<()> {
        let path = self.path("tmp").join(name);
        let mut file = File::open(&path)?;
        let age = file.metadata()?.modified()?.elapsed();
        if age.is_ok_and(|age| age < LEFT_BEHIND) || file.try_lock().is_err() {
            return Ok(());
        }
        let mut body = Vec::new();
        file.read_to_end(&mut body)?;
        if event::is_whole(&body) {
            fs::rename(path, self.path("pending").join(name))?;
            self.log
                .line("recovered", Some(entry.id), "its writer was killed");
        } else {
            let failed = entry.failed("half-written").file_name();
            fs::rename(path, self.path("failed").join(failed))?;
            self.log.line("failed", Some(entry.id), "half-written");
        }
        Ok(())
    }
}
