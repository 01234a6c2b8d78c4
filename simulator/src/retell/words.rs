//! What is said on the fake calls. All invented.

use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::scenario::Outcome;
use crate::chance::pick;

/// One thing said: by the agent or the user.
pub(crate) type Line = (&'static str, String);

const OPENINGS: &[&str] = &[
    "Hello, this is the reminder service about your appointment. Is this a good moment?",
    "Good morning, I am calling about the appointment you have with us.",
    "Hi there, this is a short call about your coming appointment.",
];

/// What the two sides say in a call that goes so; `told` is what the user says besides, once they are greeted.
pub(crate) fn conversation(outcome: Outcome, told: &[String], dice: &mut StdRng) -> Vec<Line> {
    let usual = usual(outcome, dice);
    let mut talk: Vec<Line> = usual
        .into_iter()
        .map(|(role, words)| (role, words.to_owned()))
        .collect();
    let told = told.iter().map(|words| ("user", words.clone()));
    talk.splice(1..1, told);
    talk
}

fn usual(outcome: Outcome, dice: &mut StdRng) -> Vec<(&'static str, &'static str)> {
    let mut say = |words: &[&'static str]| pick(dice, words).unwrap_or_default();
    if outcome == Outcome::Voicemail {
        return vec![(
            "user",
            say(&[
                "You have reached my voicemail, please leave a message after the tone.",
                "Nobody can take your call just now. Beep.",
            ]),
        )];
    }
    let opening = ("agent", say(OPENINGS));
    let mut talk = vec![opening];
    talk.extend(match outcome {
        Outcome::Confirmed => vec![
            (
                "user",
                say(&[
                    "Oh yes, I'll be there.",
                    "Yes, that still suits me.",
                    "Of course, thanks for reminding me.",
                ]),
            ),
            (
                "agent",
                say(&[
                    "Lovely, it is confirmed. Goodbye!",
                    "Thank you, see you then.",
                ]),
            ),
        ],
        Outcome::Cancelled => vec![
            (
                "user",
                say(&[
                    "I'm afraid I have to cancel.",
                    "Please cancel it, I'm away that week.",
                ]),
            ),
            (
                "agent",
                say(&[
                    "I have noted that it is cancelled.",
                    "That's done, thank you for telling us.",
                ]),
            ),
            ("user", "Thanks, bye."),
        ],
        Outcome::Rescheduled => vec![
            (
                "user",
                say(&[
                    "Could we move it to another day?",
                    "That time has become difficult, could it be later?",
                ]),
            ),
            (
                "agent",
                say(&[
                    "Somebody will ring you with a new time.",
                    "I'll pass that on, and we will find another time.",
                ]),
            ),
        ],
        Outcome::DoNotCall => vec![
            ("user", "Please don't ring me again."),
            ("agent", "I understand, we will not."),
        ],
        Outcome::CancelledAndDoNotCall => vec![
            ("user", "Cancel it, and take me off your list."),
            ("agent", "It is cancelled, and we will not call again."),
        ],
        Outcome::Dropped => vec![("user", "Yes, hello, who is")],
        _ => vec![
            (
                "user",
                say(&[
                    "I'd have to look in my diary.",
                    "Can't talk now, I'm driving.",
                ]),
            ),
            ("agent", "No trouble, goodbye."),
        ],
    });
    talk
}

/// The conversation as one text, as in `transcript`.
pub(crate) fn transcript(talk: &[Line]) -> String {
    let name = |role: &str| if role == "agent" { "Agent" } else { "User" };
    talk.iter()
        .map(|(role, words)| format!("{}: {words}\n", name(role)))
        .collect()
}

/// The conversation word by word, as in `transcript_object`.
pub(crate) fn transcript_object(talk: &[Line]) -> Value {
    let mut at = 0.4;
    talk.iter()
        .map(|(role, content)| {
            let words: Vec<Value> = content
                .split(' ')
                .map(|word| {
                    let start = at;
                    at += 0.35;
                    json!({"word": word, "start": start, "end": at})
                })
                .collect();
            json!({"role": role, "content": content, "words": words})
        })
        .collect()
}

/// The decision as the post-call analysis puts it.
pub(crate) fn action(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed => "confirmed",
        Outcome::Cancelled | Outcome::CancelledAndDoNotCall => "cancelled",
        Outcome::Rescheduled => "rescheduled",
        _ => "no_clear_answer",
    }
}

pub(crate) fn summary(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed => "The person confirmed that they will come.",
        Outcome::Cancelled => "The person cancelled the appointment.",
        Outcome::Rescheduled => "The person asked for another time.",
        Outcome::DoNotCall => "The person asked not to be called again.",
        Outcome::CancelledAndDoNotCall => "The person cancelled and asked not to be called again.",
        Outcome::Voicemail => "A voicemail answered; no message was left.",
        Outcome::Dropped => "The line broke before anything was said.",
        _ => "The person could not say yet.",
    }
}

pub(crate) fn sentiment(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed | Outcome::Rescheduled => "Positive",
        Outcome::DoNotCall | Outcome::CancelledAndDoNotCall => "Negative",
        Outcome::Voicemail | Outcome::Dropped => "Unknown",
        _ => "Neutral",
    }
}
