//! Whether the business's phone line still receives: a text from a second line, with a code of its own (OPS-1).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    alert::{FailureClass, SendFailure},
    hours::shift,
    ids::TenantId,
    settings::LineCheck,
    text::{Entry, Number, What},
};

#[cfg(test)]
mod tests;

/// How every check begins.
const OPENING: &str = "Bellhop line check";
/// Without letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 10;

/// What tells one check from all others. The same check always has the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    /// The code of the check that a tenant's schedule planned for this instant.
    pub fn of(tenant: TenantId, planned_at: Timestamp) -> Code {
        let mut hash = Sha256::new();
        hash.update(b"line check");
        hash.update(tenant.uuid().as_bytes());
        hash.update(planned_at.as_millisecond().to_be_bytes());
        let letter = |byte: &u8| {
            let letter = ALPHABET.get(usize::from(*byte) % ALPHABET.len());
            letter.map_or('A', |letter| char::from(*letter))
        };
        Code(
            hash.finalize()
                .iter()
                .take(CODE_LENGTH)
                .map(letter)
                .collect(),
        )
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text that carries it.
    pub fn text(&self) -> String {
        format!("{OPENING} {}", self.0)
    }

    /// The code that a text carries, if it is a check and nothing else.
    pub fn read(text: &str) -> Option<Code> {
        let code = text.trim().strip_prefix(OPENING)?.trim();
        let is_code =
            code.len() == CODE_LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
        is_code.then(|| Code(code.to_owned()))
    }
}

/// The code of a check, if that is what this text from one of our lines to another is. It belongs to no contact, and is
/// not to be read, answered or followed up.
pub fn code_of(entry: &Entry, settings: &LineCheck) -> Option<Code> {
    let What::Text(text) = &entry.what else {
        return None;
    };
    let is = |number: &Option<Number>, setting: &Option<String>| {
        let number = number.as_ref().and_then(Number::dialable);
        number.is_some_and(|number| setting.as_deref() == Some(number.e164()))
    };
    let (line, person) = (&entry.parties.line, &entry.parties.person);
    let (monitor, main) = (&settings.monitor_number, &settings.main_number);
    let between =
        (is(line, main) && is(person, monitor)) || (is(line, monitor) && is(person, main));
    between.then(|| Code::read(text.body.as_deref()?)).flatten()
}

/// Everything the next step of one check is decided from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFacts {
    pub planned_at: Timestamp,
    /// The request to send left then. It is recorded before it leaves.
    pub sent_at: Option<Timestamp>,
    pub failure: Option<SendFailure>,
    /// When the main line had the text with this code.
    pub arrived_at: Option<Timestamp>,
    /// The provider had to be asked for it: its webhook did not come.
    pub was_asked_for: bool,
}

coded_enum! {
    /// What a check says of the line.
    Verdict {
        /// In time.
        Arrived = "arrived",
        Late = "late",
        /// The line has it, and its webhook did not come to us.
        NotHeard = "not_heard",
        /// Not within the hour.
        Lost = "lost",
        /// The provider did not take it.
        NotSent = "not_sent",
    }
}

impl Verdict {
    /// Whether the alert stands after this check. Only a check that arrives in time ends it.
    pub const fn alerts(self) -> bool {
        !matches!(self, Self::Arrived)
    }

    /// In plain words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Arrived => "the test text arrived in time",
            Self::Late => "the test text arrived late: messages of customers may be late too",
            Self::NotHeard => {
                "the test text arrived, but its webhook did not come here: messages of customers may go unheard"
            }
            Self::Lost => "the test text did not arrive: messages of customers may be lost",
            Self::NotSent => "the test text could not be sent from the monitor line",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStep {
    /// Record that it leaves, then send [`Code::text`] from the monitor line, once.
    Send,
    Wait {
        until: Timestamp,
    },
    /// It has not arrived in time: the alert stands from now. It may still come until then.
    AlertAndWait {
        until: Timestamp,
    },
    Finished(Verdict),
}

/// What has not come so long after it was sent does not come.
const LOST_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// A check that was planned longer ago is not begun: the next one says more.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// After a failure that may pass, the text is sent again so long as the check is young.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(20);

/// The next step of a check at `now`. A wait always ends after `now`.
pub fn next_step(now: Timestamp, facts: &CheckFacts, settings: &LineCheck) -> CheckStep {
    let within = SignedDuration::from_secs(settings.within_seconds.into());
    let began = facts.sent_at.unwrap_or(facts.planned_at);
    if let Some(arrived) = facts.arrived_at {
        let verdict = match arrived <= shift(began, within) {
            _ if facts.was_asked_for => Verdict::NotHeard,
            true => Verdict::Arrived,
            false => Verdict::Late,
        };
        return CheckStep::Finished(verdict);
    }
    // A failure from before it was last sent says nothing of that.
    let failure = facts.failure.filter(|failure| failure.at >= began);
    match (facts.sent_at, failure) {
        // Uncertain: it may have left, and then it arrives.
        (Some(sent), failure) if failure.is_none_or(|it| it.class == FailureClass::Uncertain) => {
            sent_and_awaited(now, sent, within)
        }
        (_, Some(failure)) => failed(now, failure, shift(facts.planned_at, within)),
        (_, None) if now > shift(facts.planned_at, STALE_AFTER) => {
            CheckStep::Finished(Verdict::NotSent)
        }
        (_, None) => CheckStep::Send,
    }
}

fn sent_and_awaited(now: Timestamp, sent: Timestamp, within: SignedDuration) -> CheckStep {
    let (in_time, lost) = (shift(sent, within), shift(sent, LOST_AFTER));
    match () {
        () if now <= in_time => CheckStep::Wait {
            until: shift(in_time, SignedDuration::from_millis(1)),
        },
        () if now < lost => CheckStep::AlertAndWait { until: lost },
        () => CheckStep::Finished(Verdict::Lost),
    }
}

/// Not taken for certain: once more while the check is young, if that can help.
fn failed(now: Timestamp, failure: SendFailure, deadline: Timestamp) -> CheckStep {
    let pause_ends = shift(failure.at, RETRY_PAUSE);
    let again = failure
        .not_before
        .map_or(pause_ends, |permitted| permitted.max(pause_ends));
    match () {
        () if !failure.may_pass || again.max(now) > deadline => {
            CheckStep::Finished(Verdict::NotSent)
        }
        () if again > now => CheckStep::Wait { until: again },
        () => CheckStep::Send,
    }
}
