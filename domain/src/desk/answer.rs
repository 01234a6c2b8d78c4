//! What the agent is answered: a JSON object for its model, and a sentence or two to say.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Function;

/// An answer in both forms. It may hold personal data and so has no `Debug`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// On one line.
    pub spoken: String,
    /// `say` holds the spoken form again. What is not known or not told has no key.
    pub json: Map<String, Value>,
}

impl Answer {
    /// `ok`: whether the wish was met.
    pub(super) fn of(function: Option<Function>, ok: bool, spoken: String) -> Answer {
        let mut answer = Answer {
            spoken: String::new(),
            json: Map::new(),
        };
        answer.tell("ok", ok);
        if let Some(function) = function {
            answer.tell("function", function.code());
        }
        answer.say(spoken);
        answer
    }

    pub(super) fn say(&mut self, spoken: String) {
        self.tell("say", spoken.as_str());
        self.spoken = spoken;
    }

    pub(super) fn tell(&mut self, key: &str, value: impl Serialize) {
        // What is told here, texts and numbers and lists of them, can always be written.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.json.insert(key.to_owned(), value);
    }
}
