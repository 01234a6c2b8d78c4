//! The Grafana dashboard asks for metrics and labels that there are.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Where metrics are counted.
const ROOMS: [&str; 3] = ["activities/src", "ingress/src", "worker/src"];

#[test]
fn every_metric_of_the_dashboard_is_counted_somewhere() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dashboard = fs::read(root.join("deploy/grafana/bellhop.json"))?;
    let dashboard: Value = serde_json::from_slice(&dashboard)?;
    let mut source = String::new();
    for room in ROOMS {
        read(&root.join(room), &mut source)?;
    }
    let panels = dashboard["panels"].as_array().context("panels")?;
    let asked: BTreeSet<String> = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten()
        .filter_map(|target| target["expr"].as_str())
        .flat_map(metrics)
        .collect();
    ensure!(
        asked.len() > 15,
        "the dashboard asks for next to nothing: {asked:?}"
    );
    for metric in asked {
        ensure!(
            source.contains(&format!("\"{metric}\"")),
            "nobody counts {metric}"
        );
    }
    Ok(())
}

/// The names in an expression, without what a histogram adds to its own.
fn metrics(expression: &str) -> Vec<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("bellhop_"));
    ours.map(|word| word.trim_end_matches("_bucket").to_owned())
        .collect()
}

fn read(path: &PathBuf, into: &mut String) -> Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, into)?;
        } else {
            into.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}
