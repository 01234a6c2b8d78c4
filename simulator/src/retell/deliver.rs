//! Webhooks: signed, sent with Retell's retries, and spoilt as the scenario says.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    call::Event,
    ledger::{Delivery, Try},
    scenario::{Sending, WebhookFault},
    state::Shared,
};
use crate::{
    outbound::{now_ms, what_failed},
    sign,
};

/// Sends the webhooks of one call.
pub(super) struct Courier {
    shared: Arc<Shared>,
    call_id: String,
    /// One that waits for the next to be sent before it.
    held: Option<Letter>,
}

/// A webhook ready to be sent.
struct Letter {
    shared: Arc<Shared>,
    /// Its place in the ledger.
    webhook: usize,
    body: String,
    url: String,
    key: SecretString,
    sending: Sending,
}

impl Courier {
    pub(super) fn new(shared: Arc<Shared>, call_id: &str) -> Self {
        Self {
            shared,
            call_id: call_id.to_owned(),
            held: None,
        }
    }

    /// Sends an event about the call as it is now. Does not wait for the answer: a slow delivery
    /// does not hold up the next, as at Retell.
    pub(super) fn send(&mut self, event: &str, as_planned: Event) {
        let Event { fault, delay } = as_planned;
        let Some(letter) = self.letter(event, fault) else {
            return;
        };
        match fault {
            WebhookFault::None => self.dispatch(Duration::ZERO, letter),
            WebhookFault::Delay => self.dispatch(delay, letter),
            WebhookFault::Duplicate => {
                if let Some(second) = self.letter(event, fault) {
                    let body = letter.body.clone();
                    self.dispatch(Duration::ZERO, Letter { body, ..second });
                }
                self.dispatch(Duration::ZERO, letter);
            }
            WebhookFault::Drop => {
                self.shared
                    .settle_webhook(letter.webhook, Delivery::Dropped);
                self.send_held();
            }
            WebhookFault::BadSignature => {
                let key = format!("not-{}", letter.key.expose_secret()).into();
                self.dispatch(Duration::ZERO, Letter { key, ..letter });
            }
            WebhookFault::Reorder => {
                self.send_held();
                self.held = Some(letter);
            }
        }
    }

    /// Sends what still waits for a successor.
    pub(super) fn send_held(&mut self) {
        if let Some(held) = self.held.take() {
            self.shared.spawn(async move { held.deliver().await });
        }
    }

    fn dispatch(&mut self, delay: Duration, letter: Letter) {
        let held = self.held.take();
        self.shared.spawn(async move {
            tokio::time::sleep(delay).await;
            letter.deliver().await;
            if let Some(held) = held {
                held.deliver().await;
            }
        });
    }

    /// The event as a letter; `None` when the account wants no webhooks.
    fn letter(&self, event: &str, fault: WebhookFault) -> Option<Letter> {
        let (account, call) = self
            .shared
            .with_call(&self.call_id, |call| (call.account.clone(), call.object()))?;
        let account = self.shared.account(&account)?;
        let url = account.webhook_url?;
        let body = json!({"event": event, "call": call, "event_timestamp": now_ms()}).to_string();
        let webhook = self.shared.note_webhook(&self.call_id, event, fault);
        let sending = self.shared.scenario().webhooks.clone();
        Some(Letter {
            shared: self.shared.clone(),
            webhook,
            body,
            url,
            key: account.key,
            sending,
        })
    }
}

impl Letter {
    /// Tries until a 2xx or until the retries are spent.
    async fn deliver(self) {
        let mut pause = self.sending.backoff_seconds;
        for retries_left in (0..=self.sending.retries).rev() {
            if self.try_once().await {
                return self
                    .shared
                    .settle_webhook(self.webhook, Delivery::Acknowledged);
            }
            if retries_left > 0 {
                tokio::time::sleep(Duration::from_secs_f64(pause)).await;
                pause *= 2.0;
            }
        }
        self.shared.settle_webhook(self.webhook, Delivery::GaveUp);
    }

    async fn try_once(&self) -> bool {
        let at_ms = now_ms();
        let answer = self
            .shared
            .http
            .post(&self.url)
            .timeout(Duration::from_secs_f64(self.sending.timeout_seconds))
            .header("content-type", "application/json")
            .header(
                "x-retell-signature",
                sign::retell(self.key.expose_secret(), self.body.as_bytes(), at_ms),
            )
            .body(self.body.clone())
            .send()
            .await;
        let status = answer.as_ref().ok().map(|answer| answer.status());
        let error = answer.err().map(|error| what_failed(&error).to_owned());
        self.shared.note_try(
            self.webhook,
            Try {
                at_ms,
                status: status.map(|status| status.as_u16()),
                error,
            },
        );
        status.is_some_and(|status| status.is_success())
    }
}
