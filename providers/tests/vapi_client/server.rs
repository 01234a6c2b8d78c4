//! Clients of the local servers.

use std::{collections::BTreeMap, time::Duration};

use domain::ids::CallId;
use providers::vapi::{Client, NewCall, Timeouts};

use crate::local::Server;

pub(crate) const KEY: &str = "key_of_the_clinic";
pub(crate) const TO: &str = "+447700900123";

impl Server {
    pub(crate) fn client(&self) -> Client {
        patient_client(self.url())
    }
}

/// A client that gives up soon, for servers that do not answer.
pub(crate) fn hasty_client(url: &str) -> Client {
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        place: Duration::from_millis(500),
        read: Duration::from_millis(500),
    };
    Client::new(url, KEY.into(), timeouts).unwrap()
}

/// A client that gives a busy machine time.
pub(crate) fn patient_client(url: &str) -> Client {
    Client::new(url, KEY.into(), Timeouts::default()).unwrap()
}

pub(crate) fn a_call() -> NewCall {
    NewCall {
        assistant_id: "2f6c0a1e".into(),
        phone_number_id: "9e8d7c6b".into(),
        to_number: TO.into(),
        variables: BTreeMap::from([("first_name".into(), "Ada".into())]),
        call_id: CallId::generate(),
        attempt: 2,
    }
}
