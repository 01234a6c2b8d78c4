//! Signed webhooks of Retell's shape, over one kept-alive connection.

use std::sync::LazyLock;

use anyhow::{Result, ensure};
use hyper::StatusCode;
use jiff::Timestamp;
use providers::retell::webhook::{SIGNATURE_HEADER, sign};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use secrecy::SecretString;

use crate::{load::Sender, post::Post};

pub(crate) const API_KEY: &str = "key_bench_000000000000000";
/// How large what comes in is, in words and in bytes.
pub(crate) const SIZES: [(&str, usize); 2] = [("2 KB", 2 << 10), ("50 KB", 50 << 10)];
const NOBODYS_KEY: &str = "key_bench_of_somebody_else";
/// More than any body needs.
const TALK_BYTES: usize = 1 << 20;
const WORDS: usize = 600;

/// What the webhooks say.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bodies {
    /// A talk of a few sentences, 1,710 bytes in all.
    Short,
    /// As long a talk as makes so many bytes in all.
    Of(usize),
}

/// Whose key a webhook is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignedBy {
    Retell,
    Nobody,
}

/// One connection to ingress.
pub(crate) struct Webhooks {
    post: Post,
    path: String,
    bodies: Bodies,
}

impl Webhooks {
    pub(crate) async fn connect(port: u16, source_key: &str, bodies: Bodies) -> Result<Self> {
        Ok(Self {
            post: Post::connect(port).await?,
            path: format!("/hooks/{source_key}"),
            bodies,
        })
    }

    pub(crate) async fn post(&mut self, number: u64, by: SignedBy) -> Result<StatusCode> {
        let body = self.bodies.body(number);
        let secret = SecretString::from(match by {
            SignedBy::Retell => API_KEY,
            SignedBy::Nobody => NOBODYS_KEY,
        });
        let signature = sign(body.as_bytes(), &secret, Timestamp::now().as_millisecond());
        let headers = [
            ("content-type", "application/json"),
            (SIGNATURE_HEADER, signature.as_str()),
        ];
        self.post.send(&self.path, &headers, body).await
    }
}

impl Sender for Webhooks {
    async fn send(&mut self, number: u64) -> Result<()> {
        let status = self.post(number, SignedBy::Retell).await?;
        ensure!(
            status == StatusCode::NO_CONTENT,
            "a webhook was answered {status}"
        );
        Ok(())
    }
}

/// In the order of the numbers.
pub(crate) fn provider_call_id(number: u64) -> String {
    format!("call_{number:026}")
}

impl Bodies {
    /// What Retell sends when a call has been analyzed.
    pub(crate) fn body(self, number: u64) -> String {
        match self {
            Self::Short => analyzed(number, &short_talk()),
            Self::Of(bytes) => {
                let rest = bytes.saturating_sub(analyzed(number, "").len());
                analyzed(number, long_talk(number, rest))
            }
        }
    }
}

fn analyzed(number: u64, transcript: &str) -> String {
    let call = provider_call_id(number);
    format!(
        r#"{{"event":"call_analyzed","event_timestamp":1790000000000,"call":{{"call_id":"{call}","call_type":"phone_call","agent_id":"agent_bench","agent_version":3,"direction":"outbound","from_number":"+442079460000","to_number":"+447700900123","call_status":"ended","start_timestamp":1790000000000,"end_timestamp":1790000042000,"duration_ms":42000,"disconnection_reason":"user_hangup","transcript":"{transcript}","call_analysis":{{"call_summary":"The person confirmed the appointment.","in_voicemail":false,"user_sentiment":"Positive","call_successful":true,"custom_analysis_data":{{"appointment_action":"confirmed"}}}},"call_cost":{{"combined_cost":12.5,"total_duration_seconds":42}}}}}}"#
    )
}

fn short_talk() -> String {
    "Agent: Hello, this is Harbour Dental with a reminder.\\nUser: Oh, hello.\\nAgent: You have an \
     appointment on Thursday at nine thirty. Can you still come?\\nUser: Yes, I will be there.\\n\
     Agent: Wonderful, then you are confirmed. Goodbye.\\nUser: Thank you, bye.\\n"
        .repeat(4)
}

/// A part of one long talk, another one for each of many numbers. The database compresses what it stores, so a
/// sentence said a hundred times would cost it nothing: the words of this one come in no order.
fn long_talk(number: u64, bytes: usize) -> &'static str {
    static TALK: LazyLock<String> = LazyLock::new(|| {
        let mut dice = StdRng::seed_from_u64(1);
        let words: Vec<String> = (0..WORDS).map(|_| word(&mut dice)).collect();
        let mut talk = String::new();
        while talk.len() < TALK_BYTES {
            talk.extend(words.choose(&mut dice).map(String::as_str));
            talk.push(' ');
        }
        talk
    });
    let room = TALK.len().saturating_sub(bytes).max(1);
    let from = usize::try_from(number).unwrap_or_default() * 7919 % room;
    TALK.get(from..from + bytes).unwrap_or_default()
}

fn word(dice: &mut StdRng) -> String {
    let letters = dice.random_range(2..9);
    (0..letters)
        .map(|_| char::from(dice.random_range(b'a'..=b'z')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_event_of_its_own() {
        for bodies in [Bodies::Short, Bodies::Of(2048)] {
            let outline = |number| {
                providers::retell::webhook::outline(bodies.body(number).as_bytes()).unwrap()
            };
            assert_eq!(outline(1).event, "call_analyzed");
            assert_eq!(outline(1).provider_call_id, Some(provider_call_id(1)));
            assert_ne!(outline(1).dedupe_key, outline(2).dedupe_key);
        }
    }

    #[test]
    fn a_body_is_as_long_as_asked_for() {
        for (number, bytes) in [(0, 2048), (9_000_000_123, 2048), (7, 51_200)] {
            assert_eq!(Bodies::Of(bytes).body(number).len(), bytes);
        }
    }
}
