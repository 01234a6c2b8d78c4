//! How to look at the demo from another terminal, while it plays and when it goes on.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};

use super::clinic::{SLUG, WRITES};
use crate::{private_file, stack::Servers};

fn variables_in(folder: &Path) -> PathBuf {
    folder.join("env")
}

/// Writes a file with the variables that the other commands need.
pub(super) fn write_variables(servers: &Servers, keys: &SecretString, folder: &Path) -> Result<()> {
    let path = variables_in(folder);
    let mut text = format!(
        "export BELLHOP_DATABASE_URL='{}'\nexport TEMPORAL_ADDRESS='{}'\nexport BELLHOP_SECRET_KEYS='{}'\n",
        servers.database_url.expose_secret(),
        servers.temporal.address,
        keys.expose_secret()
    );
    let program = std::env::current_exe().context("cannot find this program")?;
    if let Some(programs) = program.parent() {
        text.push_str(&format!("export PATH='{}':\"$PATH\"\n", programs.display()));
    }
    let mut file =
        private_file(&path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}

/// Says what to type.
pub(super) fn tell_how_to_look(folder: &Path) -> Result<()> {
    crate::say!("\nThe clinic goes on. In another terminal, from this folder:")?;
    crate::say!("  source {}", variables_in(folder).display())?;
    for command in [
        "approvals list".to_owned(),
        "followups list".to_owned(),
        format!("conversation {}", WRITES.e164),
        "crm status".to_owned(),
        "notes list".to_owned(),
        "why IN-0002".to_owned(),
    ] {
        crate::say!("  bellhop {command} --tenant {SLUG}")?;
    }
    Ok(crate::say!(
        "\nCtrl-C ends the demo, and everything of it is forgotten"
    )?)
}
