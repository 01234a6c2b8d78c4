//! Reading settings from TOML so that every problem is found at once.
//!
//! Since every key is optional, each can be tried on its own: a document with that one key is readable or
//! says why not. What remains readable is then read and checked as a whole.

use serde_json::{Map, Value, json};

use super::{Settings, SettingsProblem};

pub(super) fn from_toml(text: &str) -> Result<Settings, Vec<SettingsProblem>> {
    let text = text.trim_start_matches('\u{feff}');
    let table: toml::Table = text
        .parse()
        .map_err(|error| vec![syntax_problem(text, &error)])?;
    let (readable, mut problems) = split_readable(table);
    let settings: Settings = serde_json::from_value(Value::Object(readable))
        .map_err(|error| vec![SettingsProblem::new("settings", "", error.to_string())])?;

    // A section with an unreadable key was read with that key's default: what its whole would say is not the file's.
    let unreadable: Vec<String> = problems
        .iter()
        .map(|problem| section(&problem.field))
        .collect();
    // Nor what a script says without the announcements it may name.
    let nameless = unreadable
        .iter()
        .any(|section| section.starts_with("announcements"));
    let named: Vec<String> = problems.iter().map(|each| each.field.clone()).collect();
    let of_a_default = |problem: &SettingsProblem| {
        let is_script = problem.field.starts_with("scripts.");
        unreadable.contains(&problem.field)
            || named.contains(&problem.field)
            || (is_script && nameless)
    };
    let checked = settings.problems().into_iter();
    problems.extend(checked.filter(|problem| !of_a_default(problem)));
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
    }
}

fn section(field: &str) -> String {
    field.split('.').next().unwrap_or_default().to_owned()
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> SettingsProblem {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let written = text.lines().nth(line - 1).unwrap_or_default().trim();
    SettingsProblem::new(
        format!("line {line}, column {column}"),
        written,
        error.message(),
    )
}

/// The keys that can be read, and the problems of the others.
fn split_readable(table: toml::Table) -> (Map<String, Value>, Vec<SettingsProblem>) {
    let mut problems = Vec::new();
    let sections = table
        .into_iter()
        .map(|(section, content)| (section, plain(content)));
    let readable = readable_keys(&mut Vec::new(), sections, &mut problems);
    (readable, problems)
}

fn readable_keys(
    path: &mut Vec<String>,
    keys: impl IntoIterator<Item = (String, Value)>,
    problems: &mut Vec<SettingsProblem>,
) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in keys {
        path.push(key.clone());
        if let Some(value) = readable(path, value, problems) {
            kept.insert(key, value);
        }
        path.pop();
    }
    kept
}

/// What can be read of the value at this place: a section's keys one by one, anything else whole.
fn readable(
    path: &mut Vec<String>,
    value: Value,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Value> {
    let field = path.join(".");
    let Value::Object(keys) = value else {
        let place = path.clone();
        let probe = |value: &Value| at(&place, value.clone());
        return keep(&field, &value, &probe, problems).then_some(value);
    };
    // A section that is unknown is named once, not key by key.
    if let Err(problem) = read(&field, "", &at(path, json!({}))) {
        problems.push(problem);
        return None;
    }
    Some(Value::Object(readable_keys(path, keys, problems)))
}

/// A document that holds the value at this place and nothing else.
fn at(path: &[String], value: Value) -> Value {
    let sections = path.iter().rev();
    sections.fold(value, |inner, key| json!({ key.as_str(): inner }))
}

/// Whether the value can be read in its place; else its problems, those of a list by element.
fn keep(
    field: &str,
    value: &Value,
    probe: &dyn Fn(&Value) -> Value,
    problems: &mut Vec<SettingsProblem>,
) -> bool {
    let Err(whole) = read(field, &shown(value), &probe(value)) else {
        return true;
    };
    if is_secret(field) {
        problems.push(SettingsProblem::new(field, "", SECRET));
        return false;
    }
    let before = problems.len();
    if let Value::Array(elements) = value
        && read(field, "", &probe(&json!([]))).is_ok()
    {
        for (index, element) in elements.iter().enumerate() {
            let one = probe(&json!([element]));
            problems.extend(read(&format!("{field}[{index}]"), &shown(element), &one).err());
        }
    }
    if problems.len() == before {
        problems.push(whole);
    }
    false
}

const SECRET: &str = "is no setting; `bellhop tenant add-key` stores secrets, encrypted, and they are never written in a file";

/// Whether an unknown key seems to hold a secret, which must not be repeated on a screen.
fn is_secret(field: &str) -> bool {
    let key = field.rsplit('.').next().unwrap_or_default();
    ["password", "secret", "token", "url", "key"]
        .iter()
        .any(|word| key.to_ascii_lowercase().contains(word))
}

fn read(field: &str, value: &str, document: &Value) -> Result<(), SettingsProblem> {
    match serde_json::from_value::<Settings>(document.clone()) {
        Ok(_) => Ok(()),
        Err(error) => Err(SettingsProblem::new(field, value, error.to_string())),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// TOML as JSON: a date becomes its text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(elements) => elements.into_iter().map(plain).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key, plain(value)))
            .collect(),
    }
}
