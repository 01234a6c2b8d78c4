//! A simulator, a client of it, and a receiver of its webhooks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use domain::{
    call::{CallView, Observation},
    ids::CallId,
};
use jiff::Timestamp;
use providers::retell::{Client, NewCall, Timeouts, observe_event, webhook};
use simulator::retell::{Config, Running, Scenario};

pub(crate) const KEY: &str = "key_of_the_simulator";
pub(crate) const TO: &str = "+447700900123";
/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Everything a test needs, on free ports.
pub(crate) struct Stage {
    pub(crate) retell: Running,
    pub(crate) client: Client,
    pub(crate) inbox: Inbox,
}

/// Webhooks as they came in.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    /// What is answered, one status after another; 204 when there are none left.
    answers: Arc<Mutex<Vec<u16>>>,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) body: Vec<u8>,
    pub(crate) signed: bool,
}

impl Received {
    pub(crate) fn event(&self) -> String {
        webhook::outline(&self.body).unwrap().event
    }
}

impl Stage {
    pub(crate) async fn new(scenario: Scenario) -> Self {
        let inbox = Inbox::default();
        let url = inbox.clone().listen().await;
        let mut scenario = scenario.at_speed(1000.0);
        scenario.webhooks.backoff_seconds = 0.01;
        let retell = simulator::retell::start(Config::with_account(KEY, Some(url), scenario))
            .await
            .unwrap();
        let client = Client::new(&retell.base_url(), KEY.into(), Timeouts::default()).unwrap();
        Self {
            retell,
            client,
            inbox,
        }
    }

    /// A client that does not wait long for a dial to be answered.
    pub(crate) fn impatient_client(&self) -> Client {
        let place = Duration::from_millis(300);
        let timeouts = Timeouts {
            place,
            ..Timeouts::default()
        };
        Client::new(&self.retell.base_url(), KEY.into(), timeouts).unwrap()
    }

    /// Waits until every call has ended and every webhook is settled.
    pub(crate) async fn quiet(&self) {
        assert!(
            self.retell.quiet(PATIENCE).await,
            "not quiet: {:?}",
            self.retell.totals()
        );
    }

    /// What Bellhop would conclude from the webhooks it believes.
    pub(crate) fn view(&self) -> CallView {
        let observations: Vec<Observation> = self
            .inbox
            .received()
            .iter()
            .filter(|each| each.signed)
            .filter_map(|each| observe_event(&each.body, "appointment_action").unwrap())
            .collect();
        CallView::join(&observations)
    }
}

impl Inbox {
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.received().iter().map(Received::event).collect()
    }

    /// The events' places in the order of arrival.
    pub(crate) fn arrived(&self, event: &str) -> Option<usize> {
        self.events().iter().position(|each| each == event)
    }

    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.to_vec();
    }

    async fn listen(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/clinic", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hooks/clinic", post(receive))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers
        .get(webhook::SIGNATURE_HEADER)
        .and_then(|header| header.to_str().ok());
    let now = Timestamp::now().as_millisecond();
    let signed = webhook::verify(&body, header, &[KEY.into()], now, webhook::TOLERANCE).is_ok();
    inbox.received.lock().unwrap().push(Received {
        body: body.to_vec(),
        signed,
    });
    let mut answers = inbox.answers.lock().unwrap();
    match (signed, answers.is_empty()) {
        (false, _) => StatusCode::UNAUTHORIZED,
        (true, true) => StatusCode::NO_CONTENT,
        (true, false) => StatusCode::from_u16(answers.remove(0)).unwrap(),
    }
}

pub(crate) fn a_call() -> NewCall {
    a_call_to(TO)
}

pub(crate) fn a_call_to(to: &str) -> NewCall {
    NewCall {
        from_number: "+442079460000".into(),
        to_number: to.into(),
        agent_id: Some("agent_7c1f".into()),
        dynamic_variables: BTreeMap::from([("first_name".into(), "Ada".into())]),
        call_id: CallId::generate(),
        attempt: 1,
    }
}
