//! Contacts that change at Zoho. The token is put in when the notification is sent.

use serde_json::{Value, json};

use crate::senders::{event::Event, story::Story};

pub(in crate::senders) const STEPS: u64 = 4;

pub(in crate::senders) fn event(story: &Story, step: u64, channel_id: &str) -> Event {
    let first = record(story, "first");
    let (operation, ids) = match step {
        0 => ("insert", vec![first.clone()]),
        1 => ("update", vec![first.clone()]),
        // One notification can tell of several records.
        2 => (
            "update",
            vec![
                first.clone(),
                record(story, "second"),
                record(story, "third"),
            ],
        ),
        _ => ("delete", vec![first.clone()]),
    };
    let at_ms = story.at_ms(i64::try_from(step).unwrap_or_default() * 10);
    let fields: Value = match operation {
        "update" => ids
            .iter()
            .map(|id| json!({id: ["Phone", "Email"]}))
            .collect(),
        _ => json!([]),
    };
    let mut body = json!({
        "server_time": at_ms,
        "query_params": {},
        "module": "Contacts",
        "resource_uri": "https://www.zohoapis.eu/crm/v8/Contacts",
        "ids": ids,
        "affected_fields": fields,
        "operation": operation,
        "channel_id": channel_id,
    });
    if step == 1 {
        let values = json!({"Phone": story.customer()});
        body["affected_values"] = json!([{"record_id": first, "values": values}]);
    }
    let identity = format!("{channel_id}/{operation}/{at_ms}/{}", ids.join(","));
    Event::json(&format!("Contacts.{operation}"), &first, &identity, body)
}

/// A number of 19 digits, as text.
fn record(story: &Story, what: &str) -> String {
    let digits = u64::from_str_radix(&story.hex(what, 13), 16).unwrap_or_default();
    format!("487{digits:016}")
}
