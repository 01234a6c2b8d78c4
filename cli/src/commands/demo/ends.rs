//! The demo goes on: how to look at it from another terminal.

use std::{io::Write, path::Path};

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};

use super::clinic::{SLUG, WRITES};
use crate::{private_file, stack::Servers};

/// Writes a file with the variables that the other commands need, and says what to type.
pub(super) fn tell_how_to_look(
    servers: &Servers,
    keys: &SecretString,
    folder: &Path,
) -> Result<()> {
    let path = folder.join("env");
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
    file.write_all(text.as_bytes())?;
    println!("\nThe clinic goes on. In another terminal, from this folder:");
    println!("  source {}", path.display());
    for command in [
        "approvals list".to_owned(),
        "followups list".to_owned(),
        format!("conversation {}", WRITES.e164),
        "crm status".to_owned(),
        "notes list".to_owned(),
        "why IN-0002".to_owned(),
    ] {
        println!("  bellhop {command} --tenant {SLUG}");
    }
    println!("\nCtrl-C ends the demo, and everything of it is forgotten");
    Ok(())
}
