//! A client, a receiver of callbacks, and the patience of all tests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};

/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than this is no answer.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(300);

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    builder.tls_certs_only([]).build().unwrap()
}

/// Callbacks as they came in.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<Vec<Received>>>);

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) signature: String,
    pub(crate) form: Vec<(String, String)>,
}

impl Inbox {
    /// Listens at a free port and answers the address.
    pub(crate) async fn listen(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/status?alert=42", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/status", post(receive))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.0.lock().unwrap().clone()
    }

    /// A field of each form, in the order of arrival.
    pub(crate) fn all(&self, field: &str) -> Vec<String> {
        let received = self.received();
        let forms = received.iter().map(|each| &each.form);
        forms
            .filter_map(|form| form.iter().find(|(name, _)| name == field))
            .map(|(_, value)| value.clone())
            .collect()
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) {
    let signature = headers["x-twilio-signature"].to_str().unwrap().to_owned();
    let form = form_urlencoded::parse(&body).into_owned().collect();
    inbox.0.lock().unwrap().push(Received { signature, form });
}
