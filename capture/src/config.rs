//! The configuration: a file that only its owner reads, and environment variables that override it.
//!
//! Agents may start hooks with a clean environment, so the file is the usual way. Nothing in it stops a
//! capture: what cannot be used is named in `problems`, and the default holds.

use std::{
    env, fs,
    io::Read,
    ops::RangeInclusive,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use regex::Regex;
use secrecy::SecretString;
use toml::{Table, Value};

use crate::queue::Limits;

const PREFIX: &str = "BELLHOP_CAPTURE_";
/// A larger file is not a configuration.
const MAX_FILE: u64 = 1 << 20;
const KEYS: [&str; 13] = [
    "url",
    "token",
    "client_id",
    "home",
    "fallback",
    "ca_file",
    "direct",
    "sync_first",
    "budget_ms",
    "max_input_bytes",
    "max_queue_files",
    "max_queue_bytes",
    "redact",
];

#[derive(Debug)]
pub(crate) struct Config {
    /// Where it was looked for.
    pub(crate) file: Option<PathBuf>,
    /// Where events are posted; without one they wait.
    pub(crate) url: Option<String>,
    pub(crate) token: Option<SecretString>,
    pub(crate) client_id: Option<String>,
    /// The queue and the log.
    pub(crate) home: PathBuf,
    /// The same when the home cannot be written.
    pub(crate) fallback: PathBuf,
    /// Certificates (PEM) to trust in place of the public ones.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether the hook posts; else it leaves that to the sender.
    pub(crate) direct: bool,
    /// Whether an event outlives a power cut before it is posted, or only once posting it has failed.
    pub(crate) sync_first: bool,
    /// Longest time that posting takes in the hook.
    pub(crate) budget: Duration,
    /// Longest event that is read, in bytes.
    pub(crate) max_input: usize,
    pub(crate) limits: Limits,
    /// More patterns of secrets.
    pub(crate) redact: Vec<Regex>,
    /// What could not be used, in plain words and without values.
    pub(crate) problems: Vec<String>,
}

impl Config {
    pub(crate) fn load() -> Self {
        Self::read(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// `variable` looks up the environment.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let user = variable("HOME").map(PathBuf::from).or_else(env::home_dir);
        let user = user.filter(|folder| folder.is_absolute());
        let below = |name: &str, otherwise: &str| {
            let folder = variable(name).map(PathBuf::from);
            folder
                .filter(|folder| folder.is_absolute())
                .or_else(|| Some(user.as_ref()?.join(otherwise)))
        };
        let file = variable("BELLHOP_CAPTURE_CONFIG")
            .map(PathBuf::from)
            .or_else(|| Some(below("XDG_CONFIG_HOME", ".config")?.join("bellhop/capture.toml")));
        let mut source = Source {
            user: user.clone(),
            table: Table::new(),
            variable: &variable,
            problems: Vec::new(),
        };
        source.read_file(file.as_deref());
        let fallback = source.path("fallback").unwrap_or_else(|| {
            let user = rustix::process::geteuid().as_raw();
            env::temp_dir().join(format!("bellhop-capture-{user}"))
        });
        let home = source
            .path("home")
            .or_else(|| Some(below("XDG_STATE_HOME", ".local/state")?.join("bellhop/capture")));
        Self {
            file,
            url: source.url(),
            token: source.text("token").map(SecretString::from),
            client_id: source.text("client_id"),
            home: home.unwrap_or_else(|| fallback.clone()),
            fallback,
            ca_file: source.path("ca_file"),
            direct: source.switch("direct", true),
            sync_first: source.switch("sync_first", true),
            budget: Duration::from_millis(source.number("budget_ms", 300, 10..=2_000)),
            max_input: size(source.number("max_input_bytes", 4 << 20, 1 << 10..=64 << 20)),
            limits: Limits {
                files: size(source.number("max_queue_files", 10_000, 1..=1_000_000)),
                bytes: source.number("max_queue_bytes", 256 << 20, 1 << 20..=1 << 40),
            },
            redact: source.patterns(),
            problems: source.problems,
        }
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Whether text can be an address to post to.
pub(crate) fn is_url(text: &str) -> bool {
    text.parse::<ureq::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// The file's values, and the environment over them.
struct Source<'a, V> {
    user: Option<PathBuf>,
    table: Table,
    variable: &'a V,
    problems: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> Source<'_, V> {
    fn read_file(&mut self, path: Option<&Path>) {
        let Some(path) = path else {
            return self.problem("no home folder is known, so no configuration file");
        };
        let mut text = String::new();
        let read = fs::File::open(path).and_then(|file| {
            let mode = file.metadata()?.permissions().mode();
            file.take(MAX_FILE).read_to_string(&mut text)?;
            Ok(mode)
        });
        let mode = match read {
            Ok(mode) => mode,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(_) => return self.problem("the configuration file cannot be read"),
        };
        match text.parse() {
            Ok(table) => self.table = table,
            // The parser's own message shows the line, which may hold the token.
            Err(_) => return self.problem("the configuration file is not valid TOML"),
        }
        if mode & 0o077 != 0 && self.table.contains_key("token") {
            self.problem(
                "the configuration file holds a token and can be read by others: chmod 600",
            );
        }
        let keys: Vec<String> = self.table.keys().cloned().collect();
        for key in keys.iter().filter(|key| !KEYS.contains(&key.as_str())) {
            self.problem(&format!("unknown key {key:?}"));
        }
    }

    fn problem(&mut self, text: &str) {
        self.problems.push(text.to_owned());
    }

    fn value(&self, key: &str) -> Option<Value> {
        let name = format!("{PREFIX}{}", key.to_ascii_uppercase());
        let variable = (self.variable)(&name).map(Value::String);
        variable.or_else(|| self.table.get(key).cloned())
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            _ => {
                self.problem(&format!("{key} must be text"));
                None
            }
        }
    }

    fn url(&mut self) -> Option<String> {
        let url = self.text("url")?;
        if is_url(&url) {
            return Some(url);
        }
        self.problem("url must start with http:// or https:// and name a host");
        None
    }

    /// `~/` stands for the user's home.
    fn path(&mut self, key: &str) -> Option<PathBuf> {
        let text = self.text(key)?;
        let path = match (text.strip_prefix("~/"), &self.user) {
            (Some(rest), Some(user)) => user.join(rest),
            _ => PathBuf::from(text),
        };
        if path.is_absolute() {
            return Some(path);
        }
        self.problem(&format!("{key} must be an absolute path"));
        None
    }

    fn switch(&mut self, key: &str, standard: bool) -> bool {
        match self.value(key) {
            None => standard,
            Some(Value::Boolean(value)) => value,
            Some(Value::String(text)) if text == "true" => true,
            Some(Value::String(text)) if text == "false" => false,
            Some(_) => {
                self.problem(&format!("{key} must be true or false"));
                standard
            }
        }
    }

    fn number(&mut self, key: &str, standard: u64, range: RangeInclusive<u64>) -> u64 {
        let number = match self.value(key) {
            None => return standard,
            Some(Value::Integer(number)) => u64::try_from(number).ok(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number
            .filter(|number| range.contains(number))
            .unwrap_or_else(|| {
                let (from, to) = range.into_inner();
                self.problem(&format!("{key} must be a number from {from} to {to}"));
                standard
            })
    }

    /// Only from the file.
    fn patterns(&mut self) -> Vec<Regex> {
        let texts = match self.table.get("redact") {
            None => return Vec::new(),
            Some(Value::Array(texts)) => texts.clone(),
            Some(_) => {
                self.problem("redact must be a list of patterns");
                return Vec::new();
            }
        };
        let patterns: Vec<Regex> = texts
            .iter()
            .filter_map(|text| Regex::new(text.as_str()?).ok())
            .collect();
        if patterns.len() < texts.len() {
            self.problem("redact holds a pattern that cannot be read");
        }
        patterns
    }
}

#[cfg(test)]
mod tests;
