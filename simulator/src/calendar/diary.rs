//! The diaries that the fake calendars show.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// A taken time: from an instant to before another.
pub(super) type Taken = (Timestamp, Timestamp);

#[derive(Debug, Clone, Default)]
pub(super) struct Diary {
    pub(super) taken: Vec<Taken>,
    /// What its feed shows instead.
    pub(super) feed: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Diaries(Mutex<BTreeMap<String, Diary>>);

impl Diaries {
    pub(super) fn named(names: Vec<String>) -> Self {
        let empty = names.into_iter().map(|name| (name, Diary::default()));
        Self(Mutex::new(empty.collect()))
    }

    pub(super) fn add(&self, name: &str, start: Timestamp, end: Timestamp) {
        let mut all = self.all();
        let diary = all.entry(name.to_owned()).or_default();
        diary.taken.push((start, end));
        diary.taken.sort_unstable();
    }

    pub(super) fn remove(&self, name: &str, start: Timestamp, end: Timestamp) -> bool {
        let mut all = self.all();
        let Some(diary) = all.get_mut(name) else {
            return false;
        };
        let found = diary.taken.iter().position(|taken| *taken == (start, end));
        found.map(|place| diary.taken.remove(place)).is_some()
    }

    pub(super) fn set_feed(&self, name: &str, text: &str) {
        self.all().entry(name.to_owned()).or_default().feed = Some(text.to_owned());
    }

    /// `None` when there is no such diary.
    pub(super) fn find(&self, name: &str) -> Option<Diary> {
        self.all().get(name).cloned()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Diary>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Diary {
    /// What is taken in a stretch of time, cut to it.
    pub(super) fn within(&self, start: Timestamp, end: Timestamp) -> Vec<Taken> {
        let cut = self
            .taken
            .iter()
            .map(|taken| (taken.0.max(start), taken.1.min(end)));
        cut.filter(|(start, end)| start < end).collect()
    }
}
