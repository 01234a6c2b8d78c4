//! A notice as people read it, for each channel. No message names a person: what comes from elsewhere is
//! cleared of numbers and addresses first.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    AlertCause, Channel, NoticeKind, Severity,
    plain::{business_name, cut, cut_with, fitting, harmless, longest, short_reference, sms},
};
use crate::plan::local_words;

/// Everything a message is made of.
#[derive(Debug, Clone)]
pub struct NoticeText<'a> {
    pub kind: NoticeKind,
    pub cause: AlertCause,
    pub severity: Severity,
    /// The tenant's name.
    pub business: &'a str,
    /// Where: a provider, a type of event, a class of error. Empty when there is nothing to add.
    pub about: &'a str,
    /// Occurrences that are told for the first time.
    pub new: u64,
    /// All of this episode.
    pub total: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// The tenant's.
    pub zone: &'a TimeZone,
    /// The alert's id, by which people find and mute it.
    pub alert: &'a str,
    /// Short, and another one for each notice: by it a text message is found again.
    pub reference: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Of a mail, and Slack's first line; empty for a text message.
    pub subject: String,
    pub text: String,
}

/// The notice for one channel.
pub fn message(channel: Channel, notice: &NoticeText<'_>) -> Message {
    let headline = headline(notice);
    match channel {
        Channel::Slack | Channel::Email => Message {
            subject: fitting(&headline),
            text: cut(&body(notice), longest(channel)),
        },
        Channel::Sms => Message {
            subject: String::new(),
            text: sms(&short(notice), notice.reference),
        },
    }
}

fn headline(notice: &NoticeText<'_>) -> String {
    let name = business_name(notice.business);
    let title = notice.cause.title();
    match notice.kind {
        NoticeKind::First => format!("[{}] {name}: {title}", notice.severity),
        NoticeKind::Digest => format!("[{}] {name}: still, {title}", notice.severity),
        NoticeKind::Again => format!("[{}] {name}: again, {title}", notice.severity),
        NoticeKind::Recovery => format!("[over] {name}: {title}"),
    }
}

fn body(notice: &NoticeText<'_>) -> String {
    let mut lines = vec![happened(notice)];
    let about = harmless(notice.about);
    if !about.is_empty() {
        lines.push(format!("Where: {about}"));
    }
    if notice.kind != NoticeKind::Recovery {
        lines.push(format!("What it means: {}", notice.cause.meaning()));
        lines.push(format!("What to do: {}", notice.cause.advice()));
    }
    let alert = short_reference(notice.alert);
    lines.push(format!("Cause: {}. Reference: {alert}", notice.cause));
    lines.join("\n")
}

/// How often, and from when to when.
fn happened(notice: &NoticeText<'_>) -> String {
    let first = local_words(notice.first_seen, notice.zone);
    let last = local_words(notice.last_seen, notice.zone);
    if notice.cause.is_condition() {
        return match notice.kind {
            NoticeKind::First => format!("Since {first}."),
            NoticeKind::Again => format!("It is back since {first}."),
            NoticeKind::Digest => format!("It has been so since {first}, last seen {last}."),
            NoticeKind::Recovery => {
                format!("It is over. It was so from {first}, last seen {last}.")
            }
        };
    }
    let (new, total) = (times(notice.new), times(notice.total));
    match notice.kind {
        NoticeKind::First if notice.new <= 1 => format!("It happened at {first}."),
        NoticeKind::First => format!("It happened {new} since {first}, last at {last}."),
        NoticeKind::Again => format!("It happened again: {new} since {first}, last at {last}."),
        NoticeKind::Digest => {
            format!("It happened {new} more, {total} in all since {first}, last at {last}.")
        }
        NoticeKind::Recovery => {
            let more = match notice.new {
                0 => String::new(),
                _ => format!("{new} more, "),
            };
            format!("It is over. It happened {more}{total} in all from {first}, last at {last}.")
        }
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// One line for a phone's screen.
fn short(notice: &NoticeText<'_>) -> String {
    let what = match notice.kind {
        NoticeKind::First => notice.severity.code().to_uppercase(),
        NoticeKind::Digest => format!("{} still", notice.severity.code().to_uppercase()),
        NoticeKind::Again => format!("{} again", notice.severity.code().to_uppercase()),
        NoticeKind::Recovery => "OVER".to_owned(),
    };
    let name = cut_with(&business_name(notice.business), 40, "...");
    let about = match cut_with(&harmless(notice.about), 60, "...").as_str() {
        "" => String::new(),
        about => format!(" ({about})"),
    };
    let since = notice
        .zone
        .to_datetime(notice.first_seen)
        .strftime("%-d %b %H:%M")
        .to_string();
    let count = match notice.new {
        0 | 1 => String::new(),
        new => format!(", {new} times"),
    };
    let title = notice.cause.title();
    format!("{what} {name}: {title}{about}{count}, since {since}. See bellhop doctor.")
}

#[cfg(test)]
mod tests;
