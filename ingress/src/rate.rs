//! How many webhooks a source or tenant may send.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::config::Rate;

/// A bucket that fills at a rate and holds a burst; each webhook takes one from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    held: f64,
    filled_at: Instant,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Instant) -> Self {
        Self {
            held: f64::from(rate.burst),
            filled_at: now,
        }
    }

    /// Takes one, or says how long until one is there.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let per_second = f64::from(rate.per_second);
        let gained = now.saturating_duration_since(self.filled_at).as_secs_f64() * per_second;
        self.held = (self.held + gained).min(f64::from(rate.burst));
        self.filled_at = now;
        if self.held >= 1.0 {
            self.held -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - self.held) / per_second))
        }
    }
}

/// One bucket per id. Only ids that exist in the database get here, so the map stays small.
pub(crate) struct Limiter {
    rate: Rate,
    buckets: Mutex<HashMap<Uuid, Bucket>>,
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
        }
    }

    /// Takes one from the bucket of `id`, or says how long to wait.
    pub(crate) fn take(&self, id: Uuid, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets
            .entry(id)
            .or_insert_with(|| Bucket::full(self.rate, now))
            .take(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 10,
        burst: 3,
    };

    #[test]
    fn a_burst_passes_and_the_next_waits_for_its_turn() {
        let now = Instant::now();
        let mut bucket = Bucket::full(RATE, now);
        assert_eq!(
            [
                bucket.take(RATE, now),
                bucket.take(RATE, now),
                bucket.take(RATE, now)
            ],
            [Ok(()); 3]
        );
        let wait = bucket.take(RATE, now).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        assert!(bucket.take(RATE, now + wait).is_ok());
    }

    #[test]
    fn a_quiet_hour_saves_up_no_more_than_the_burst() {
        let now = Instant::now();
        let mut bucket = Bucket::full(RATE, now);
        let later = now + Duration::from_secs(3_600);
        let passed = (0..10).filter(|_| bucket.take(RATE, later).is_ok()).count();
        assert_eq!(passed, 3);
    }

    #[test]
    fn one_source_does_not_use_up_what_another_may_send() {
        let (limiter, now) = (Limiter::new(RATE), Instant::now());
        let (busy, quiet) = (Uuid::from_u128(1), Uuid::from_u128(2));
        while limiter.take(busy, now).is_ok() {}
        assert!(limiter.take(quiet, now).is_ok());
    }
}
