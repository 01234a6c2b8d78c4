//! The real servers, started, killed and started again.

use std::path::PathBuf;

use anyhow::{Context, Result};
use embedded::{Postgres, PostgresOptions, Tools};

mod lifetime;
mod postgres;
mod temporal;

async fn a_postgres() -> Result<Postgres> {
    Ok(Postgres::start(&tools()?, PostgresOptions::temporary()).await?)
}

fn tools() -> Result<Tools> {
    Ok(Tools::locate()?)
}

fn tools_folder() -> Result<PathBuf> {
    Ok(tools()?.temporal().parent().context("a folder")?.to_owned())
}

/// A folder of the test's own, open to the user PostgreSQL runs as.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("bellhop-test-{:016x}", rand::random::<u64>()));
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
