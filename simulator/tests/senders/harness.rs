//! A receiver of webhooks that answers as told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use providers::retell::webhook;
use simulator::senders::{Config, Ledger, Running, Scenario, Source, Vendor, start};

pub(crate) const KEY: &str = "c2VjcmV0LW9mLXRoaXMtc291cmNlLTAx";
/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Webhooks as they came in.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    /// What is answered, one status after another; then what the signature deserves.
    answers: Arc<Mutex<Vec<u16>>>,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether Bellhop would believe that it is Retell's.
    pub(crate) fn is_retells(&self) -> bool {
        let header = self.headers.get(webhook::SIGNATURE_HEADER);
        let header = header.map(|value| value.to_str().unwrap());
        let now = Timestamp::now().as_millisecond();
        let verified = webhook::verify(&self.body, header, &[KEY.into()], now, webhook::TOLERANCE);
        verified.is_ok()
    }
}

impl Inbox {
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The bodies in the order of arrival.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.received().into_iter().map(|each| each.body).collect()
    }

    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.to_vec();
    }

    /// Listens at a free port and answers the address.
    pub(crate) async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/one", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hooks/one", post(receive))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received {
        headers,
        body: body.to_vec(),
    };
    let from_retell = received.headers.contains_key(webhook::SIGNATURE_HEADER);
    let deserved = match !from_retell || received.is_retells() {
        true => 204,
        false => 401,
    };
    inbox.received.lock().unwrap().push(received);
    let mut answers = inbox.answers.lock().unwrap();
    let status = if answers.is_empty() {
        deserved
    } else {
        answers.remove(0)
    };
    let status = StatusCode::from_u16(status).unwrap();
    match status {
        StatusCode::TOO_MANY_REQUESTS => (status, [("retry-after", "1")]).into_response(),
        _ => status.into_response(),
    }
}

/// Starts to send so many events of one vendor.
pub(crate) async fn sending(
    inbox: &Inbox,
    vendor: Vendor,
    events: u64,
    scenario: Scenario,
) -> Running {
    let source = Source::new(vendor, &inbox.listen().await, KEY);
    let config = Config {
        sources: vec![source],
        events,
        scenario,
    };
    start(config).unwrap()
}

/// Sends so many events of one vendor to the end.
pub(crate) async fn sent(inbox: &Inbox, vendor: Vendor, events: u64, scenario: Scenario) -> Ledger {
    let running = sending(inbox, vendor, events, scenario).await;
    assert!(running.finished(PATIENCE).await, "{:?}", running.totals());
    running.ledger()
}

/// Nothing goes wrong, and what is sent again comes soon.
pub(crate) fn quick() -> Scenario {
    Scenario {
        delay_seconds: [0.0, 0.05],
        ..Scenario::default().at_speed(1_000_000.0)
    }
}
