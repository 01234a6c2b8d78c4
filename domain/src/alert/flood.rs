//! Many causes at once: beyond a limit, notices are sent together, each named, one message a minute.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    AlertCause, Channel, Message, NoticeKind, Severity,
    plain::{business_name, cut, escaped, fitting, harmless, longest, short_reference, sms},
};
use crate::{hours::shift, plan::local_words};

/// Over which the notices of a tenant are counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The first bundle waits so long for more to come.
const GATHERS: SignedDuration = SignedDuration::from_secs(10);
const BETWEEN_BUNDLES: SignedDuration = SignedDuration::from_mins(1);

/// Whether a notice is sent by itself now. `recent` are those of the tenant that were; while others wait in a
/// bundle, it joins them.
pub fn goes_alone(now: Timestamp, recent: &[Timestamp], limit: u32, others_wait: bool) -> bool {
    let counted = recent.iter().filter(|sent| shift(**sent, WINDOW) > now);
    !others_wait && counted.count() < usize::try_from(limit).unwrap_or(usize::MAX)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleStep {
    /// All that waits, in one bundle.
    Send,
    Wait {
        until: Timestamp,
    },
    /// Nothing waits.
    Finished,
}

/// The next step of a tenant's bundle at `now`. A wait always ends after `now`.
pub fn bundle_step(
    now: Timestamp,
    waits_since: Option<Timestamp>,
    last_sent: Option<Timestamp>,
) -> BundleStep {
    let Some(since) = waits_since else {
        return BundleStep::Finished;
    };
    let gathered = shift(since, GATHERS);
    let due = last_sent.map_or(gathered, |last| gathered.max(shift(last, BETWEEN_BUNDLES)));
    if due > now {
        BundleStep::Wait { until: due }
    } else {
        BundleStep::Send
    }
}

/// The notices of one bundle that go to one address.
#[derive(Debug, Clone)]
pub struct Bundle<'a> {
    pub business: &'a str,
    pub at: Timestamp,
    pub zone: &'a TimeZone,
    pub lines: &'a [BundleLine<'a>],
    pub reference: &'a str,
}

/// One cause in a bundle.
#[derive(Debug, Clone, Copy)]
pub struct BundleLine<'a> {
    pub kind: NoticeKind,
    pub cause: AlertCause,
    pub severity: Severity,
    /// As in [`super::NoticeText`].
    pub about: &'a str,
    pub new: u64,
}

/// The bundle's messages: as many as it takes to name every cause. A text message has no room for that, so
/// it counts them.
pub fn bundled(channel: Channel, bundle: &Bundle<'_>) -> Vec<Message> {
    let mut lines = bundle.lines.to_vec();
    lines.sort_by_key(|line| line.severity);
    if channel == Channel::Sms {
        return vec![counted(bundle, &lines)];
    }
    let head = format!(
        "{}: {} alerts at once, {}",
        business_name(bundle.business),
        lines.len(),
        local_words(bundle.at, bundle.zone)
    );
    let lines = lines.iter().map(|line| {
        let words = line_words(line);
        if channel == Channel::Slack {
            escaped(&words)
        } else {
            words
        }
    });
    let texts = pages(lines, longest(channel) - ROOM_FOR_HEAD);
    let count = texts.len();
    texts
        .into_iter()
        .enumerate()
        .map(|(index, text)| page(channel, &head, bundle.reference, (index + 1, count), &text))
        .collect()
}

/// What the head and the foot of a page may take at most.
const ROOM_FOR_HEAD: usize = 900;
const LONGEST_LINE: usize = 300;

fn page(
    channel: Channel,
    head: &str,
    reference: &str,
    (number, count): (usize, usize),
    text: &str,
) -> Message {
    let subject = match count {
        1 => fitting(head),
        count => fitting(&format!("{head} (part {number} of {count})")),
    };
    let first_line = match channel {
        Channel::Slack => format!("*{}*\n", escaped(&subject)),
        Channel::Email | Channel::Sms => String::new(),
    };
    let reference = short_reference(reference);
    Message {
        subject,
        text: format!("{first_line}{text}\nSee `bellhop doctor`. Reference: {reference}"),
    }
}

fn line_words(line: &BundleLine<'_>) -> String {
    let kind = match line.kind {
        NoticeKind::First => "",
        NoticeKind::Digest => "still: ",
        NoticeKind::Again => "again: ",
        NoticeKind::Recovery => "over: ",
    };
    let about = match harmless(line.about).as_str() {
        "" => String::new(),
        about => format!(" ({about})"),
    };
    let times = match line.new {
        0 | 1 => String::new(),
        new => format!(", {new} times"),
    };
    let words = format!(
        "- {}: {kind}{}{about}{times} [{}]",
        line.severity,
        line.cause.title(),
        line.cause
    );
    cut(&words, LONGEST_LINE)
}

/// The lines, filled into pages of at most so many characters.
fn pages(lines: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let mut pages: Vec<String> = Vec::new();
    for line in lines {
        match pages.last_mut() {
            Some(page) if page.chars().count() + 1 + line.chars().count() <= most => {
                page.push('\n');
                page.push_str(&line);
            }
            _ => pages.push(line),
        }
    }
    pages
}

fn counted(bundle: &Bundle<'_>, lines: &[BundleLine<'_>]) -> Message {
    let mut causes: Vec<(AlertCause, usize)> = Vec::new();
    for line in lines {
        match causes.iter_mut().find(|(cause, _)| *cause == line.cause) {
            Some((_, count)) => *count += 1,
            None => causes.push((line.cause, 1)),
        }
    }
    let counts: Vec<String> = causes
        .iter()
        .map(|(cause, count)| format!("{cause} {count}"))
        .collect();
    let name = cut(&business_name(bundle.business), 40);
    let text = format!("{name}: {} alerts: {}", lines.len(), counts.join(", "));
    Message {
        subject: String::new(),
        text: sms(&text, bundle.reference),
    }
}

#[cfg(test)]
mod tests;
