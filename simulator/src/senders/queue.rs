//! What is to be sent next: fresh events in their order, and what is due again.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// As many may wait to be sent again before fresh ones are held up; else a receiver that is down for
/// long would cost memory.
const MAX_WAITING: usize = 100_000;

/// As many of a source are held back for its next event at once.
const MAX_HELD: usize = 8;

/// One thing to do for one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Job {
    /// Counted over all sources, which take turns.
    pub(super) event: u64,
    pub(super) part: Part,
    /// How often it was tried before.
    pub(super) tried: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The event's turn has come: its fault decides what is done.
    Fresh,
    /// The event as it is, until it is acknowledged or given up.
    Sound,
    /// Once more, whatever is answered.
    Copy,
}

pub(super) enum Next {
    Job(Job),
    /// Nothing before this time, unless something else ends.
    Wait(Option<Instant>),
    Finished,
}

#[derive(Debug)]
pub(super) struct Queue {
    /// The next fresh event, and how many there are in all.
    fresh: u64,
    total: u64,
    pace: Option<Pace>,
    waiting: BinaryHeap<Reverse<Due>>,
    /// By source: events that wait for a later one to be sent.
    held: Vec<VecDeque<u64>>,
    /// Jobs that were handed out and are not done.
    under_way: usize,
    /// Breaks ties, so that what was queued first goes first.
    queued: u64,
}

/// Fresh events go one after another, so far apart at least.
#[derive(Debug)]
struct Pace {
    apart: Duration,
    next: Instant,
}

#[derive(Debug, PartialEq, Eq)]
struct Due {
    at: Instant,
    queued: u64,
    job: Job,
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.queued).cmp(&(other.at, other.queued))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Queue {
    /// `total` events, of so many sources in turn; with `apart`, so far from one to the next.
    pub(super) fn new(total: u64, sources: usize, apart: Option<Duration>) -> Self {
        Self {
            fresh: 0,
            total,
            pace: apart.map(|apart| Pace {
                apart,
                next: Instant::now(),
            }),
            waiting: BinaryHeap::new(),
            held: vec![VecDeque::new(); sources],
            under_way: 0,
            queued: 0,
        }
    }

    /// Hands out the next job. Each has to be reported with [`Queue::done`].
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if let Some(job) = self.due(now).or_else(|| self.next_fresh(now)) {
            self.under_way += 1;
            return Next::Job(job);
        }
        let paced = self.pace.as_ref().filter(|_| self.may_be_fresh());
        let paced = paced.map(|pace| pace.next);
        if self.under_way == 0 && self.waiting.is_empty() && paced.is_none() {
            // No later event will come: what is held back goes now.
            for source in 0..self.held.len() {
                self.release(source, u64::MAX, now);
            }
            if self.waiting.is_empty() {
                return Next::Finished;
            }
            return self.next(now);
        }
        let again = self.waiting.peek().map(|Reverse(due)| due.at);
        Next::Wait(again.into_iter().chain(paced).min())
    }

    fn due(&mut self, now: Instant) -> Option<Job> {
        match self.waiting.peek() {
            Some(Reverse(due)) if due.at <= now => self.waiting.pop().map(|Reverse(due)| due.job),
            _ => None,
        }
    }

    fn may_be_fresh(&self) -> bool {
        self.fresh < self.total && self.waiting.len() < MAX_WAITING
    }

    fn next_fresh(&mut self, now: Instant) -> Option<Job> {
        if !self.may_be_fresh() {
            return None;
        }
        if let Some(pace) = &mut self.pace {
            if now < pace.next {
                return None;
            }
            // What was missed while nobody asked is not made up for: it would come all at once.
            pace.next = now.checked_add(pace.apart).unwrap_or(now);
        }
        let job = Job {
            event: self.fresh,
            part: Part::Fresh,
            tried: 0,
        };
        self.fresh += 1;
        Some(job)
    }

    /// Has a job done at a time.
    pub(super) fn at(&mut self, at: Instant, job: Job) {
        self.queued += 1;
        let queued = self.queued;
        self.waiting.push(Reverse(Due { at, queued, job }));
    }

    /// Holds an event back until a later one of its source was sent.
    pub(super) fn hold(&mut self, source: usize, event: u64, now: Instant) {
        let Some(held) = self.held.get_mut(source) else {
            return;
        };
        held.push_back(event);
        if held.len() > MAX_HELD {
            let first = held.pop_front();
            first
                .into_iter()
                .for_each(|event| self.at(now, sound(event)));
        }
    }

    /// Lets go of what was held back for this event.
    pub(super) fn release(&mut self, source: usize, sent: u64, now: Instant) {
        let Some(held) = self.held.get_mut(source) else {
            return;
        };
        let (earlier, later): (VecDeque<_>, VecDeque<_>) =
            held.drain(..).partition(|event| *event < sent);
        *held = later;
        for event in earlier {
            self.at(now, sound(event));
        }
    }

    pub(super) fn done(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }
}

fn sound(event: u64) -> Job {
    Job {
        event,
        part: Part::Sound,
        tried: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn events(queue: &mut Queue, now: Instant) -> Vec<u64> {
        let mut order = Vec::new();
        while let Next::Job(job) = queue.next(now) {
            order.push(job.event);
            queue.done();
        }
        order
    }

    #[test]
    fn what_is_due_again_goes_before_what_is_fresh() {
        let now = Instant::now();
        let mut queue = Queue::new(2, 1, None);
        queue.at(now, sound(7));
        queue.at(now + Duration::from_secs(1), sound(8));
        assert_eq!(events(&mut queue, now), [7, 0, 1]);
        assert!(matches!(queue.next(now), Next::Wait(Some(_))));
        assert_eq!(events(&mut queue, now + Duration::from_secs(1)), [8]);
    }

    #[test]
    fn what_is_held_back_goes_after_a_later_event_or_at_the_end() {
        let now = Instant::now();
        let mut queue = Queue::new(2, 1, None);
        let Next::Job(first) = queue.next(now) else {
            panic!("nothing to do");
        };
        queue.hold(0, first.event, now);
        queue.release(0, first.event, now);
        queue.done();
        let Next::Job(second) = queue.next(now) else {
            panic!("nothing to do");
        };
        queue.release(0, second.event, now);
        queue.done();
        assert_eq!((second.event, events(&mut queue, now)), (1, vec![0]));

        let mut alone = Queue::new(0, 1, None);
        alone.hold(0, 5, now);
        assert_eq!(events(&mut alone, now), [5]);
        assert!(matches!(alone.next(now), Next::Finished));
    }

    #[test]
    fn fresh_events_keep_their_distance_and_what_is_due_again_does_not() {
        let apart = Duration::from_secs(1);
        let mut queue = Queue::new(3, 1, Some(apart));
        let now = Instant::now();
        assert_eq!(events(&mut queue, now), [0]);
        queue.at(now, sound(7));
        assert_eq!(events(&mut queue, now), [7]);
        assert!(matches!(queue.next(now), Next::Wait(Some(at)) if at == now + apart));
        assert_eq!(events(&mut queue, now + apart * 5), [1]);
        assert_eq!(events(&mut queue, now + apart * 6), [2]);
        assert!(matches!(queue.next(now + apart * 6), Next::Finished));
    }

    #[test]
    fn it_is_not_finished_while_something_is_under_way() {
        let now = Instant::now();
        let mut queue = Queue::new(1, 1, None);
        assert!(matches!(queue.next(now), Next::Job(_)));
        assert!(matches!(queue.next(now), Next::Wait(None)));
        queue.done();
        assert!(matches!(queue.next(now), Next::Finished));
    }
}
