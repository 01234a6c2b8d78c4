use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::Error;
use crate::error::while_doing;

/// The user PostgreSQL runs as when this process is root, because it refuses to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// Nobody but ourselves when we are not root. Else the owner of the existing data, else who called `sudo`,
    /// else `nobody`.
    pub(crate) fn for_data_in(data: &Path) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let owner = fs::metadata(data).ok().map(|data| Self {
            uid: data.uid(),
            gid: data.gid(),
        });
        let account = owner
            .and_then(Self::unprivileged)
            .or_else(|| Self::behind_sudo()?.unprivileged());
        Some(account.unwrap_or_else(Self::nobody))
    }

    fn unprivileged(self) -> Option<Self> {
        (self.uid != 0).then_some(self)
    }

    fn behind_sudo() -> Option<Self> {
        let id = |name| std::env::var(name).ok()?.parse().ok();
        Some(Self {
            uid: id("SUDO_UID")?,
            gid: id("SUDO_GID")?,
        })
    }

    /// Read from the file itself: asking the system's user database needs unsafe code.
    fn nobody() -> Self {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found =
            users.lines().find_map(
                |line| match line.split(':').collect::<Vec<_>>().as_slice() {
                    ["nobody", _, uid, gid, ..] => Some(Self {
                        uid: id(uid)?,
                        gid: id(gid)?,
                    }),
                    _ => None,
                },
            );
        found.unwrap_or(Self {
            uid: 65_534,
            gid: 65_534,
        })
    }

    /// Whether this account may run the program, asked by trying, as modes are not the whole story.
    pub(crate) async fn may_run(self, program: &Path) -> Result<bool, Error> {
        self.test("-x", program).await
    }

    /// Whether this account may pass through the folder and the ones above it.
    pub(crate) async fn may_enter(self, folder: &Path) -> Result<bool, Error> {
        self.test("-x", folder).await
    }

    async fn test(self, what: &str, path: &Path) -> Result<bool, Error> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", r#"[ "$1" "$2" ]"#, "sh", what])
            .arg(path)
            .current_dir("/");
        command
            .uid(self.uid)
            .gid(self.gid)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let status = command
            .status()
            .await
            .map_err(while_doing("test access to", path))?;
        Ok(status.success())
    }

    pub(crate) fn give(self, path: &Path) -> Result<(), Error> {
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
            .map_err(while_doing("hand over", path))
    }
}

/// macOS writes `nobody` as -2.
fn id(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_user_ids_are_understood() {
        assert_eq!(id("-2"), Some(4_294_967_294));
        assert_eq!(id("65534"), Some(65_534));
        assert_eq!(id("x"), None);
    }

    #[test]
    fn root_never_stays_root() {
        let account = Account::for_data_in(Path::new("/"));
        assert!(account.is_none_or(|account| account.uid != 0));
    }
}
