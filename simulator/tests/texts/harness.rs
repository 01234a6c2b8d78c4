//! A workspace, a receiver of its webhooks, and the patience of all tests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use domain::{
    country::Country,
    phone::PhoneNumber,
    text::{Conversation, Entry},
};
use providers::{
    channel::HttpOptions,
    openphone::{
        client::{AudioOptions, Client, Options},
        entry::{Reading, entry},
        event::read,
    },
};
use simulator::openphone::{Config, Running, Scenario, Shape, start};

/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const KEY: &str = "op_key_1234567890";
pub(crate) const LINE: &str = "+442079460000";
pub(crate) const MONITOR: &str = "+442079460001";
pub(crate) const PERSON: &str = "+447700900123";
pub(crate) const OLD_SECRET: &str = "cXVvLWxlZ2FjeS1zaWduaW5nLWtleS0zMi1ieXRlcyE=";
pub(crate) const NEW_SECRET: &str = "whsec_cXVvLW5ldy13ZWJob29rLXNlY3JldC0yNGJ5dA==";

pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_e164(text).unwrap()
}

pub(crate) fn fast() -> Scenario {
    Scenario::default().at_speed(10_000.0)
}

/// A workspace with two lines, `PN1` and `PN2`, whose events nobody hears.
pub(crate) async fn quiet_workspace(scenario: Scenario) -> Running {
    let config = Config::with_lines(KEY, &[LINE, MONITOR], scenario);
    start(config).await.unwrap()
}

/// The same, with its events told.
pub(crate) async fn workspace(scenario: Scenario, inbox: &Inbox, shape: Shape) -> Running {
    let secret = match shape {
        Shape::Quo => NEW_SECRET,
        Shape::V3 | Shape::V4 => OLD_SECRET,
    };
    let url = inbox.clone().listen().await;
    let config = Config::with_lines(KEY, &[LINE, MONITOR], scenario).telling(&url, shape, secret);
    start(config).await.unwrap()
}

pub(crate) fn options() -> Options {
    Options {
        http: HttpOptions {
            allow_private: true,
            ..HttpOptions::default()
        },
        audio: AudioOptions {
            allow_private: true,
            ..AudioOptions::default()
        },
        ..Options::default()
    }
}

pub(crate) fn client(workspace: &Running) -> Client {
    client_with(workspace, KEY, options())
}

pub(crate) fn client_with(workspace: &Running, key: &str, options: Options) -> Client {
    Client::new(&workspace.base_url(), key.into(), options).unwrap()
}

/// For a server that does not answer.
pub(crate) fn hasty() -> Options {
    let mut options = options();
    options.http.total = Duration::from_millis(500);
    options
}

/// Webhooks as they came in.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    /// So many are answered with 503 first.
    refuses: Arc<Mutex<usize>>,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Inbox {
    pub(crate) fn refusing(times: usize) -> Self {
        let inbox = Self::default();
        *inbox.refuses.lock().unwrap() = times;
        inbox
    }

    async fn listen(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(receive)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The parts of conversations that were told, in the order of arrival.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let lines = [number(LINE), number(MONITOR)];
        let reading = Reading {
            country: Country::GB,
            lines: &lines,
        };
        let received = self.received();
        let events = received.iter().map(|each| read(&each.body).unwrap());
        events.filter_map(|event| entry(&event, reading)).collect()
    }

    pub(crate) fn conversation(&self) -> Conversation {
        self.entries().into_iter().collect()
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    {
        let mut refuses = inbox.refuses.lock().unwrap();
        if *refuses > 0 {
            *refuses -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    inbox
        .received
        .lock()
        .unwrap()
        .push(Received { headers, body });
    StatusCode::NO_CONTENT
}
