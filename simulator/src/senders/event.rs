//! One event, before it is signed.

use serde_json::Value;

use super::{
    scenario::Scenario,
    stories::{agent, openphone, quo, retell, standard, twilio, vapi, zoho},
    story::Story,
    vendor::Vendor,
};

/// One event as its vendor tells it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// As the vendor calls it.
    pub(super) kind: String,
    /// The call, message, record or session it is about.
    pub(super) subject: String,
    /// The same for the same event however often it is sent, and for no other.
    pub(super) identity: String,
    /// What the delivery's id is, where one is sent.
    pub(super) id: String,
    pub(super) body: Body,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
}

/// Tells one step of a story.
type Tell<'a> = &'a dyn Fn(&Story, u64) -> Event;

impl Event {
    /// The `n`th event of the source at a place, when it is sent for the `tried`th time, counted from 0.
    pub(super) fn of(
        vendor: &Vendor,
        place: usize,
        scenario: &Scenario,
        n: u64,
        tried: u32,
    ) -> Self {
        let (steps, tell): (u64, Tell<'_>) = match vendor {
            Vendor::Retell => (retell::STEPS, &retell::event),
            Vendor::Vapi(_) => (vapi::STEPS, &|story, step| vapi::event(story, step, tried)),
            Vendor::OpenPhone => (openphone::STEPS, &openphone::event),
            Vendor::Quo => (quo::STEPS, &quo::event),
            Vendor::Standard(_) => (standard::STEPS, &standard::event),
            Vendor::Twilio => (twilio::STEPS, &twilio::event),
            Vendor::Zoho { channel_id } => (zoho::STEPS, &|story, step| {
                zoho::event(story, step, channel_id)
            }),
            Vendor::Agent(_) => (agent::STEPS, &agent::event),
        };
        let story = Story::new(scenario, place, n / steps);
        tell(&story, n % steps)
    }

    /// An event in JSON whose id is that of its delivery.
    pub(super) fn json(kind: &str, subject: &str, id: &str, body: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            identity: id.to_owned(),
            id: id.to_owned(),
            body: Body::Json(body),
        }
    }
}

impl Body {
    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Form(form) => form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish()
                .into_bytes(),
        }
    }
}
