//! All texts and calls with a person, in order, whatever order they became known in (TEXT-1).

use std::collections::{BTreeMap, btree_map};

use jiff::Timestamp;

use super::{Entry, EntryKind};

/// What tells an entry from all others of a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    pub kind: EntryKind,
    /// The provider's.
    pub id: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    entries: BTreeMap<EntryKey, Entry>,
}

impl Conversation {
    /// Adds what one event said: a recording goes to its call, also to one that is not known yet.
    pub fn add(&mut self, entry: Entry) {
        match self.entries.entry(entry.key()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(entry);
            }
            btree_map::Entry::Occupied(mut place) => place.get_mut().join(entry),
        }
    }

    pub fn get(&self, key: &EntryKey) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Oldest first. One whose time is not known stands where it was first heard of.
    pub fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_by_key(|entry| when(entry));
        entries
    }
}

fn when(entry: &Entry) -> Timestamp {
    entry.at.or(entry.first_heard).unwrap_or(Timestamp::MAX)
}

impl FromIterator<Entry> for Conversation {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Conversation {
        let mut conversation = Conversation::default();
        entries
            .into_iter()
            .for_each(|entry| conversation.add(entry));
        conversation
    }
}
