//! What anybody might send who signs as Standard Webhooks says.

use serde_json::json;

use crate::senders::{event::Event, story::Story};

pub(in crate::senders) const STEPS: u64 = 4;

pub(in crate::senders) fn event(story: &Story, step: u64) -> Event {
    let contact = format!("c_{}", story.hex("contact", 16));
    let (kind, data) = match step {
        0 => (
            "contact.created",
            json!({"id": contact, "phone": story.customer(), "name": "Ada Byron"}),
        ),
        1 => (
            "note.added",
            json!({"id": contact, "text": story.sentence("note")}),
        ),
        2 => (
            "appointment.moved",
            json!({"id": contact, "from": story.at(86_400), "to": story.at(90_000)}),
        ),
        _ => {
            let kinds = ["invoice.paid", "contact.merged", "stock.low", "ping"];
            (story.pick("other", &kinds), json!({"id": contact}))
        }
    };
    let id = format!("msg_{}", story.hex(&format!("delivery {step}"), 27));
    let body = json!({"type": kind, "timestamp": story.at(0), "data": data});
    Event::json(kind, &contact, &id, body)
}
