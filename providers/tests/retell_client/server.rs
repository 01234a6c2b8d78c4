//! Clients of the local servers.

use std::{collections::BTreeMap, time::Duration};

use domain::ids::CallId;
use providers::retell::{Client, NewCall, Timeouts};

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
        from_number: "+442079460000".into(),
        to_number: TO.into(),
        agent_id: Some("agent_7c1f".into()),
        dynamic_variables: BTreeMap::from([("first_name".into(), "Ada".into())]),
        call_id: CallId::generate(),
        attempt: 2,
    }
}
