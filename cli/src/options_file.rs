//! The options of a webhook source, out of a file.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

/// Reads JSON or TOML.
pub(crate) fn read(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let value = match text.starts_with('{') {
        true => serde_json::from_str(text).ok(),
        false => toml::from_str(text).ok(),
    };
    // The parsers' own messages quote the file, and it may hold a secret by mistake.
    value.with_context(|| format!("{} holds neither JSON nor TOML", path.display()))
}
