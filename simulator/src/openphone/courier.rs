//! Webhooks on their way: signed, spoilt as the scenario says, and sent again until they are answered with a 2xx.

use std::{sync::Arc, time::Duration};

use rand::Rng;
use secrecy::ExposeSecret;

use super::{Shape, Shared, Webhook, event::Event, ledger::WebhookSeen};
use crate::{
    chance::{dice, happens, within},
    outbound::{now_ms, what_failed},
    retell::WebhookFault,
    sign,
};

/// Good as base64, and nobody's secret.
const WRONG_SECRET: &str = "bm90LXRoZS1zZWNyZXQtb2YtdGhpcy1zb3VyY2U=";

/// Sends the webhooks of one text or call.
pub(super) struct Courier {
    shared: Arc<Shared>,
    /// One that waits for the next to be sent before it.
    held: Option<Event>,
}

impl Courier {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, held: None }
    }

    /// Sends an event, if there is one and somebody is told. Does not wait for the answer.
    pub(super) fn tell(&mut self, event: Option<Event>) {
        let Some(event) = event else { return };
        let scenario = self.shared.book.scenario();
        let mut dice = dice(scenario.seed, &["webhook", &event.subject, &event.kind]);
        let chances = scenario.webhooks.chances();
        let fault = happens(&mut dice, &chances).unwrap_or(WebhookFault::None);
        let late = Duration::from_secs_f64(within(&mut dice, scenario.webhooks.delay_seconds));
        match fault {
            WebhookFault::None | WebhookFault::BadSignature => {
                self.dispatch(Duration::ZERO, event, fault);
            }
            WebhookFault::Delay => self.dispatch(late, event, fault),
            WebhookFault::Duplicate => {
                self.dispatch(Duration::ZERO, event.clone(), fault);
                self.dispatch(Duration::ZERO, event, fault);
            }
            WebhookFault::Drop => note(&self.shared, &event, fault, None),
            WebhookFault::Reorder => {
                self.send_held();
                self.held = Some(event);
            }
        }
    }

    /// Sends what still waits for a successor.
    pub(super) fn send_held(&mut self) {
        if let Some(held) = self.held.take() {
            self.dispatch(Duration::ZERO, held, WebhookFault::Reorder);
        }
    }

    fn dispatch(&mut self, delay: Duration, event: Event, fault: WebhookFault) {
        let (shared, held) = (self.shared.clone(), self.held.take());
        self.shared.spawn(async move {
            tokio::time::sleep(delay).await;
            deliver(&shared, &event, fault).await;
            if let Some(held) = held {
                deliver(&shared, &held, WebhookFault::Reorder).await;
            }
        });
    }
}

async fn deliver(shared: &Shared, event: &Event, fault: WebhookFault) {
    let Some(webhook) = shared.webhook() else {
        return;
    };
    let scenario = shared.book.scenario();
    let pause = scenario.timing.retry_seconds / scenario.timing.speed;
    let delivery = format!("msg_{:032x}", rand::rng().random::<u128>());
    for tried in 0..scenario.webhook_tries.max(1) {
        if tried > 0 {
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        }
        let timeout = Duration::from_secs_f64(scenario.webhook_timeout_seconds);
        let request = signed(shared, &webhook, event, fault, &delivery).timeout(timeout);
        let answer = request.send().await;
        let taken = answer
            .as_ref()
            .is_ok_and(|answer| answer.status().is_success());
        note(shared, event, fault, Some(answer));
        if taken {
            return;
        }
    }
}

fn signed(
    shared: &Shared,
    webhook: &Webhook,
    event: &Event,
    fault: WebhookFault,
    delivery: &str,
) -> reqwest::RequestBuilder {
    let body = event.body.to_string().into_bytes();
    let secret = match fault {
        WebhookFault::BadSignature => WRONG_SECRET,
        _ => webhook.secret.expose_secret(),
    };
    let at_ms = now_ms();
    let request = shared
        .http
        .post(&webhook.url)
        .header("content-type", "application/json");
    let request = match webhook.shape {
        Shape::V3 | Shape::V4 => {
            request.header("openphone-signature", sign::openphone(secret, at_ms, &body))
        }
        Shape::Quo => {
            let seconds = at_ms / 1000;
            request
                .header("webhook-id", delivery)
                .header("webhook-timestamp", seconds.to_string())
                .header(
                    "webhook-signature",
                    sign::standard(secret, delivery, seconds, &body),
                )
        }
    };
    request.body(body)
}

/// Writes down what became of a webhook; `None` when it was not sent.
fn note(
    shared: &Shared,
    event: &Event,
    fault: WebhookFault,
    answer: Option<reqwest::Result<reqwest::Response>>,
) {
    let sent = answer.is_some();
    let (answer, error) = match answer {
        None => (None, None),
        Some(Ok(answer)) => (Some(answer.status().as_u16()), None),
        Some(Err(error)) => (None, Some(what_failed(&error).to_owned())),
    };
    shared.book.note(|ledger| {
        ledger.webhooks.push(WebhookSeen {
            kind: event.kind.clone(),
            subject: event.subject.clone(),
            fault,
            sent,
            answer,
            error,
        });
    });
}
