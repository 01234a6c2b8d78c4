//! The outline and the full reading of a callback, which is a form.

use crate::{
    outline::{Outline, ParseProblem, UNTYPED, hash, name},
    private::Private,
};

/// The parameters of a form. Bytes that are no UTF-8 are replaced, as in every form decoder.
struct Form(Vec<(String, String)>);

impl Form {
    fn of(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first of the names that has a value.
    fn text(&self, names: &[&str]) -> Option<&str> {
        let value = |wanted: &&str| {
            let mut each = self.0.iter();
            each.find(|(name, value)| name == wanted && !value.is_empty())
        };
        names
            .iter()
            .find_map(value)
            .map(|(_, value)| value.as_str())
    }

    fn owned(&self, names: &[&str]) -> Option<String> {
        self.text(names).map(str::to_owned)
    }

    fn private(&self, names: &[&str]) -> Option<Private> {
        self.owned(names).map(Private)
    }
}

/// Twilio renamed `Sms…` to `Message…` and sends both.
const MESSAGE_SID: &[&str] = &["MessageSid", "SmsSid", "SmsMessageSid"];
const MESSAGE_STATUS: &[&str] = &["MessageStatus", "SmsStatus"];
const CALL_SID: &[&str] = &["CallSid"];
const CALL_STATUS: &[&str] = &["CallStatus"];

/// Reads the outline of a callback: `message.<status>` or `call.<status>`, and [`UNTYPED`] for anything that
/// tells neither.
///
/// The dedupe key is the message's (or call's) id with its status, because Twilio sends no delivery id and
/// each state is reached once: what else a second callback of the same state holds changes nothing. Without
/// a status the body's hash takes its place, so that no two different callbacks become one.
pub fn outline(body: &[u8]) -> Result<Outline, ParseProblem> {
    let form = Form::of(body);
    let message = name(form.text(MESSAGE_SID), "MessageSid")?;
    let call = name(form.text(CALL_SID), "CallSid")?;
    let (kind, sid, status) = match (&message, &call) {
        (Some(sid), _) => ("message", sid.as_str(), form.text(MESSAGE_STATUS)),
        (None, Some(sid)) => ("call", sid.as_str(), form.text(CALL_STATUS)),
        (None, None) => (UNTYPED, "-", None),
    };
    let status = name(status, "MessageStatus or CallStatus")?;
    Ok(Outline {
        dedupe_key: match &status {
            Some(status) => format!("twilio:{kind}:{sid}:{status}"),
            None => format!("twilio:{kind}:{sid}:{}", hash(body)),
        },
        event_type: match &status {
            Some(status) => format!("{kind}.{status}"),
            None => kind.to_owned(),
        },
        call_id: None,
        provider_call_id: call,
    })
}

/// What a callback says, by what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A text we sent (its status), or one that came in (`received`, with its words).
    Message(Box<Message>),
    Call {
        sid: String,
        status: Option<String>,
        from: Option<Private>,
        to: Option<Private>,
    },
    Other {
        event_type: String,
    },
}

/// A text message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub sid: String,
    /// `queued`, `sent`, `delivered`, `undelivered`, `failed`, `received`, …; see [`rank`].
    pub status: Option<String>,
    /// Why it was not delivered, such as `30003`.
    pub error_code: Option<String>,
    pub account_sid: Option<String>,
    pub from: Option<Private>,
    pub to: Option<Private>,
    pub text: Option<Private>,
}

/// Reads a callback in full. Every body is a form of some kind, so that today nothing is a problem.
pub fn read(body: &[u8]) -> Result<Event, ParseProblem> {
    let form = Form::of(body);
    if let Some(sid) = form.owned(MESSAGE_SID) {
        return Ok(Event::Message(Box::new(Message {
            sid,
            status: form.owned(MESSAGE_STATUS),
            error_code: form.owned(&["ErrorCode"]),
            account_sid: form.owned(&["AccountSid"]),
            from: form.private(&["From"]),
            to: form.private(&["To"]),
            text: form.private(&["Body"]),
        })));
    }
    Ok(match form.owned(CALL_SID) {
        Some(sid) => Event::Call {
            sid,
            status: form.owned(CALL_STATUS),
            from: form.private(&["From"]),
            to: form.private(&["To"]),
        },
        None => Event::Other {
            event_type: UNTYPED.to_owned(),
        },
    })
}

/// How far on its way a message is in this state. Callbacks come in any order: a lower rank than the one
/// known changes nothing. An unknown state ranks lowest.
pub fn rank(status: &str) -> u8 {
    match status {
        "accepted" | "scheduled" | "queued" => 1,
        "sending" | "receiving" => 2,
        "sent" => 3,
        "delivered"
        | "undelivered"
        | "failed"
        | "canceled"
        | "received"
        | "partially_delivered" => 4,
        "read" => 5,
        _ => 0,
    }
}
