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
    let of_a_default = |problem: &SettingsProblem| {
        let is_script = problem.field.starts_with("scripts.");
        unreadable.contains(&problem.field) || (is_script && nameless)
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
    let mut readable = Map::new();
    let mut problems = Vec::new();
    for (section, content) in table {
        let content = plain(content);
        let Value::Object(keys) = content else {
            let probe = |value: &Value| json!({ section.as_str(): value });
            if keep(&section, &content, &probe, &mut problems) {
                readable.insert(section, content);
            }
            continue;
        };
        if let Err(problem) = read(&section, "", &json!({ section.as_str(): {} })) {
            problems.push(problem);
            continue;
        }
        let mut kept = Map::new();
        for (key, value) in keys {
            let probe = |value: &Value| json!({ section.as_str(): { key.as_str(): value } });
            if keep(&format!("{section}.{key}"), &value, &probe, &mut problems) {
                kept.insert(key, value);
            }
        }
        readable.insert(section, Value::Object(kept));
    }
    (readable, problems)
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
