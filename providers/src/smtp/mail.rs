//! One mail, as it is written down.

use std::{fmt, time::SystemTime};

use jiff::Timestamp;
use lettre::{
    Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use crate::channel::{SendError, cut};

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 200;

/// A mail to one person, in plain text.
#[derive(Clone)]
pub struct Mail {
    /// `alert-id@domain`, without brackets. The same at every try, so that receivers know it again.
    pub message_id: String,
    /// `alerts@example.org` or `Bellhop <alerts@example.org>`.
    pub from: String,
    /// As `from`.
    pub to: String,
    pub subject: String,
    pub text: String,
    pub date: Timestamp,
}

impl Mail {
    /// The mail with its headers. It says of itself that a machine wrote it, so that no machine answers.
    pub(super) fn message(&self) -> Result<Message, SendError> {
        let id = one_line(&self.message_id);
        if !is_message_id(&id) {
            return Err(SendError::misconfigured("message_id"));
        }
        let from = mailbox(&self.from).ok_or_else(|| SendError::misconfigured("sender_address"))?;
        let to = mailbox(&self.to).ok_or_else(|| SendError::refused(true, "recipient_address"))?;
        // The header's format knows no earlier time.
        let date = SystemTime::from(self.date.max(Timestamp::UNIX_EPOCH));
        Message::builder()
            .message_id(Some(format!("<{id}>")))
            .date(date)
            .from(from)
            .to(to)
            .subject(cut(&one_line(&self.subject), MAX_SUBJECT))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .header(ContentType::TEXT_PLAIN)
            .body(self.text.replace("\r\n", "\n").replace('\r', "\n"))
            .map_err(|_| SendError::refused(true, "message"))
    }
}

impl fmt::Debug for Mail {
    /// Without addresses and words, which are about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Without line breaks and other control characters, which would begin a header of somebody else's.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn is_message_id(id: &str) -> bool {
    let fine = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"<>@".contains(&b))
    };
    id.len() <= 250
        && id
            .split_once('@')
            .is_some_and(|(left, right)| fine(left) && fine(right))
}

/// An address that every mail server can be told.
fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = one_line(text).parse().ok()?;
    let address: &str = mailbox.email.as_ref();
    address.is_ascii().then_some(mailbox)
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests;
