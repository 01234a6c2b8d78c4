//! Server messages: proved as the account is set up, sent with its backoff plan, and spoilt as the scenario says.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{
    Delivery, MessageServer, Try, WebhookFault,
    call::UNSIGNED,
    plan::Fate,
    scenario::Sending,
    state::{Shared, uuid},
};
use crate::{
    outbound::{now_ms, what_failed},
    senders::vapi_headers,
};

/// Sends the messages of one call that need no answer.
pub(super) struct Courier {
    shared: Arc<Shared>,
    call_id: String,
    /// One that waits for the next to be sent before it.
    held: Option<Letter>,
    sent: usize,
}

/// A message ready to be sent.
#[derive(Clone)]
struct Letter {
    shared: Arc<Shared>,
    /// Its place in the ledger.
    webhook: usize,
    id: String,
    body: String,
    server: MessageServer,
    sending: Sending,
}

impl Courier {
    pub(super) fn new(shared: Arc<Shared>, call_id: &str) -> Self {
        Self {
            shared,
            call_id: call_id.to_owned(),
            held: None,
            sent: 0,
        }
    }

    /// How many messages were due before, this one then counted.
    pub(super) fn count(&mut self) -> usize {
        self.sent += 1;
        self.sent - 1
    }

    /// Sends a message, which the ledger has under this name. Does not wait for the answer: a slow delivery does not
    /// hold up the next.
    pub(super) fn send(&mut self, name: &str, message: &Map<String, Value>, fate: Fate) {
        let Fate { fault, delay } = fate;
        let Some(letter) = self.letter(name, message, fault) else {
            return;
        };
        match fault {
            WebhookFault::None => self.dispatch(Duration::ZERO, letter),
            WebhookFault::Delay => self.dispatch(delay, letter),
            WebhookFault::Duplicate => {
                let webhook = self.shared.note_webhook(&self.call_id, name, fault);
                let second = Letter {
                    webhook,
                    ..letter.clone()
                };
                self.dispatch(Duration::ZERO, second);
                self.dispatch(Duration::ZERO, letter);
            }
            WebhookFault::Drop => {
                self.shared
                    .settle_webhook(letter.webhook, Delivery::Dropped);
                self.send_held();
            }
            WebhookFault::BadSignature => {
                let server = forged(&letter.server);
                self.dispatch(Duration::ZERO, Letter { server, ..letter });
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

    /// The message as a letter; `None` when the account has no server.
    fn letter(
        &self,
        name: &str,
        message: &Map<String, Value>,
        fault: WebhookFault,
    ) -> Option<Letter> {
        let server = server_of(&self.shared, &self.call_id)?;
        let webhook = self.shared.note_webhook(&self.call_id, name, fault);
        Some(Letter {
            shared: self.shared.clone(),
            webhook,
            id: format!("msg_{:032x}", rand::random::<u128>()),
            body: json!({ "message": message }).to_string(),
            server,
            sending: self.shared.scenario().messages.clone(),
        })
    }
}

/// The server of the account that a call belongs to.
pub(super) fn server_of(shared: &Shared, call_id: &str) -> Option<MessageServer> {
    let key = shared.read(call_id, |call| call.account.clone())?;
    shared.account(&key)?.server
}

/// The same server, with a secret that is not its own.
pub(super) fn forged(server: &MessageServer) -> MessageServer {
    let secret = format!("not-{}", server.secret.expose_secret());
    MessageServer {
        secret: secret.into(),
        ..server.clone()
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
        // Addresses are signed anew for each delivery.
        let body = self.body.replace(UNSIGNED, &uuid(rand::random()));
        let timeout = Duration::from_secs_f64(self.sending.timeout_seconds);
        let answer = post(&self.shared, &self.server, &self.id, body, timeout).await;
        let (status, error) = match answer {
            Ok((status, _)) => (Some(status), None),
            Err(error) => (None, Some(error.to_owned())),
        };
        self.shared.note_try(
            self.webhook,
            Try {
                at_ms,
                status,
                error,
            },
        );
        status.is_some_and(is_success)
    }
}

pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Posts a message and waits for the whole answer; else what went wrong.
pub(super) async fn post(
    shared: &Shared,
    server: &MessageServer,
    id: &str,
    body: String,
    timeout: Duration,
) -> Result<(u16, Bytes), &'static str> {
    let secret = server.secret.expose_secret();
    let headers = vapi_headers(
        &server.auth,
        secret,
        id,
        now_ms(),
        &server.url,
        body.as_bytes(),
    );
    let request = shared
        .http
        .post(&server.url)
        .timeout(timeout)
        .header("content-type", "application/json");
    let request = headers.into_iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let failed = |error: reqwest::Error| what_failed(&error);
    let answer = request.body(body).send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(failed)?;
    Ok((status, body))
}
