//! Status callbacks: forms, signed with the auth token, and spoilt as the scenario says.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use secrecy::ExposeSecret;

use super::{
    Shared,
    ledger::{CallbackSeen, Message},
    message::API_VERSION,
};
use crate::{outbound::what_failed, retell::WebhookFault, sign};

/// One state of one message, to be told to the address that was given with it.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    url: reqwest::Url,
    account: String,
    sid: String,
    status: String,
    form: Vec<(String, String)>,
}

impl Callback {
    pub(super) fn about(message: Message, mut url: reqwest::Url) -> Self {
        // A fragment is for Twilio alone (connection overrides), so it is neither sent nor signed.
        url.set_fragment(None);
        let mut form: Vec<(String, String)> = [
            ("MessageSid", message.sid.clone()),
            ("SmsSid", message.sid.clone()),
            ("MessageStatus", message.status.clone()),
            ("SmsStatus", message.status.clone()),
            ("AccountSid", message.account.clone()),
            ("ApiVersion", API_VERSION.to_owned()),
            ("To", message.to),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let mut add = |name: &str, value: Option<String>| {
            form.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("From", message.from);
        add("MessagingServiceSid", message.messaging_service);
        add("ErrorCode", message.error_code.map(|code| code.to_string()));
        let done = matches!(message.status.as_str(), "delivered" | "undelivered");
        add("RawDlrDoneDate", done.then(|| minute(message.updated_ms)));
        Self {
            url,
            account: message.account,
            sid: message.sid,
            status: message.status,
            form,
        }
    }
}

/// The time to the minute as carriers write it, `YYMMDDhhmm`.
fn minute(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.to_zoned(TimeZone::UTC)
        .strftime("%y%m%d%H%M")
        .to_string()
}

/// Sends the callbacks of one message.
pub(super) struct Courier {
    shared: Arc<Shared>,
    /// One that waits for the next to be sent before it.
    held: Option<Callback>,
}

impl Courier {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, held: None }
    }

    /// Sends a callback. Does not wait for the answer.
    pub(super) fn send(&mut self, callback: Callback, fault: WebhookFault, delay: Duration) {
        match fault {
            WebhookFault::None | WebhookFault::BadSignature => {
                self.dispatch(Duration::ZERO, callback, fault);
            }
            WebhookFault::Delay => self.dispatch(delay, callback, fault),
            WebhookFault::Duplicate => {
                self.dispatch(Duration::ZERO, callback.clone(), fault);
                self.dispatch(Duration::ZERO, callback, fault);
            }
            WebhookFault::Drop => {
                note(&self.shared, &callback, fault, None);
                self.send_held();
            }
            WebhookFault::Reorder => {
                self.send_held();
                self.held = Some(callback);
            }
        }
    }

    /// Sends what still waits for a successor.
    pub(super) fn send_held(&mut self) {
        if let Some(held) = self.held.take() {
            let shared = self.shared.clone();
            self.shared.spawn(async move {
                deliver(&shared, &held, WebhookFault::Reorder).await;
            });
        }
    }

    fn dispatch(&mut self, delay: Duration, callback: Callback, fault: WebhookFault) {
        let (shared, held) = (self.shared.clone(), self.held.take());
        self.shared.spawn(async move {
            tokio::time::sleep(delay).await;
            deliver(&shared, &callback, fault).await;
            if let Some(held) = held {
                deliver(&shared, &held, WebhookFault::Reorder).await;
            }
        });
    }
}

async fn deliver(shared: &Shared, callback: &Callback, fault: WebhookFault) {
    let account = shared
        .accounts
        .iter()
        .find(|account| account.sid == callback.account);
    let Some(account) = account else {
        return;
    };
    let token = match fault {
        WebhookFault::BadSignature => "not-the-token",
        _ => account.auth_token.expose_secret(),
    };
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&callback.form)
        .finish();
    let timeout = shared.book.scenario().callback_timeout_seconds;
    let answer = shared
        .http
        .post(callback.url.clone())
        .timeout(Duration::from_secs_f64(timeout))
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "x-twilio-signature",
            sign::twilio(token, callback.url.as_str(), &callback.form),
        )
        .body(body)
        .send()
        .await;
    note(shared, callback, fault, Some(answer));
}

/// Writes down what became of a callback; `None` when it was not sent.
fn note(
    shared: &Shared,
    callback: &Callback,
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
        ledger.callbacks.push(CallbackSeen {
            sid: callback.sid.clone(),
            status: callback.status.clone(),
            fault,
            sent,
            answer,
            error,
        });
    });
}
