//! What the process of one cause does next: tell people, wait, or end (ALERT-2).
//!
//! The first notice goes out at once, then one digest after the other while it lasts, then that it is over.
//! Between any two notices of a cause lies the pause of the digests, however often it comes and goes: so a
//! cause makes at most one notice, and one more for each pause that has passed. What comes back soon after it
//! was over is therefore told when the pause has passed, as [`NoticeKind::Again`].

use jiff::{SignedDuration, Timestamp};

use crate::{hours::shift, settings::Alerts};

coded_enum! {
    NoticeKind {
        First = "first",
        /// It lasts, or happened again.
        Digest = "digest",
        /// It is over.
        Recovery = "recovery",
        /// It came back soon after it was over.
        Again = "again",
    }
}

coded_enum! {
    /// How a cause stands that is a state, not an occurrence.
    Level {
        /// It has none: it happens, and is over when it has not happened for long enough.
        None = "none",
        Standing = "standing",
        Clear = "clear",
    }
}

coded_enum! {
    /// From when a cause is seen until it is over.
    Episode {
        /// None is under way. The next occurrence begins one.
        Closed = "closed",
        /// Nobody has been told of it yet.
        New = "new",
        Told = "told",
    }
}

/// How often a cause may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertPace {
    /// At least so long between two notices.
    pub digest: SignedDuration,
    /// Over is what has not been seen for so long.
    pub quiet: SignedDuration,
}

/// A state that cleared must stay so for this long before it is over: it may only be taking breath.
const STAYS_CLEAR: SignedDuration = SignedDuration::from_mins(5);

impl AlertPace {
    pub fn of(settings: &Alerts) -> AlertPace {
        AlertPace {
            digest: SignedDuration::from_mins(settings.digest_minutes.into()),
            quiet: SignedDuration::from_mins(settings.quiet_minutes.into()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SentNotice {
    pub kind: NoticeKind,
    pub at: Timestamp,
}

/// Everything the next step of an alert is decided from. Stored for each tenant and fingerprint, and changed
/// only by the functions below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AlertFacts {
    /// In this episode.
    pub first_seen: Timestamp,
    /// A state that stands is seen at every look.
    pub last_seen: Timestamp,
    /// Occurrences ever; of a state, how often it came about.
    pub count: u64,
    /// How many of them notices have told.
    pub told: u64,
    /// How many of them belong to earlier episodes.
    pub before: u64,
    pub level: Level,
    /// When the state cleared, if it did.
    pub clear_since: Option<Timestamp>,
    /// The newest notice, of an earlier episode too.
    pub last_notice: Option<SentNotice>,
    pub episode: Episode,
    /// An operator wants to hear nothing of it until then.
    pub muted_until: Option<Timestamp>,
}

/// A notice to send and to record with [`AlertFacts::noticed`], in one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    /// Occurrences that no notice has told before.
    pub new: u64,
    /// All of this episode.
    pub total: u64,
    /// All ever, as far as this notice tells them.
    pub up_to: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertStep {
    Send(Notice),
    /// Until then, or until it is seen again.
    Wait {
        until: Timestamp,
    },
    /// It is over and everything is told. To be recorded with [`AlertFacts::finished`], in the same transaction.
    Finished,
}

impl AlertFacts {
    /// A cause that has never been seen.
    pub const fn unseen(now: Timestamp) -> AlertFacts {
        AlertFacts {
            first_seen: now,
            last_seen: now,
            count: 0,
            told: 0,
            before: 0,
            level: Level::None,
            clear_since: None,
            last_notice: None,
            episode: Episode::Closed,
            muted_until: None,
        }
    }

    /// It happened, once or several times.
    pub fn occurred(&mut self, at: Timestamp, times: u64) {
        if self.episode == Episode::Closed {
            self.begin(at);
        }
        self.last_seen = self.last_seen.max(at);
        self.count = self.count.saturating_add(times);
    }

    /// The state was looked at, and stands.
    pub fn stands(&mut self, at: Timestamp) {
        let is_new = self.level != Level::Standing || self.episode == Episode::Closed;
        self.level = Level::Standing;
        self.clear_since = None;
        self.occurred(at, u64::from(is_new));
    }

    /// The state was looked at, and does not stand.
    pub fn clears(&mut self, at: Timestamp) {
        if self.level == Level::Standing {
            self.level = Level::Clear;
            self.clear_since = Some(at);
        }
    }

    /// The notice is on its way.
    pub fn noticed(&mut self, notice: &Notice, at: Timestamp) {
        self.told = notice.up_to;
        self.last_notice = Some(SentNotice {
            kind: notice.kind,
            at,
        });
        match notice.kind {
            // It happened again while this was on its way.
            NoticeKind::Recovery if self.count > self.told => self.begin(self.last_seen),
            NoticeKind::Recovery => self.episode = Episode::Closed,
            NoticeKind::First | NoticeKind::Again | NoticeKind::Digest => {
                self.episode = Episode::Told;
            }
        }
    }

    /// What was muted and never told counts for the episode that tells it.
    fn begin(&mut self, at: Timestamp) {
        self.episode = Episode::New;
        self.first_seen = at;
        self.before = self.told;
    }

    /// Whether it lasts, or people have yet to hear that it is over.
    pub fn is_open(&self) -> bool {
        self.episode != Episode::Closed
    }

    /// The process has ended.
    pub fn finished(&mut self) {
        self.episode = Episode::Closed;
    }

    /// When it is over, if nothing more is seen of it. A state that nobody looks at any more does not stand
    /// for ever.
    fn over_at(&self, now: Timestamp, pace: &AlertPace) -> Timestamp {
        let quiet = if is_ahead(self.last_seen, now, pace) {
            now
        } else {
            shift(self.last_seen, pace.quiet)
        };
        let clear = self.clear_since.map(|since| shift(since, STAYS_CLEAR));
        match (self.level, clear) {
            (Level::Clear, Some(clear)) => clear.min(quiet),
            _ => quiet,
        }
    }

    /// Whether something is to be told that no notice has told.
    pub fn has_news(&self) -> bool {
        self.count > self.told || self.level == Level::Standing
    }
}

/// The next step of the alert at `now`. A wait always ends after `now`.
pub fn next_step(now: Timestamp, facts: &AlertFacts, pace: &AlertPace) -> AlertStep {
    if let Some(muted) = facts.muted_until.filter(|until| *until > now) {
        let over = facts.over_at(now, pace);
        return if over <= now {
            AlertStep::Finished
        } else {
            AlertStep::Wait {
                until: muted.min(over),
            }
        };
    }
    match due(now, facts, pace) {
        None => AlertStep::Finished,
        Some((_, at)) if at > now => AlertStep::Wait { until: at },
        Some((kind, _)) => AlertStep::Send(Notice {
            kind,
            new: facts.count.saturating_sub(facts.told),
            total: facts.count.saturating_sub(facts.before),
            up_to: facts.count.max(facts.told),
        }),
    }
}

/// Whether a time was taken from a clock that was wrong: what it says must not silence anybody until then. Clocks
/// that are a little apart are nothing odd.
fn is_ahead(at: Timestamp, now: Timestamp, pace: &AlertPace) -> bool {
    at > shift(now, pace.digest)
}

/// The next notice and when it may be sent, if nothing changes until then.
fn due(now: Timestamp, facts: &AlertFacts, pace: &AlertPace) -> Option<(NoticeKind, Timestamp)> {
    let last = facts
        .last_notice
        .filter(|last| !is_ahead(last.at, now, pace));
    let earliest = last.map_or(now, |last| shift(last.at, pace.digest));
    match facts.episode {
        Episode::Closed => None,
        Episode::New => {
            let is_soon = last.is_some_and(|last| facts.first_seen < shift(last.at, pace.quiet));
            let kind = if is_soon {
                NoticeKind::Again
            } else {
                NoticeKind::First
            };
            Some((kind, earliest))
        }
        Episode::Told => {
            let over = facts.over_at(now, pace);
            // What is over before anything may be said again needs one word, not two.
            let is_over_by_then = over <= earliest.max(now);
            if is_over_by_then || !facts.has_news() {
                Some((NoticeKind::Recovery, over.max(earliest)))
            } else {
                Some((NoticeKind::Digest, earliest))
            }
        }
    }
}

#[cfg(test)]
mod tests;
