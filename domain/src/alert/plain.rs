//! Plain text for messages: short enough, on one line where it must be, and free of what may identify a person.

use super::Channel;
use crate::context::privacy::without_identifiers;

const LONGEST_SMS: usize = 300;
const LONGEST_SUBJECT: usize = 150;
const LONGEST_NAME: usize = 80;
const LONGEST_ABOUT: usize = 200;
const LONGEST_REFERENCE: usize = 40;
/// More of a text from elsewhere is not even looked at.
const LOOKED_AT: usize = 5000;

/// What a channel takes at most, in characters. Slack takes more, but a section of a message no more.
pub(crate) const fn longest(channel: Channel) -> usize {
    match channel {
        Channel::Slack => 3000,
        Channel::Email => 100_000,
        Channel::Sms => LONGEST_SMS,
    }
}

/// The text on one line with its reference at the end, in no more characters than a text message may have.
/// Plain dots where it is cut: one sign outside its alphabet more than doubles the price.
pub(crate) fn sms(text: &str, reference: &str) -> String {
    let reference = format!(" [{}]", short_reference(reference));
    let room = LONGEST_SMS.saturating_sub(reference.chars().count());
    format!("{}{reference}", cut_with(&one_line(text), room, "..."))
}

pub(crate) fn short_reference(reference: &str) -> String {
    cut_with(&one_line(reference), LONGEST_REFERENCE, "")
}

/// A subject: one line, not too long.
pub(crate) fn fitting(subject: &str) -> String {
    cut(&one_line(subject), LONGEST_SUBJECT)
}

pub(crate) fn business_name(name: &str) -> String {
    match cut(&one_line(name), LONGEST_NAME).as_str() {
        "" => "Bellhop".to_owned(),
        name => name.to_owned(),
    }
}

/// Text from elsewhere on one line, without what may identify a person.
pub(crate) fn harmless(text: &str) -> String {
    let text = cut(text, LOOKED_AT);
    cut(&one_line(&without_identifiers(&text)), LONGEST_ABOUT)
}

pub(crate) fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn cut(text: &str, most: usize) -> String {
    cut_with(text, most, "…")
}

/// At most so many characters; `end` says where something is missing.
pub(crate) fn cut_with(text: &str, most: usize, end: &str) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(end.chars().count());
    let kept: String = text.chars().take(kept).collect();
    format!("{}{end}", kept.trim_end())
}
