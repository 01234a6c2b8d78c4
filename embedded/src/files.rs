//! Folders, locks and copies, with the care that a root process in a shared temporary folder needs.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::error::while_doing;
use crate::tools::key_of;

/// A folder for what belongs to `origin` but must be readable by another user, the same in every run.
pub(crate) fn public_folder_for(origin: &Path) -> Result<PathBuf, Error> {
    let folder = lasting_temporary_folder().join(format!("bellhop-{}", key_of(origin)));
    create_public_folder(&folder)?;
    Ok(folder)
}

/// A new empty folder of its own that others may enter, below `base`.
pub(crate) fn new_temporary_folder(base: &Path, purpose: &str) -> Result<PathBuf, Error> {
    let folder = base.join(format!("bellhop-{purpose}-{:016x}", rand::random::<u64>()));
    create_public_folder(&folder)?;
    Ok(folder)
}

/// Survives a restart of the machine where the system has such a place.
fn lasting_temporary_folder() -> PathBuf {
    let lasting = Path::new("/var/tmp");
    if lasting.is_dir() {
        lasting.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// Creates the folder, or accepts one that only we could have made: anybody may create names in there first.
fn create_public_folder(folder: &Path) -> Result<(), Error> {
    let created = DirBuilder::new().mode(0o755).create(folder);
    match created {
        Ok(()) => {
            // Without the process's umask.
            let open = Permissions::from_mode(0o755);
            fs::set_permissions(folder, open).map_err(while_doing("open", folder))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).map_err(while_doing("look at", folder))?;
            let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
            let by = "another user".to_owned();
            if ours {
                Ok(())
            } else {
                Err(Error::InUse {
                    folder: folder.to_owned(),
                    by,
                })
            }
        }
        Err(error) => Err(while_doing("create", folder)(error)),
    }
}

pub(crate) fn create_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(while_doing("create", folder))
}

/// Waits for the lock; it is held until the file is dropped, or this process dies.
pub(crate) fn lock(path: &Path) -> Result<File, Error> {
    let file = open_lock(path)?;
    file.lock().map_err(while_doing("lock", path))?;
    Ok(file)
}

/// Takes the lock, or says that somebody else holds it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>, Error> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(while_doing("lock", path)(error)),
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(while_doing("open", path))
}

pub(crate) fn remove_folder(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(while_doing("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Copies files, modes and symbolic links.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    copy_entries(from, to).map_err(while_doing("copy", from))
}

fn copy_entries(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_entries(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbolic_link_in_place_of_the_folder_is_refused() {
        let place = new_temporary_folder(&std::env::temp_dir(), "test").unwrap();
        let link = place.join("link");
        std::os::unix::fs::symlink("/", &link).unwrap();

        assert!(matches!(
            create_public_folder(&link),
            Err(Error::InUse { .. })
        ));

        remove_folder(&place).unwrap();
    }

    #[test]
    fn a_lock_is_held_once() {
        let place = new_temporary_folder(&std::env::temp_dir(), "test").unwrap();
        let path = place.join("lock");

        let held = try_lock(&path).unwrap();
        assert!(held.is_some());
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());

        remove_folder(&place).unwrap();
    }
}
