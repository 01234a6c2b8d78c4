use std::env;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::error::while_doing;
use crate::{Error, files};

/// The folder with the pinned server programs.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Finds the tools: `BELLHOP_TOOLS`, else `.tools` in the current folder or one above it.
    pub fn locate() -> Result<Self, Error> {
        if let Some(folder) = env::var_os("BELLHOP_TOOLS").filter(|folder| !folder.is_empty()) {
            return Self::at(Path::new(&folder));
        }
        let here =
            env::current_dir().map_err(while_doing("find the current folder", Path::new(".")))?;
        let found = here
            .ancestors()
            .map(|folder| folder.join(".tools"))
            .find(|tools| is_complete(tools));
        found
            .map(|folder| Self { folder })
            .ok_or(Error::ToolsMissing { searched: here })
    }

    /// Takes the tools from a folder known beforehand.
    pub fn at(folder: &Path) -> Result<Self, Error> {
        let missing = || Error::ToolsMissing {
            searched: folder.to_owned(),
        };
        is_complete(folder)
            .then(|| Self {
                folder: folder.to_owned(),
            })
            .ok_or_else(missing)
    }

    /// The `temporal` command line program, which is also the server.
    pub fn temporal(&self) -> PathBuf {
        self.folder.join("temporal")
    }

    /// A program of PostgreSQL, such as `psql` or `pgbench`.
    pub fn postgres(&self, program: &str) -> PathBuf {
        self.folder.join("postgres/bin").join(program)
    }

    /// The folder with PostgreSQL's programs, in a place where `account` may run them.
    ///
    /// A checkout below `/root` is closed to the account that PostgreSQL runs as: then they are copied, once.
    pub(crate) async fn postgres_programs_for(
        &self,
        account: Option<Account>,
    ) -> Result<PathBuf, Error> {
        // Its real path, because the programs look for their libraries and data files relative to it.
        let programs = self.folder.join("postgres/bin");
        let programs = programs
            .canonicalize()
            .map_err(while_doing("find", &programs))?;
        match account {
            Some(account) if !account.may_run(&programs.join("postgres")).await? => {
                let link = self.folder.join("postgres");
                let home = link.canonicalize().map_err(while_doing("find", &link))?;
                copy_for_everybody(&home)?
                    .join("bin")
                    .canonicalize()
                    .map_err(while_doing("find", &link))
            }
            _ => Ok(programs),
        }
    }
}

fn is_complete(folder: &Path) -> bool {
    folder.join("temporal").exists() && folder.join("postgres/bin/postgres").exists()
}

fn copy_for_everybody(home: &Path) -> Result<PathBuf, Error> {
    let place = files::public_folder_for(home)?;
    let copy = place.join("programs");
    let _lock = files::lock(&place.join("programs.lock"))?;
    if !copy.exists() {
        tracing::info!(from = %home.display(), to = %copy.display(),
            "PostgreSQL runs as an unprivileged user who cannot read the tools: copying them");
        let unfinished = place.join("programs.new");
        files::remove_folder(&unfinished)?;
        files::copy_folder(home, &unfinished)?;
        std::fs::rename(&unfinished, &copy).map_err(while_doing("rename", &unfinished))?;
    }
    Ok(copy)
}

/// A short name for a path, the same in every run.
pub(crate) fn key_of(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    hex::encode(digest).chars().take(12).collect()
}
