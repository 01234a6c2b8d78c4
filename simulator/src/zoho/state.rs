//! What the fake Zoho holds: records, channels and tokens.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    problem::Problem,
    scenario::{Fault, Scenario, TokenFault},
    stored::{Stored, is_phone, kept},
};

/// Longest text in a phone field.
const LONGEST_PHONE: usize = 30;
/// Modules whose records need a last name.
const PEOPLE: [&str; 2] = ["Contacts", "Leads"];

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) modules: BTreeMap<String, BTreeMap<String, Stored>>,
    pub(super) deleted: Vec<Gone>,
    pub(super) channels: BTreeMap<String, Channel>,
    /// Access tokens, with their ends in milliseconds.
    pub(super) tokens: BTreeMap<String, i64>,
    /// When tokens were given.
    pub(super) given: Vec<i64>,
    records: u64,
    /// When the last write was.
    last_ms: i64,
    script: Script,
}

/// How far the scripts of a scenario were played.
#[derive(Debug, Default)]
struct Script {
    of: Option<Arc<Scenario>>,
    requests: usize,
    tokens: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Gone {
    pub(super) module: String,
    pub(super) id: String,
    pub(super) at_ms: i64,
    pub(super) by: String,
}

#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// Such as `Contacts.create`.
    pub(super) events: Vec<String>,
    pub(super) token: Option<String>,
    pub(super) url: String,
    pub(super) expires_ms: i64,
}

/// What one write did.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) id: String,
    pub(super) operation: &'static str,
    pub(super) fields: Vec<String>,
}

impl State {
    /// What the script says of the next request, if it still says something.
    pub(super) fn scripted(&mut self, scenario: &Arc<Scenario>) -> Option<Fault> {
        let script = self.script_of(scenario);
        let fault = scenario.next.get(script.requests).copied();
        script.requests += 1;
        fault
    }

    pub(super) fn scripted_token(&mut self, scenario: &Arc<Scenario>) -> Option<TokenFault> {
        let script = self.script_of(scenario);
        let fault = scenario.token_next.get(script.tokens).copied();
        script.tokens += 1;
        fault
    }

    fn script_of(&mut self, scenario: &Arc<Scenario>) -> &mut Script {
        let is_same = self
            .script
            .of
            .as_ref()
            .is_some_and(|of| Arc::ptr_eq(of, scenario));
        if !is_same {
            self.script = Script {
                of: Some(scenario.clone()),
                ..Script::default()
            };
        }
        &mut self.script
    }

    pub(super) fn record(&self, module: &str, id: &str) -> Option<&Stored> {
        self.modules.get(module)?.get(id)
    }

    /// Makes a record.
    pub(super) fn insert(
        &mut self,
        scenario: &Scenario,
        module: &str,
        fields: &Map<String, Value>,
        by: &str,
    ) -> Result<Done, Problem> {
        self.check(scenario, module, None, fields)?;
        if PEOPLE.contains(&module) && !has(fields, "Last_Name") {
            return Err(Problem::of("MANDATORY_NOT_FOUND", "Last_Name"));
        }
        self.records += 1;
        let id = format!("4876876{:012}", self.records);
        let at_ms = self.tick(scenario);
        let stored = Stored {
            fields: kept(fields),
            created_ms: at_ms,
            modified_ms: at_ms,
            by: by.to_owned(),
            made_ms: scenario.now_ms(),
        };
        let records = self.modules.entry(module.to_owned()).or_default();
        records.insert(id.clone(), stored);
        Ok(Done {
            id,
            operation: "insert",
            fields: fields.keys().cloned().collect(),
        })
    }

    /// Changes a record.
    pub(super) fn update(
        &mut self,
        scenario: &Scenario,
        module: &str,
        id: &str,
        fields: &Map<String, Value>,
        by: &str,
    ) -> Result<Done, Problem> {
        if self.record(module, id).is_none() {
            return Err(Problem::of("INVALID_DATA", "id"));
        }
        self.check(scenario, module, Some(id), fields)?;
        if PEOPLE.contains(&module) && fields.contains_key("Last_Name") && !has(fields, "Last_Name")
        {
            return Err(Problem::of("MANDATORY_NOT_FOUND", "Last_Name"));
        }
        let at_ms = self.tick(scenario);
        let records = self.modules.entry(module.to_owned()).or_default();
        if let Some(stored) = records.get_mut(id) {
            stored.fields.extend(fields.clone());
            stored.fields = kept(&stored.fields);
            stored.modified_ms = at_ms;
            by.clone_into(&mut stored.by);
        }
        Ok(Done {
            id: id.to_owned(),
            operation: "update",
            fields: fields
                .keys()
                .filter(|name| *name != "id")
                .cloned()
                .collect(),
        })
    }

    pub(super) fn delete(
        &mut self,
        scenario: &Scenario,
        module: &str,
        id: &str,
        by: &str,
    ) -> Result<Done, Problem> {
        let records = self.modules.entry(module.to_owned()).or_default();
        if records.remove(id).is_none() {
            return Err(Problem::of("INVALID_DATA", "id"));
        }
        let at_ms = self.tick(scenario);
        self.deleted.push(Gone {
            module: module.to_owned(),
            id: id.to_owned(),
            at_ms,
            by: by.to_owned(),
        });
        Ok(Done {
            id: id.to_owned(),
            operation: "delete",
            fields: Vec::new(),
        })
    }

    /// Whether these values may be written.
    fn check(
        &self,
        scenario: &Scenario,
        module: &str,
        id: Option<&str>,
        fields: &Map<String, Value>,
    ) -> Result<(), Problem> {
        for (name, value) in fields {
            let Some(text) = value.as_str() else { continue };
            if is_phone(name) && text.chars().count() > LONGEST_PHONE {
                return Err(Problem::of("INVALID_DATA", name));
            }
            let mut refusals = scenario.refuse.iter();
            if let Some(refusal) = refusals.find(|each| each.field == *name && each.value == text) {
                return Err(Problem::of(&refusal.code, name));
            }
            let other = self
                .holder(module, name, text)
                .filter(|other| id != Some(*other));
            if let Some(other) = other.filter(|_| scenario.unique.contains(name)) {
                let details = json!({"api_name": name, "id": other});
                return Err(Problem::bad("DUPLICATE_DATA").with(details));
            }
        }
        Ok(())
    }

    /// The first record that has this text in a field.
    pub(super) fn holder(&self, module: &str, field: &str, text: &str) -> Option<&str> {
        let mut records = self.modules.get(module)?.iter();
        let found = records.find(|(_, stored)| {
            let own = stored.fields.get(field).and_then(Value::as_str);
            own.is_some_and(|own| own.eq_ignore_ascii_case(text))
        });
        found.map(|(id, _)| id.as_str())
    }

    /// The time of a write: in whole seconds.
    fn tick(&mut self, scenario: &Scenario) -> i64 {
        let now = scenario.now_ms() / 1000 * 1000;
        let step = i64::from(scenario.step_seconds) * 1000;
        self.last_ms = now.max(self.last_ms.saturating_add(step));
        self.last_ms
    }
}

fn has(fields: &Map<String, Value>, name: &str) -> bool {
    let text = fields.get(name).and_then(Value::as_str);
    text.is_some_and(|text| !text.trim().is_empty())
}
