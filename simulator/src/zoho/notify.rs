//! Notifications: sent once, and spoilt as the scenario says.

use std::{sync::Arc, sync::PoisonError, time::Duration};

use serde_json::{Value, json};

use super::{NotificationSeen, Shared, state::Done};
use crate::{
    chance::{dice, happens, within},
    outbound::what_failed,
    retell::WebhookFault,
};

/// One notification ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    channel_id: String,
    operation: &'static str,
    ids: Vec<String>,
    url: String,
    body: Value,
    fault: WebhookFault,
}

/// Tells every channel that wants to hear of it.
pub(super) fn notify(shared: &Arc<Shared>, module: &str, operation: &'static str, done: &[&Done]) {
    let event = match operation {
        "insert" => "create",
        "update" => "edit",
        other => other,
    };
    let wanted = [format!("{module}.{event}"), format!("{module}.all")];
    let now = shared.now_ms();
    let channels: Vec<_> = shared
        .state()
        .channels
        .iter()
        .filter(|(_, channel)| {
            channel.expires_ms > now && channel.events.iter().any(|event| wanted.contains(event))
        })
        .map(|(id, channel)| (id.clone(), channel.clone()))
        .collect();
    for (id, channel) in channels {
        let fields: Vec<Value> = match operation {
            "update" => done
                .iter()
                .map(|each| json!({ each.id.as_str(): each.fields }))
                .collect(),
            _ => Vec::new(),
        };
        let ids: Vec<String> = done.iter().map(|each| each.id.clone()).collect();
        let body = json!({
            "server_time": now,
            "query_params": {},
            "module": module,
            "resource_uri": format!("https://www.zohoapis.eu/crm/v8/{module}"),
            "ids": ids,
            "affected_fields": fields,
            "operation": operation,
            "channel_id": id,
            "token": channel.token,
        });
        let letter = Letter {
            channel_id: id,
            operation,
            ids,
            url: channel.url,
            body,
            fault: WebhookFault::None,
        };
        post(shared, letter);
    }
}

fn post(shared: &Arc<Shared>, mut letter: Letter) {
    let scenario = shared.book.scenario();
    let nth = shared.book.count("notification").to_string();
    let mut dice = dice(scenario.seed, &["notification", &nth]);
    let chances = scenario.notifications.chances();
    letter.fault = happens(&mut dice, &chances).unwrap_or(WebhookFault::None);
    let delay = Duration::from_secs_f64(within(&mut dice, scenario.notifications.delay_seconds));
    let none = Duration::ZERO;
    match letter.fault {
        WebhookFault::None => send(shared, none, letter),
        WebhookFault::BadSignature => {
            letter.body["token"] = "not-the-token".into();
            send(shared, none, letter);
        }
        WebhookFault::Delay => send(shared, delay, letter),
        WebhookFault::Duplicate => {
            send(shared, none, letter.clone());
            send(shared, none, letter);
        }
        WebhookFault::Drop => note(shared, &letter, None),
        // Sent after the next, if there is a next.
        WebhookFault::Reorder => {
            if let Some(before) = held(shared).replace(letter) {
                send(shared, none, before);
            }
        }
    }
}

fn held(shared: &Shared) -> std::sync::MutexGuard<'_, Option<Letter>> {
    shared.held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(shared: &Arc<Shared>, delay: Duration, letter: Letter) {
    let (before, courier) = (held(shared).take(), shared.clone());
    shared.spawn(async move {
        tokio::time::sleep(delay).await;
        deliver(&courier, &letter).await;
        if let Some(before) = before {
            deliver(&courier, &before).await;
        }
    });
}

async fn deliver(shared: &Shared, letter: &Letter) {
    let timeout = shared.book.scenario().notification_timeout_seconds;
    let answer = shared
        .http
        .post(&letter.url)
        .timeout(Duration::from_secs_f64(timeout))
        .header("content-type", "application/json")
        .body(letter.body.to_string())
        .send()
        .await;
    note(shared, letter, Some(answer));
}

/// Writes down what became of a notification; `None` when it was not sent.
fn note(shared: &Shared, letter: &Letter, answer: Option<reqwest::Result<reqwest::Response>>) {
    let sent = answer.is_some();
    let (answer, error) = match answer {
        None => (None, None),
        Some(Ok(answer)) => (Some(answer.status().as_u16()), None),
        Some(Err(error)) => (None, Some(what_failed(&error).to_owned())),
    };
    shared.book.note(|ledger| {
        ledger.notifications.push(NotificationSeen {
            channel_id: letter.channel_id.clone(),
            operation: letter.operation.to_owned(),
            ids: letter.ids.clone(),
            fault: letter.fault,
            sent,
            answer,
            error,
        });
    });
}
