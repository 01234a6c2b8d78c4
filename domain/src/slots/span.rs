//! Stretches of time, and sets of them.

use jiff::{SignedDuration, Timestamp};

use crate::hours::shift;

/// A stretch of time from the first instant to before the last; empty when it does not end after it starts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Span {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Span {
    pub fn of_minutes(from: Timestamp, minutes: u16) -> Span {
        let until = shift(from, SignedDuration::from_mins(minutes.into()));
        Span { from, until }
    }

    pub fn is_empty(self) -> bool {
        self.until <= self.from
    }

    pub fn holds(self, instant: Timestamp) -> bool {
        (self.from..self.until).contains(&instant)
    }

    /// What lies in both; empty where nothing does.
    pub(super) fn both(self, other: Span) -> Span {
        Span {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        }
    }

    pub(super) fn longer_by(self, time: SignedDuration) -> Span {
        Span {
            until: shift(self.until, time),
            ..self
        }
    }
}

/// Stretches in order, none empty, none touching another.
#[derive(Debug, Clone)]
pub(super) struct Spans(Vec<Span>);

impl Spans {
    pub(super) fn of(spans: &[Span]) -> Spans {
        let mut sorted: Vec<Span> = spans
            .iter()
            .copied()
            .filter(|span| !span.is_empty())
            .collect();
        sorted.sort_unstable();
        let mut joined: Vec<Span> = Vec::with_capacity(sorted.len());
        for span in sorted {
            match joined.last_mut() {
                Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
                _ => joined.push(span),
            }
        }
        Spans(joined)
    }

    /// Where at least so many of the spans lie over one another.
    pub(super) fn where_at_least(count: usize, spans: &[Span]) -> Spans {
        let real = spans.iter().filter(|span| !span.is_empty());
        let mut changes: Vec<(Timestamp, bool)> = real
            .flat_map(|span| [(span.from, true), (span.until, false)])
            .collect();
        // Ends come before starts, as a span does not hold its end.
        changes.sort_unstable();
        let (mut deep, mut depth, mut since) = (Vec::new(), 0, Timestamp::MIN);
        for (at, starts) in changes {
            if starts {
                depth += 1;
                if depth == count {
                    since = at;
                }
            } else {
                if depth == count {
                    deep.push(Span {
                        from: since,
                        until: at,
                    });
                }
                depth -= 1;
            }
        }
        Spans::of(&deep)
    }

    /// Whether any of them shares an instant with the span.
    pub(super) fn meets(&self, span: Span) -> bool {
        !span.is_empty()
            && self
                .last_before(span.until)
                .is_some_and(|last| last.until > span.from)
    }

    /// Whether they hold every instant of the span.
    pub(super) fn cover(&self, span: Span) -> bool {
        span.is_empty()
            || self
                .last_before(span.until)
                .is_some_and(|last| last.from <= span.from && span.until <= last.until)
    }

    /// Where both are.
    pub(super) fn both(&self, other: &Spans) -> Spans {
        let all: Vec<Span> = self.0.iter().chain(&other.0).copied().collect();
        Spans::where_at_least(2, &all)
    }

    pub(super) fn into_vec(self) -> Vec<Span> {
        self.0
    }

    /// The last one that starts before the instant.
    fn last_before(&self, instant: Timestamp) -> Option<Span> {
        let after = self.0.partition_point(|span| span.from < instant);
        self.0.get(after.checked_sub(1)?).copied()
    }
}
