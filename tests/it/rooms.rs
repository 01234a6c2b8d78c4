//! The rooms of the workspace use each other in one direction only.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};

/// Which rooms each room may use. `bench` and the command line see all.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("embedded", &[]),
    ("trace", &[]),
    ("simulator", &[]),
    ("providers", &["domain"]),
    ("store", &["domain"]),
    ("workflows", &["domain"]),
    (
        "activities",
        &["domain", "providers", "store", "trace", "workflows"],
    ),
    ("worker", &["activities", "domain", "store", "workflows"]),
    (
        "ingress",
        &["domain", "providers", "store", "trace", "workflows"],
    ),
];

#[test]
fn no_room_uses_one_it_should_not_know() -> Result<()> {
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in ARROWS {
        for used in dependencies(room)? {
            let known = !rooms.contains(used.as_str()) || allowed.contains(&used.as_str());
            ensure!(known, "{room} uses {used}");
        }
    }
    Ok(())
}

#[test]
fn workflow_code_cannot_even_name_a_runtime_a_network_or_a_database() -> Result<()> {
    let used = dependencies("workflows")?;
    for forbidden in [
        "tokio",
        "reqwest",
        "sqlx",
        "temporalio-sdk",
        "temporalio-client",
    ] {
        ensure!(!used.contains(forbidden), "workflows uses {forbidden}");
    }
    Ok(())
}

#[test]
fn every_room_takes_its_lints_from_the_workspace() -> Result<()> {
    for (room, _) in ARROWS {
        let lints = manifest(room)?
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .cloned();
        ensure!(
            lints == Some(toml::Value::Boolean(true)),
            "{room} has lints of its own"
        );
    }
    Ok(())
}

fn dependencies(room: &str) -> Result<BTreeSet<String>> {
    let manifest = manifest(room)?;
    let table = manifest
        .get("dependencies")
        .and_then(|table| table.as_table())
        .context("dependencies")?;
    Ok(table.keys().cloned().collect())
}

fn manifest(room: &str) -> Result<toml::Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(room)
        .join("Cargo.toml");
    Ok(fs::read_to_string(&path)
        .with_context(|| path.display().to_string())?
        .parse()?)
}
