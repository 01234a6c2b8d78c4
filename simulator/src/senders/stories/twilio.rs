//! A text message sent through Twilio, state by state.

use crate::senders::{
    event::{Body, Event},
    story::Story,
};

pub(in crate::senders) const STEPS: u64 = 3;

pub(in crate::senders) fn event(story: &Story, step: u64) -> Event {
    let fates = [
        "delivered",
        "delivered",
        "delivered",
        "undelivered",
        "failed",
        "read",
    ];
    let status = match step {
        0 => "queued",
        1 => "sent",
        _ => story.pick("fate", &fates),
    };
    let sid = format!("SM{}", story.hex("message", 32));
    let mut form: Vec<(String, String)> = [
        ("MessageSid", sid.as_str()),
        ("SmsSid", &sid),
        ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
        ("MessageStatus", status),
        ("SmsStatus", status),
        ("To", &story.customer()),
        ("From", &story.business()),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if matches!(status, "undelivered" | "failed") {
        form.push(("ErrorCode".to_owned(), "30003".to_owned()));
    }
    Event {
        kind: status.to_owned(),
        identity: format!("{sid}/{status}"),
        id: format!("{sid}/{status}"),
        subject: sid,
        body: Body::Form(form),
    }
}
