//! Spans of time, and lists of them that are in order and without overlaps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// From an instant to before another. Serialized with the two by name, in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Span {
    pub const ALWAYS: Span = Span {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    /// `None` when it ends where or before it starts.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Span> {
        (start < end).then_some(Span { start, end })
    }

    /// From an instant on, without an end.
    pub const fn since(start: Timestamp) -> Span {
        Span {
            start,
            end: Timestamp::MAX,
        }
    }

    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub fn covers(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What both have; `None` for nothing.
    pub fn within(self, other: Span) -> Option<Span> {
        Span::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// The same time as a list in order, with what overlaps or touches made one. Spans that hold nothing are left out.
pub fn tidy(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.start < span.end);
    spans.sort_unstable();
    let mut tidied: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match tidied.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => tidied.push(span),
        }
    }
    tidied
}

/// What two tidy lists both have.
pub fn common(one: &[Span], other: &[Span]) -> Vec<Span> {
    let (mut ones, mut others) = (one.iter().peekable(), other.iter().peekable());
    let mut found = Vec::new();
    while let (Some(&&a), Some(&&b)) = (ones.peek(), others.peek()) {
        found.extend(a.within(b));
        if a.end <= b.end {
            ones.next();
        } else {
            others.next();
        }
    }
    found
}

/// What a tidy list has and another does not.
pub fn without(spans: &[Span], taken: &[Span]) -> Vec<Span> {
    let mut gaps = Vec::with_capacity(taken.len() + 1);
    let mut free_since = Timestamp::MIN;
    for span in taken {
        gaps.extend(Span::new(free_since, span.start));
        free_since = span.end;
    }
    gaps.extend(Span::new(free_since, Timestamp::MAX));
    common(spans, &gaps)
}
