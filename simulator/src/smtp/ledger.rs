//! What the fake mail server took and refused, for tests to count.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::scenario::DataFault;

/// Everything seen since the start, in the order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub connections: u64,
    /// The mails that were taken, whatever was replied.
    pub mails: Vec<Mail>,
    pub refusals: Vec<Refusal>,
}

/// One mail. Its time is in milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub at_ms: i64,
    /// The envelope's sender; empty for none.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// In their order, unfolded.
    pub headers: Vec<(String, String)>,
    /// As sent, without the dots that were stuffed in.
    pub body: String,
    pub encrypted: bool,
    /// Who had logged in.
    pub user: Option<String>,
    pub fault: DataFault,
    /// The code replied; `None` when no reply was given.
    pub reply: Option<u16>,
}

/// Something that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub at_ms: i64,
    pub stage: Stage,
    /// The recipient, or the first of a mail.
    pub recipient: Option<String>,
    /// The code replied; `None` when no reply was given.
    pub reply: Option<u16>,
}

/// Where in the conversation something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Connection,
    Login,
    Recipient,
    Data,
}

impl Ledger {
    /// The mails that a recipient got.
    pub fn mails_to(&self, recipient: &str) -> Vec<&Mail> {
        self.mails
            .iter()
            .filter(|mail| mail.to.iter().any(|to| to == recipient))
            .collect()
    }
}

/// The parts of a mail that are read from its text.
pub(super) fn parts(text: &[u8]) -> (Vec<(String, String)>, String) {
    let text = String::from_utf8_lossy(text);
    let (head, body) = match text.strip_prefix("\r\n") {
        Some(body) => ("", body),
        None => text.split_once("\r\n\r\n").unwrap_or((&text, "")),
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        match (line.strip_prefix([' ', '\t']), headers.last_mut()) {
            (Some(more), Some((_, value))) => {
                value.push(' ');
                value.push_str(more.trim_start());
            }
            _ => headers.extend(
                line.split_once(':')
                    .map(|(name, value)| (name.to_owned(), value.trim().to_owned())),
            ),
        }
    }
    (headers, body.to_owned())
}

impl Mail {
    /// The first header of a name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(each, _)| each.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn message_id(&self) -> Option<&str> {
        self.header("Message-ID")
    }

    /// As sent: words beyond ASCII are still encoded.
    pub fn subject(&self) -> Option<&str> {
        self.header("Subject")
    }

    /// The body after its transfer encoding. The parts of a mail of several stay as they are.
    pub fn text(&self) -> String {
        let encoding = self.header("Content-Transfer-Encoding").unwrap_or_default();
        match encoding.to_ascii_lowercase().as_str() {
            "base64" => {
                let code: String = self.body.split_ascii_whitespace().collect();
                let bytes = BASE64_STANDARD.decode(code).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            "quoted-printable" => unquoted(&self.body),
            _ => self.body.clone(),
        }
    }
}

/// A text without its quoted-printable encoding. What is no encoding stays as it is.
fn unquoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut pieces = joined.split('=');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let code = piece.get(..2).and_then(|code| hex::decode(code).ok());
        match code.zip(piece.get(2..)) {
            Some((code, rest)) => {
                bytes.extend(code);
                bytes.extend(rest.as_bytes());
            }
            None => {
                bytes.push(b'=');
                bytes.extend(piece.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_unfolded_and_the_body_is_what_follows() {
        let (headers, body) =
            parts(b"Subject: one\r\n two\r\nX-Odd\r\nTo:a@b.example\r\n\r\nHi\r\n\r\nBye");
        let expected = [("Subject", "one two"), ("To", "a@b.example")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers, expected);
        assert_eq!(body, "Hi\r\n\r\nBye");
        assert_eq!(parts(b"\r\nHi"), (Vec::new(), "Hi".to_owned()));
        assert_eq!(parts(b""), (Vec::new(), String::new()));
    }

    #[test]
    fn quoted_printable_is_read_and_what_is_none_is_left() {
        let table = [
            ("caf=C3=A9", "café"),
            ("one=\r\n two", "one two"),
            ("1=2", "1=2"),
            ("=", "="),
            ("=é=4", "=é=4"),
        ];
        for (quoted, expected) in table {
            assert_eq!(unquoted(quoted), expected);
        }
    }
}
