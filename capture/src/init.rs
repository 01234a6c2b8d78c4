//! `bellhop capture init`: writes the configuration, and shows the settings that the coding agent needs.

use std::{
    env,
    fs::{self, DirBuilder, File},
    io::{self, IsTerminal, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::{Map, Value, json};
use toml::Table;

use crate::{InitOptions, config};

const MAX_TOKEN: u64 = 8 << 10;
/// The events that every release of the coding agent knows. Others can be added: any is captured.
const EVENTS: [&str; 10] = [
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "Notification",
    "Stop",
    "SubagentStop",
    "PreCompact",
    "SessionEnd",
];

pub(crate) fn main(options: &InitOptions) -> ExitCode {
    match init(options) {
        Ok(text) => {
            let _ = io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What to tell the person.
fn init(options: &InitOptions) -> Result<String, String> {
    if !config::is_url(&options.url) {
        return Err("--url must start with http:// or https:// and name a host".to_owned());
    }
    let file = config::Config::load()
        .file
        .ok_or("no home folder is known: set BELLHOP_CAPTURE_CONFIG")?;
    if file.exists() && !options.force {
        return Err(format!("{} exists: --force replaces it", file.display()));
    }
    let token = token()?;
    let mut table = Table::new();
    table.insert("url".to_owned(), options.url.clone().into());
    table.insert("token".to_owned(), token.into());
    write(&file, &table.to_string())
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let snippet = serde_json::to_string_pretty(&settings(&program())).unwrap_or_default();
    Ok(format!(
        "wrote {}\n\nAdd this to the settings of the coding agent:\n\n{snippet}\n",
        file.display()
    ))
}

fn token() -> Result<String, String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        eprint!("token: ");
    }
    let mut token = String::new();
    let read = if stdin.is_terminal() {
        stdin.read_line(&mut token)
    } else {
        stdin.lock().take(MAX_TOKEN).read_to_string(&mut token)
    };
    read.map_err(|error| format!("cannot read the token: {error}"))?;
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("standard input must hold the token: one word of ASCII".to_owned());
    }
    Ok(token.to_owned())
}

/// Whole or not at all, and for nobody else's eyes.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let draft = file.with_extension(format!("toml.{}", std::process::id()));
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut out| {
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs::rename(&draft, file)
        });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn program() -> String {
    env::current_exe()
        .unwrap_or_else(|_| PathBuf::from("bellhop"))
        .display()
        .to_string()
}

fn settings(program: &str) -> Value {
    let quoted = format!("'{}'", program.replace('\'', r"'\''"));
    let hook = |event: &str| {
        // The agent gives all hooks of this event 1.5 seconds together.
        let timeout = if event == "SessionEnd" { 1 } else { 5 };
        let hook =
            json!({"type": "command", "command": format!("{quoted} capture"), "timeout": timeout});
        json!([{"hooks": [hook]}])
    };
    let hooks: Map<String, Value> = EVENTS
        .iter()
        .map(|event| ((*event).to_owned(), hook(event)))
        .collect();
    json!({ "hooks": hooks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_runs_the_program_even_from_a_folder_with_blanks() {
        let settings = settings("/opt/my tools/it's");
        for event in EVENTS {
            let hook = &settings["hooks"][event][0]["hooks"][0];
            assert_eq!(
                hook["command"], r"'/opt/my tools/it'\''s' capture",
                "{event}"
            );
        }
        assert_eq!(settings["hooks"]["SessionEnd"][0]["hooks"][0]["timeout"], 1);
    }
}
