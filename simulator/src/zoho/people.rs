//! What people do in the CRM, and what a test may look at.

use serde_json::{Map, Value};

use super::{
    PERSON, Running,
    problem::Problem,
    records::tell,
    state::{Done, State},
};

impl Running {
    /// A person makes a record, and the channels are told. `None` when the CRM would not take it.
    pub fn add(&self, module: &str, fields: &Value) -> Option<String> {
        let scenario = self.shared.book.scenario();
        let fields = object(fields);
        let made = self.by_person(module, |state| {
            state.insert(&scenario, module, &fields, PERSON)
        });
        made.map(|done| done.id)
    }

    /// A person changes a record; null empties a field. False when the CRM would not take it.
    pub fn edit(&self, module: &str, id: &str, fields: &Value) -> bool {
        let scenario = self.shared.book.scenario();
        let fields = object(fields);
        self.by_person(module, |state| {
            state.update(&scenario, module, id, &fields, PERSON)
        })
        .is_some()
    }

    /// A person deletes a record. False when there is none.
    pub fn remove(&self, module: &str, id: &str) -> bool {
        let scenario = self.shared.book.scenario();
        self.by_person(module, |state| state.delete(&scenario, module, id, PERSON))
            .is_some()
    }

    /// A record as it is now, with all its fields.
    pub fn record(&self, module: &str, id: &str) -> Option<Value> {
        let state = self.shared.state();
        state
            .record(module, id)
            .map(|stored| stored.object(id, &[]))
    }

    /// All records of a module, in the order in which they were made.
    pub fn records(&self, module: &str) -> Vec<Value> {
        let state = self.shared.state();
        let records = state.modules.get(module).into_iter().flatten();
        records.map(|(id, stored)| stored.object(id, &[])).collect()
    }

    /// The channels that are there, by their numbers.
    pub fn channels(&self) -> Vec<String> {
        self.shared.state().channels.keys().cloned().collect()
    }

    fn by_person(
        &self,
        module: &str,
        write: impl FnOnce(&mut State) -> Result<Done, Problem>,
    ) -> Option<Done> {
        let done = write(&mut self.shared.state()).ok()?;
        tell(&self.shared, module, PERSON, std::slice::from_ref(&done));
        Some(done)
    }
}

fn object(fields: &Value) -> Map<String, Value> {
    fields.as_object().cloned().unwrap_or_default()
}
