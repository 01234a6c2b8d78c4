//! A simulator, a client of it, and a receiver of its messages.

use std::{
    collections::{BTreeMap, VecDeque},
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
use domain::{
    call::{CallView, Observation},
    ids::CallId,
};
use jiff::Timestamp;
use providers::{
    source::{Request, SourceKind, SourceOptions, verify},
    vapi::{
        Client, NewCall, Timeouts, observe_event,
        question::{self, Question},
        webhook,
    },
};
use serde_json::{Value, json};
use simulator::vapi::{Config, Running, Scenario};

pub(crate) const KEY: &str = "key_of_the_simulator";
pub(crate) const SECRET: &str = "secret_of_the_server";
pub(crate) const FIELD: &str = "appointment_action";
pub(crate) const TO: &str = "+447700900123";
pub(crate) const OURS: &str = "+442079460000";
/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Everything a test needs, on free ports.
pub(crate) struct Stage {
    pub(crate) vapi: Running,
    pub(crate) client: Client,
    pub(crate) inbox: Inbox,
}

/// Messages as they came in, and what is answered to them.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    options: SourceOptions,
    received: Vec<Received>,
    /// Statuses for messages that need no answer, one after another; 200 when there are none left.
    statuses: VecDeque<u16>,
    /// What is answered to a question for an assistant.
    assistant: Option<(u16, Vec<u8>)>,
    /// How long that takes.
    slow: Duration,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) body: Vec<u8>,
    pub(crate) verified: bool,
}

impl Received {
    fn message(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["message"].clone()
    }

    /// The type, or the status of a status update.
    pub(crate) fn name(&self) -> String {
        let message = self.message();
        match message["type"].as_str().unwrap() {
            "status-update" => message["status"].as_str().unwrap().to_owned(),
            kind => kind.to_owned(),
        }
    }
}

impl Stage {
    pub(crate) async fn new(scenario: Scenario) -> Self {
        let inbox = Inbox::default();
        let url = inbox.clone().listen().await;
        let mut scenario = scenario.at_speed(1000.0);
        scenario.messages.backoff_seconds = 0.01;
        let config = Config::with_account(KEY, Some((url, SECRET)), scenario);
        let vapi = simulator::vapi::start(config).await.unwrap();
        let client = Client::new(&vapi.base_url(), KEY.into(), Timeouts::default()).unwrap();
        Self {
            vapi,
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
        Client::new(&self.vapi.base_url(), KEY.into(), timeouts).unwrap()
    }

    /// Waits until every call has ended and every message is settled.
    pub(crate) async fn quiet(&self) {
        assert!(
            self.vapi.quiet(PATIENCE).await,
            "not quiet: {:?}",
            self.vapi.totals()
        );
    }

    /// What Bellhop would conclude from the messages it believes.
    pub(crate) fn view(&self) -> CallView {
        let observations: Vec<Observation> = self
            .inbox
            .received()
            .iter()
            .filter(|each| each.verified)
            .filter_map(|each| observe_event(&each.body, FIELD).unwrap())
            .collect();
        CallView::join(&observations)
    }
}

impl Inbox {
    pub(crate) fn received(&self) -> Vec<Received> {
        self.0.lock().unwrap().received.clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.received().iter().map(Received::name).collect()
    }

    /// The place of a message in the order of arrival.
    pub(crate) fn arrived(&self, name: &str) -> Option<usize> {
        self.names().iter().position(|each| each == name)
    }

    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        self.0.lock().unwrap().statuses = statuses.iter().copied().collect();
    }

    pub(crate) fn answer_callers_with(&self, status: u16, answer: Vec<u8>) {
        self.0.lock().unwrap().assistant = Some((status, answer));
    }

    pub(crate) fn answer_callers_after(&self, slow: Duration) {
        self.0.lock().unwrap().slow = slow;
    }

    /// How messages have to prove themselves from now on.
    pub(crate) fn expect_proof(&self, options: Value) {
        let options = SourceOptions::read(SourceKind::Vapi, options).unwrap();
        self.0.lock().unwrap().options = options;
    }

    pub(crate) async fn listen(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/clinic", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hooks/clinic", post(receive))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> Response {
    let verified = is_verified(&inbox, &headers, &body);
    inbox.0.lock().unwrap().received.push(Received {
        body: body.to_vec(),
        verified,
    });
    if !verified {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match question::read(&body).unwrap() {
        Question::Assistant(_) => answer_assistant(&inbox).await,
        Question::Tools(asked) => {
            // Each is told what it asked for, so that a test sees that it was read.
            let results = asked.calls.iter().map(|call| {
                let args = call.args.clone().map(Value::Object).unwrap_or_default();
                call.result(Ok(json!({"asked": call.name, "with": args})))
            });
            question::tool_answer(&results.collect::<Vec<_>>()).into_response()
        }
        Question::Other => {
            let status = inbox.0.lock().unwrap().statuses.pop_front();
            StatusCode::from_u16(status.unwrap_or(200))
                .unwrap()
                .into_response()
        }
    }
}

async fn answer_assistant(inbox: &Inbox) -> Response {
    let (answer, slow) = {
        let contents = inbox.0.lock().unwrap();
        (contents.assistant.clone(), contents.slow)
    };
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    let (status, body) = answer.unwrap_or((200, b"{}".to_vec()));
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn is_verified(inbox: &Inbox, headers: &HeaderMap, body: &[u8]) -> bool {
    let request = Request {
        headers,
        path_and_query: "/hooks/clinic",
        body,
        now_ms: Timestamp::now().as_millisecond(),
    };
    let options = inbox.0.lock().unwrap().options.clone();
    let tolerance = Duration::from_secs(300);
    verify(
        SourceKind::Vapi,
        &options,
        &request,
        &[SECRET.into()],
        tolerance,
    )
    .is_ok()
        && webhook::outline(body).is_ok()
}

pub(crate) fn a_call() -> NewCall {
    a_call_to(TO)
}

pub(crate) fn a_call_to(to: &str) -> NewCall {
    NewCall {
        assistant_id: "assistant_of_the_desk".into(),
        phone_number_id: "number_of_the_desk".into(),
        to_number: to.into(),
        variables: BTreeMap::from([("first_name".into(), "Ada".into())]),
        call_id: CallId::generate(),
        attempt: 1,
    }
}
