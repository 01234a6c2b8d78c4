//! An account with a client, a receiver of notifications, and the patience of all tests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use domain::{
    country::Country,
    crm::{Field, Values},
    phone::{self, PhoneNumber},
    settings::Crm,
};
use jiff::Timestamp;
use providers::{
    channel::HttpOptions,
    zoho::{AccessToken, Accounts, Client, Grant, Hosts, Options, Table},
};
use simulator::zoho::{Config, Running, Scenario, start};

/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than this is no answer.
pub(crate) const HASTE: Duration = Duration::from_millis(300);

pub(crate) const CLIENT_ID: &str = "1000.CLIENT";
pub(crate) const CLIENT_SECRET: &str = "0123456789abcdef";
pub(crate) const REFRESH_TOKEN: &str = "1000.refresh";

/// A fake, and a client that has a token.
pub(crate) struct Office {
    pub(crate) zoho: Running,
    pub(crate) client: Client,
    pub(crate) token: AccessToken,
    pub(crate) table: Table,
}

pub(crate) async fn office(scenario: Scenario) -> Office {
    office_with(scenario, settings()).await
}

pub(crate) async fn office_with(scenario: Scenario, crm: Crm) -> Office {
    let zoho = zoho(scenario).await;
    let token = refresh(&zoho).await;
    let client = Client::new(&token, options(Duration::from_secs(20))).unwrap();
    Office {
        zoho,
        client,
        token,
        table: Table::of(&crm),
    }
}

pub(crate) async fn zoho(scenario: Scenario) -> Running {
    let config = Config::with_grant(CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, scenario);
    start(config).await.unwrap()
}

pub(crate) async fn refresh(zoho: &Running) -> AccessToken {
    accounts(zoho)
        .refresh(&grant(), Timestamp::now())
        .await
        .unwrap()
}

pub(crate) fn accounts(zoho: &Running) -> Accounts {
    let hosts = Hosts {
        accounts: zoho.base_url(),
        api: zoho.base_url(),
    };
    Accounts::new(&hosts, options(PATIENCE).http).unwrap()
}

pub(crate) fn grant() -> Grant {
    Grant {
        client_id: CLIENT_ID.into(),
        client_secret: CLIENT_SECRET.into(),
        refresh_token: REFRESH_TOKEN.into(),
    }
}

pub(crate) fn options(total: Duration) -> Options {
    Options {
        http: HttpOptions {
            total,
            allow_private: true,
            ..HttpOptions::default()
        },
        ..Options::default()
    }
}

/// Settings with a field for our own id.
pub(crate) fn settings() -> Crm {
    let mut crm = Crm {
        reference_field: Some("Bellhop_Id".to_owned()),
        ..Crm::default()
    };
    crm.fields
        .insert(Field::DoNotCall, "Do_Not_Call".to_owned());
    crm
}

pub(crate) fn ada() -> Values {
    Values::default()
        .with(Field::FirstName, "Ada")
        .with(Field::LastName, "Byron")
        .with(Field::Phone, "+447700900123")
        .with(Field::Email, "ada@example.com")
}

pub(crate) fn number(text: &str) -> PhoneNumber {
    phone::parse(text, Country::GB).unwrap().number
}

/// Notifications as they came in.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<Vec<Vec<u8>>>>);

impl Inbox {
    /// Listens at a free port and answers the address.
    pub(crate) async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/zoho/ch1", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/zoho/ch1", post(receive))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().clone()
    }
}

async fn receive(State(inbox): State<Inbox>, body: Bytes) {
    inbox.0.lock().unwrap().push(body.to_vec());
}
