//! The spool's folder: who holds it, and how its file is made and opened.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use redb::{Builder, Database, backends::FileBackend};

use super::{SpoolError, table};

/// Memory for pages that were read. The events pass through once.
const CACHE_BYTES: usize = 16 << 20;

/// Largest file that is left as it is though it holds nothing.
const KEPT_BYTES: u64 = 4 << 20;

const FILE: &str = "events.redb";

/// A folder that this process holds. The lock ends with the process, however that ends.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes hold of a folder, and makes it, for this user alone.
    pub(super) fn hold(path: &Path) -> Result<Self, SpoolError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let lock = private().create(true).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(SpoolError::Busy {
                folder: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The database of the folder, checked from end to end.
    pub(super) fn database(&self) -> Result<Database, SpoolError> {
        let file = self.path.join(FILE);
        if !fs::exists(&file)? {
            self.make(&file)?;
        }
        fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        let mut database = builder().open(&file)?;
        // Space is used again, and given back only here.
        let is_large = fs::metadata(&file)?.len() > KEPT_BYTES;
        if is_large && table::counts(&database)?.is_empty() {
            database.compact()?;
        }
        Ok(database)
    }

    /// Makes the file under another name first, so that the name never stands for a file that is only half
    /// made: an empty file is then one that has lost its events.
    fn make(&self, file: &Path) -> Result<(), SpoolError> {
        let unfinished = file.with_extension("new");
        if fs::exists(&unfinished)? {
            fs::remove_file(&unfinished)?;
        }
        let backend = FileBackend::new(private().create_new(true).open(&unfinished)?)?;
        let database = builder().create_with_backend(backend)?;
        table::make(&database)?;
        database.close()?;
        fs::rename(&unfinished, file)?;
        // The names must be on the disk as well.
        File::open(&self.path)?.sync_all()?;
        if let Some(parent) = self.path.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// The whole file is read at opening: after a plain opening, damage would be found only when it is met, and
/// the library may panic over it.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}
