//! The outline and the full reading of a notification.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    json::{
        Json, broken,
        needed::{id, list_of, text},
    },
    outline::{Outline, ParseProblem, hash, name, pluck},
};

const PATHS: &[&str] = &["channel_id", "module", "operation", "server_time", "ids.*"];

/// In place of a module or operation that is not told.
const UNKNOWN: &str = "unknown";

/// Reads the outline of a notification; its type is `<module>.<operation>`, such as `Contacts.update`.
///
/// The dedupe key is made of channel, operation, records and Zoho's own time, because there is no delivery
/// id. The time tells two changes of one record apart; without it the body's hash does.
pub fn outline(body: &[u8]) -> Result<Outline, ParseProblem> {
    let plucked = pluck(body, PATHS)?;
    let part = |path| name(plucked.text(path), path);
    let (channel, module) = (part("channel_id")?, part("module")?);
    let (operation, time) = (part("operation")?, part("server_time")?);
    let mut ids = plucked.all("ids.*").to_vec();
    ids.sort_unstable();
    let module = module.as_deref().unwrap_or(UNKNOWN);
    let operation = operation.as_deref().unwrap_or(UNKNOWN);
    let time = time.unwrap_or_else(|| hash(body));
    let said = [&[module.to_owned(), time], &*ids].concat().join("\n");
    Ok(Outline {
        event_type: name(
            Some(&format!("{module}.{operation}")),
            "module and operation",
        )?
        .unwrap_or_default(),
        dedupe_key: format!(
            "zoho:{}:{operation}:{}",
            channel.as_deref().unwrap_or("-"),
            hash(said.as_bytes())
        ),
        call_id: None,
        provider_call_id: None,
    })
}

/// What a notification says: that these records should be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Our own number of the subscription.
    pub channel_id: String,
    /// Such as `Contacts`.
    pub module: String,
    pub operation: Operation,
    /// Records, by ids of up to nineteen digits: texts, never numbers.
    pub ids: Vec<String>,
    /// Fields that changed, by record. Zoho may leave it out.
    pub affected_fields: Vec<(String, Vec<String>)>,
    pub at: Option<Timestamp>,
}

/// What happened to the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    Insert,
    Update,
    Delete,
    Other(String),
}

/// Reads a notification in full. It has to say what happened to which records; the values that it may carry are
/// left alone: nothing proves them.
pub fn read(body: &[u8]) -> Result<Notification, ParseProblem> {
    let value: Value = broken::read(body)?;
    let json = Json::from(&value);
    Ok(Notification {
        channel_id: json.needed(&["channel_id"], id)?,
        module: json.needed(&["module"], text)?,
        operation: operation(json.needed(&["operation"], text)?),
        ids: json.needed(&["ids"], |ids| list_of(ids, id))?,
        affected_fields: json
            .at("affected_fields")
            .items()
            .flat_map(fields)
            .collect(),
        at: json.at("server_time").instant(),
    })
}

fn operation(word: String) -> Operation {
    match word.as_str() {
        "insert" | "create" => Operation::Insert,
        "update" | "edit" => Operation::Update,
        "delete" => Operation::Delete,
        _ => Operation::Other(word),
    }
}

fn fields(entry: Json<'_>) -> Vec<(String, Vec<String>)> {
    let entry = entry.value().and_then(Value::as_object);
    let fields = |(id, names): (&String, &Value)| (id.clone(), Json::from(names).texts());
    entry.into_iter().flatten().map(fields).collect()
}
