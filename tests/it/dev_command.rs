//! `bellhop dev` with what an old shell has left in its environment.

use std::process::Command;

use anyhow::{Result, ensure};
use embedded::free_port;

#[test]
fn dev_names_the_variable_that_leads_it_to_a_database_that_is_gone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gone = free_port()?;
    let ended = Command::new(env!("CARGO_BIN_EXE_bellhop"))
        .args(["dev", "--data"])
        .arg(folder.path().join("data"))
        .env(
            "BELLHOP_DATABASE_URL",
            format!("postgres://postgres@127.0.0.1:{gone}/bellhop"),
        )
        .env("TEMPORAL_ADDRESS", format!("127.0.0.1:{gone}"))
        .env_remove("BELLHOP_SECRET_KEYS")
        .output()?;
    let (out, err) = (
        String::from_utf8(ended.stdout)?,
        String::from_utf8(ended.stderr)?,
    );
    ensure!(!ended.status.success(), "{out}");
    ensure!(!out.contains("starting"), "{out}");
    for part in ["BELLHOP_DATABASE_URL", "unset", "new shell"] {
        ensure!(err.contains(part), "{part} is missing: {err}");
    }
    Ok(())
}
