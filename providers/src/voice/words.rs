//! What an analysis of a conversation says, in whatever words a model or a person chose for it.

use domain::call::{AppointmentAction, Sentiment};
use serde_json::{Map, Value};

/// Longest foreign word kept in an observation, in characters.
const MAX_WORD: usize = 80;
/// Longest summary kept in an observation, in characters; the body has all of it.
const MAX_SUMMARY: usize = 2_000;

/// The key of an analysis that holds what the conversation was about, in a few words.
const TOPIC_KEY: &str = "topic";

/// Keys of an analysis that say whether the person asked not to be called again.
const OPT_OUT_KEYS: &[&str] = &[
    "optout",
    "donotcall",
    "dnc",
    "stopcalling",
    "unsubscribe",
    "donotcontact",
];

/// Words for an opt-out beside the plain yes and no.
const OPT_OUT_WORDS: &[&str] = &[
    "opt out",
    "opted out",
    "do not call",
    "dnc",
    "stop",
    "stop calling",
    "requested",
    "unsubscribe",
];

/// What the data of an analysis says about the appointment and the person.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) action: Option<AppointmentAction>,
    /// The words for the action, when they were not understood.
    pub(crate) unclear_action: Option<String>,
    pub(crate) opt_out: bool,
    pub(crate) topic: Option<String>,
}

/// Reads the data that the agent's analysis was told to find. `outcome_field` names the key of the decision.
pub(crate) fn said(data: &Map<String, Value>, outcome_field: &str) -> Said {
    let (action, unclear_action) = action(data, outcome_field);
    Said {
        action,
        unclear_action,
        opt_out: opted_out(data),
        topic: data
            .get(TOPIC_KEY)
            .and_then(Value::as_str)
            .and_then(|topic| kept(topic, MAX_WORD)),
    }
}

/// What stands under one of these keys, in whatever spelling; they are given squeezed.
pub(crate) fn valued<'a>(data: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    let mut named = data
        .iter()
        .filter(|(key, _)| keys.contains(&squeezed(key).as_str()));
    named.next().map(|(_, value)| value)
}

/// A summary as far as it is kept.
pub(crate) fn summary(text: &str) -> Option<String> {
    kept(text, MAX_SUMMARY)
}

pub(crate) fn sentiment(word: &str) -> Option<Sentiment> {
    Sentiment::from_code(&word.trim().to_ascii_lowercase())
}

/// The head of a text, unless there is nothing in it. Without control characters: a database column takes no NUL.
fn kept(text: &str, most: usize) -> Option<String> {
    let plain = |each: char| if each.is_control() { ' ' } else { each };
    let kept: String = text.trim().chars().take(most).map(plain).collect();
    (!kept.is_empty()).then_some(kept)
}

/// The decision in the analysis, and its words when they were not understood.
fn action(
    data: &Map<String, Value>,
    outcome_field: &str,
) -> (Option<AppointmentAction>, Option<String>) {
    let wanted = squeezed(outcome_field);
    let said = data
        .iter()
        .find(|(key, _)| squeezed(key) == wanted)
        .map(|(_, value)| value);
    match said {
        None | Some(Value::Null) => (None, None),
        Some(Value::String(words)) => match action_in(words) {
            Some(action) => (Some(action), None),
            None => (None, Some(shortened(words))),
        },
        Some(other) => (None, Some(shortened(&other.to_string()))),
    }
}

/// Answers that decide nothing.
const NO_ACTION: &[&str] = &[
    "",
    "n a",
    "na",
    "no",
    "no action",
    "no answer",
    "no clear answer",
    "no decision",
    "no response",
    "none",
    "not confirmed",
    "null",
    "other",
    "unclear",
    "unconfirmed",
    "undecided",
    "unknown",
];

/// Words that may stand around a decision without changing it.
const AROUND: &[&str] = &[
    "a",
    "an",
    "and",
    "appointment",
    "asked",
    "asks",
    "be",
    "been",
    "booking",
    "by",
    "caller",
    "client",
    "contact",
    "customer",
    "for",
    "has",
    "have",
    "he",
    "her",
    "his",
    "is",
    "it",
    "like",
    "my",
    "needs",
    "ok",
    "outcome",
    "patient",
    "person",
    "please",
    "request",
    "requested",
    "requests",
    "s",
    "she",
    "status",
    "that",
    "the",
    "their",
    "they",
    "this",
    "to",
    "user",
    "visit",
    "want",
    "wanted",
    "wants",
    "was",
    "wishes",
    "would",
    "yes",
];

/// The action in words written by a model: one of the usual words, alone or in a phrase that cannot
/// mean anything else. "Did not cancel" and "asked what cancelling costs" are left to a person.
fn action_in(words: &str) -> Option<AppointmentAction> {
    let words = plain(words);
    if NO_ACTION.contains(&words.as_str()) {
        return Some(AppointmentAction::NoAction);
    }
    let mut found = None;
    for word in words.split(' ').filter(|word| !AROUND.contains(word)) {
        let action = action_word(word)?;
        if found.is_some_and(|found| found != action) {
            return None;
        }
        found = Some(action);
    }
    found
}

fn action_word(word: &str) -> Option<AppointmentAction> {
    match word {
        "confirm" | "confirms" | "confirmed" | "confirming" | "confirmation" => {
            Some(AppointmentAction::Confirmed)
        }
        "cancel" | "cancels" | "canceled" | "cancelled" | "canceling" | "cancelling"
        | "cancelation" | "cancellation" => Some(AppointmentAction::Cancelled),
        "reschedule" | "reschedules" | "rescheduled" | "rescheduling" | "rebook" | "rebooked"
        | "postpone" | "postponed" => Some(AppointmentAction::Rescheduled),
        _ => None,
    }
}

fn opted_out(data: &Map<String, Value>) -> bool {
    data.iter()
        .filter(|(key, _)| OPT_OUT_KEYS.contains(&squeezed(key).as_str()))
        .any(|(_, value)| truth(value).unwrap_or_else(|| says_opt_out(value)))
}

fn says_opt_out(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|words| OPT_OUT_WORDS.contains(&plain(words).as_str()))
}

/// Lower case, with a single space for whatever is neither letter nor digit.
fn plain(words: &str) -> String {
    let spaced: String = words
        .chars()
        .map(|each| {
            if each.is_alphanumeric() {
                each.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lower case without spaces, dashes and underscores: how keys are compared.
fn squeezed(key: &str) -> String {
    key.chars()
        .filter(|each| each.is_alphanumeric())
        .map(|each| each.to_ascii_lowercase())
        .collect()
}

/// Without control characters: a database column takes no NUL, and a log line no line break.
pub(crate) fn shortened(words: &str) -> String {
    words
        .chars()
        .take(MAX_WORD)
        .map(|each| if each.is_control() { '\u{fffd}' } else { each })
        .collect()
}

/// A yes or no, written as a boolean, a number or a word.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => Some(true),
            "false" | "no" | "n" | "0" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
