//! What a queued event's file name says: everything about it but its content, so that a look at the folder
//! is enough to know what is due, and a change of state is one atomic rename.

use std::{str::FromStr, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

/// A later due time was set by a clock that has since been put back.
const FURTHEST: Duration = Duration::from_secs(3 * 3600);

/// A waiting event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Version 7: sorts by the time of capture.
    pub(crate) id: Uuid,
    /// The hook's name.
    pub(crate) event: String,
    pub(crate) bytes: u64,
    /// Failed rounds so far.
    pub(crate) tries: u32,
    /// Not sent before, in whole milliseconds.
    pub(crate) due: Timestamp,
}

/// An event that is not sent any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) id: Uuid,
    pub(crate) event: String,
    pub(crate) bytes: u64,
    /// Such as `http-413` or `away`.
    pub(crate) reason: String,
}

impl Entry {
    pub(crate) fn file_name(&self) -> String {
        let Self {
            id,
            event,
            bytes,
            tries,
            due,
        } = self;
        let event = plain(event);
        format!("{id}_{event}_{bytes}_{tries}_{}.json", due.as_millisecond())
    }

    /// `None` when the name is not one of ours.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (id, event, bytes, [tries, due]) = parts(name)?;
        let entry = Self {
            id,
            event,
            bytes,
            tries: tries.parse().ok()?,
            due: Timestamp::from_millisecond(due.parse().ok()?).ok()?,
        };
        (entry.file_name() == name).then_some(entry)
    }

    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let ahead = self.due.duration_since(now);
        !ahead.is_positive() || ahead > FURTHEST.try_into().unwrap_or_default()
    }

    pub(crate) fn captured_at(&self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = self.id.get_timestamp()?.to_unix();
        let seconds = i64::try_from(seconds).ok()?;
        Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
    }

    /// How long ago it was captured; nothing when the clock was put back since.
    pub(crate) fn age(&self, now: Timestamp) -> Duration {
        let age = self.captured_at().map(|at| now.duration_since(at));
        age.and_then(|age| age.try_into().ok()).unwrap_or_default()
    }

    pub(crate) fn failed(&self, reason: &str) -> Failed {
        Failed {
            id: self.id,
            event: self.event.clone(),
            bytes: self.bytes,
            reason: reason.to_owned(),
        }
    }

    /// Events of this kind are the many and the least: they make room for the others.
    pub(crate) fn makes_room(&self) -> bool {
        self.event.starts_with("PreToolUse") || self.event.starts_with("PostToolUse")
    }
}

impl Failed {
    pub(crate) fn file_name(&self) -> String {
        let Self {
            id,
            event,
            bytes,
            reason,
        } = self;
        format!("{id}_{}_{bytes}_{}.json", plain(event), plain(reason))
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (id, event, bytes, [reason]) = parts(name)?;
        Some(Self {
            id,
            event,
            bytes,
            reason: reason.to_owned(),
        })
    }

    /// As a new one.
    pub(crate) fn entry(&self, due: Timestamp) -> Entry {
        Entry {
            id: self.id,
            event: self.event.clone(),
            bytes: self.bytes,
            tries: 0,
            due,
        }
    }
}

fn parts<const REST: usize>(name: &str) -> Option<(Uuid, String, u64, [&str; REST])> {
    let mut parts = name.strip_suffix(".json")?.split('_');
    let id = Uuid::from_str(parts.next()?).ok()?;
    let event = parts.next()?.to_owned();
    let bytes = parts.next()?.parse().ok()?;
    let rest: Vec<&str> = parts.collect();
    Some((id, event, bytes, rest.try_into().ok()?))
}

/// Letters, digits and dashes only: nothing that a path or the name's own separator could be.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(event: &str, due: i64) -> Entry {
        Entry {
            id: Uuid::now_v7(),
            event: event.to_owned(),
            bytes: 12,
            tries: 3,
            due: Timestamp::from_millisecond(due).unwrap(),
        }
    }

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let one = entry("PostToolUse", 1_800_000_000_123);
        assert_eq!(Entry::parse(&one.file_name()), Some(one.clone()));
        let failed = one.failed("http-413");
        assert_eq!(Failed::parse(&failed.file_name()), Some(failed));
    }

    #[test]
    fn a_later_event_sorts_behind() {
        let names: Vec<String> = (0..1000).map(|_| entry("Stop", 0).file_name()).collect();
        assert!(names.is_sorted());
    }

    #[test]
    fn names_of_others_are_not_read() {
        for name in [
            "",
            ".json",
            "notes.txt",
            "a_b_c_d_e.json",
            "_____.json",
            ".lock",
        ] {
            assert_eq!(Entry::parse(name), None, "{name}");
            assert_eq!(Failed::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_due_time_beyond_every_wait_is_a_clock_put_back() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for (ahead, due) in [
            (-1, true),
            (0, true),
            (1, false),
            (2 * 3600, false),
            (4 * 3600, true),
        ] {
            let one = entry("Stop", (1_800_000_000 + ahead) * 1000);
            assert_eq!(one.is_due(now), due, "{ahead}");
        }
    }

    proptest! {
        #[test]
        fn no_event_leads_out_of_the_folder(event in any::<String>(), reason in any::<String>()) {
            let one = entry(&event, 0);
            for name in [one.file_name(), one.failed(&reason).file_name()] {
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
                prop_assert!(!name.starts_with('.') && name.len() < 255, "{}", name);
            }
        }

        #[test]
        fn any_name_is_refused_or_written_back_alike(name in any::<String>()) {
            if let Some(one) = Entry::parse(&name) {
                prop_assert_eq!(one.file_name(), name);
            }
        }
    }
}
