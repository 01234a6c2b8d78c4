//! One event of a feed, as far as it takes time. What it is about is not even read.

use super::{
    line::Line,
    rule::Rule,
    time::{End, Entry, Length, When, entries},
};

/// Longest id of an event that is compared, in bytes.
const LONGEST_ID: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Event {
    /// Empty when there is none.
    pub(super) id: String,
    /// `None` when it is missing or cannot be read.
    pub(super) start: Option<When>,
    pub(super) end: Option<End>,
    pub(super) rules: Vec<Rule>,
    pub(super) added: Vec<Entry>,
    pub(super) removed: Vec<When>,
    /// Which one of a series it replaces.
    pub(super) replaces: Option<When>,
    /// It replaces those that follow, too.
    pub(super) and_following: bool,
    /// It says how long it takes, or how it repeats, in a way that is not understood.
    pub(super) is_unclear: bool,
    /// Cancelled, or marked as free.
    pub(super) takes_no_time: bool,
}

impl Event {
    /// A stretch of time from a list, such as that of `FREEBUSY`.
    pub(super) fn stretch((start, end): Entry) -> Event {
        Event {
            start: Some(start),
            end,
            ..Event::default()
        }
    }

    pub(super) fn read(&mut self, line: &Line) {
        let value = line.value.trim();
        match line.name.as_str() {
            "UID" => self.id = line.text().chars().take(LONGEST_ID).collect(),
            "DTSTART" => self.start = When::of(line),
            "DTEND" => self.read_end(When::of(line).map(End::At)),
            "DURATION" => self.read_end(Length::parse(value).map(End::After)),
            "RRULE" => match Rule::parse(value) {
                Some(rule) => self.rules.push(rule),
                None => self.is_unclear = true,
            },
            "RDATE" => self.read_added(line),
            // One that cannot be read removes nothing.
            "EXDATE" => self
                .removed
                .extend(entries(line).flatten().map(|(when, _)| when)),
            "RECURRENCE-ID" => {
                self.replaces = When::of(line);
                self.and_following = line.param("RANGE").is_some();
            }
            "STATUS" => self.takes_no_time |= value.eq_ignore_ascii_case("CANCELLED"),
            "TRANSP" => self.takes_no_time |= value.eq_ignore_ascii_case("TRANSPARENT"),
            _ => {}
        }
    }

    fn read_end(&mut self, end: Option<End>) {
        self.is_unclear |= end.is_none();
        self.end = end;
    }

    fn read_added(&mut self, line: &Line) {
        for entry in entries(line) {
            match entry {
                Some(entry) => self.added.push(entry),
                None => self.is_unclear = true,
            }
        }
    }

    pub(super) fn repeats(&self) -> bool {
        !self.rules.is_empty() || !self.added.is_empty()
    }
}
