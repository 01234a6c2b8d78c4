//! Vapi's JSON of a call, and where in it and in the messages around it things may stand.

use std::fmt;

use domain::ids::CallId;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Map, Value};

use super::webhook::our_call_in_call;
use crate::json::Json;

/// A call as Vapi's reads and lists show it.
#[derive(Clone, PartialEq)]
pub struct CallObject {
    id: String,
    call: Value,
}

impl<'de> Deserialize<'de> for CallObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let call = Self::of(Value::deserialize(deserializer)?);
        call.ok_or_else(|| D::Error::custom("a call without an id"))
    }
}

impl CallObject {
    /// `None` when the value has no id.
    pub(super) fn of(call: Value) -> Option<Self> {
        let id = call.get("id").and_then(Value::as_str)?.to_owned();
        (!id.is_empty()).then_some(Self { id, call })
    }

    /// Vapi's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Our own id of this call, when it carries one: in its name, or in the metadata of its assistant.
    pub fn our_call_id(&self) -> Option<CallId> {
        our_call_in_call(self.json())
    }

    pub fn status(&self) -> Option<String> {
        self.json().at("status").text()
    }

    pub fn created_at(&self) -> Option<Timestamp> {
        self.json().at("createdAt").instant()
    }

    pub(super) fn json(&self) -> Json<'_> {
        Json::from(&self.call)
    }
}

impl fmt::Debug for CallObject {
    /// Without numbers, transcript and analysis, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallObject")
            .field("id", &self.id)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

static NOTHING: Value = Value::Null;

/// A call with the message that brought it; of a call that was read there is none.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) message: Json<'a>,
    pub(super) call: Json<'a>,
}

impl<'a> Told<'a> {
    pub(super) fn by(message: Json<'a>) -> Self {
        let call = message.at("call");
        Self { message, call }
    }

    pub(super) fn read(call: &'a CallObject) -> Self {
        Self {
            message: Json::from(&NOTHING),
            call: call.json(),
        }
    }

    /// What stands under this key of the message or of the call.
    pub(super) fn each(self, key: &'a str) -> impl Iterator<Item = Json<'a>> {
        [self.message, self.call]
            .into_iter()
            .map(move |json| json.at(key))
    }

    /// What stands under this key of the artifact: older deliveries put its content on the message itself, some
    /// into the call.
    pub(super) fn artifact(self, key: &'a str) -> impl Iterator<Item = Json<'a>> {
        let places = [
            self.message.at("artifact"),
            self.message,
            self.call.at("artifact"),
        ];
        places.into_iter().map(move |json| json.at(key))
    }

    pub(super) fn analysis(self, key: &'a str) -> impl Iterator<Item = Json<'a>> {
        self.each("analysis").map(move |json| json.at(key))
    }
}

/// The body of `POST /call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateCall<'a> {
    pub(super) assistant_id: &'a str,
    pub(super) phone_number_id: &'a str,
    pub(super) customer: Customer<'a>,
    /// Our call id. It is all of the call that is known to come back in lists.
    pub(super) name: String,
    pub(super) assistant_overrides: Map<String, Value>,
}

#[derive(Serialize)]
pub(super) struct Customer<'a> {
    pub(super) number: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vapi::CALL_ID_KEY;

    /// What Vapi permits of a call's name.
    const LONGEST_NAME: usize = 40;

    fn call(json: Value) -> CallObject {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn our_id_fits_into_a_name_and_is_found_there() {
        let id = CallId::generate();
        assert!(id.to_string().len() <= LONGEST_NAME);
        let named = call(serde_json::json!({"id": "c1", "name": id.to_string()}));
        assert_eq!(named.our_call_id(), Some(id));
        let told = call(serde_json::json!({"id": "c1", "name": "somebody's",
            "assistantOverrides": {"metadata": {CALL_ID_KEY: id.to_string()}}}));
        assert_eq!(told.our_call_id(), Some(id));
        let others = call(serde_json::json!({"id": "c1", "name": "somebody's"}));
        assert_eq!(others.our_call_id(), None);
    }

    #[test]
    fn a_call_has_an_id() {
        for odd in ["{}", r#"{"id":""}"#, r#"{"id":7}"#, "[]", "null", r#""c1""#] {
            assert!(serde_json::from_str::<CallObject>(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn what_is_printed_of_a_call_holds_nothing_personal() {
        let printed = format!(
            "{:?}",
            call(
                serde_json::json!({"id": "c1", "status": "ended", "customer": {"number": "+447700900123"},
                "artifact": {"transcript": "User: I am Ada"}, "analysis": {"summary": "Ada came"}})
            )
        );
        assert!(
            printed.contains("c1") && !printed.contains("Ada") && !printed.contains("7700"),
            "{printed}"
        );
    }
}
