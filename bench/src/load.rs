//! Load: many senders at once, as fast as they can or at a fixed rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{task::JoinSet, time::Instant};

use crate::figures::Times;

/// One connection. Returns once its request is answered as it should be.
pub(crate) trait Sender: Send + 'static {
    fn send(&mut self, number: u64) -> impl Future<Output = Result<()>> + Send;
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each sender sends its next request as soon as the last one is answered.
    Full { length: Duration },
    /// Requests are due at fixed instants, however slow the answers are, and their time counts from there:
    /// one that finds every sender busy counts its waiting too.
    Fixed { per_second: u32, length: Duration },
}

/// What a load brought.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) times: Times,
    pub(crate) per_second: f64,
    /// Each request's number, counted from 0, with its time.
    each: Vec<(u64, Duration)>,
}

impl Measured {
    /// The times of the requests whose number, counted from 0, is one of these.
    pub(crate) fn times_of(&self, wanted: impl Fn(u64) -> bool) -> Times {
        let wanted = self.each.iter().filter(|(number, _)| wanted(*number));
        Times::new(wanted.map(|(_, time)| *time).collect())
    }
}

/// Sends requests numbered from `first` on. Fails at the first one that is not answered as it should be.
pub(crate) async fn drive<S: Sender>(senders: Vec<S>, first: u64, pace: Pace) -> Result<Measured> {
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for sender in senders {
        tasks.spawn(one(sender, next.clone(), first, started, pace));
    }
    let mut each = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        each.extend(ended??);
    }
    let per_second = each.len() as f64 / started.elapsed().as_secs_f64();
    Ok(Measured {
        times: Times::new(each.iter().map(|(_, time)| *time).collect()),
        per_second,
        each,
    })
}

async fn one<S: Sender>(
    mut sender: S,
    next: Arc<AtomicU64>,
    first: u64,
    started: Instant,
    pace: Pace,
) -> Result<Vec<(u64, Duration)>> {
    let mut times = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(due) = due(number, started, pace) else {
            return Ok(times);
        };
        tokio::time::sleep_until(due).await;
        sender.send(first + number).await?;
        times.push((number, due.elapsed()));
    }
}

/// When the request of this number is due; `None` when the load is over.
fn due(number: u64, started: Instant, pace: Pace) -> Option<Instant> {
    match pace {
        Pace::Full { length } => Some(Instant::now()).filter(|now| *now < started + length),
        Pace::Fixed { per_second, length } => {
            let after = Duration::from_secs_f64(number as f64 / f64::from(per_second));
            (after < length).then(|| started + after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slow;

    impl Sender for Slow {
        async fn send(&mut self, _number: u64) -> Result<()> {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok(())
        }
    }

    /// Lower bounds only: a busy machine may take longer, never less.
    #[tokio::test]
    async fn at_a_fixed_rate_waiting_for_a_free_sender_counts() {
        let pace = Pace::Fixed {
            per_second: 100,
            length: Duration::from_millis(30),
        };
        // Due at 0, 10 and 20 ms; the only sender is free at 0, 30 and 60 ms.
        let measured = drive(vec![Slow], 0, pace).await.unwrap();
        assert_eq!(measured.times.count(), 3);
        assert!(measured.times.percentile(1).as_millis() >= 30);
        assert!(measured.times.most().as_millis() >= 70);
        assert_eq!(measured.times_of(|number| number > 0).count(), 2);
    }

    #[test]
    fn requests_at_a_fixed_rate_are_due_whatever_was_answered() {
        let started = Instant::now();
        let pace = Pace::Fixed {
            per_second: 500,
            length: Duration::from_secs(1),
        };
        let due = |number| due(number, started, pace);
        assert_eq!(due(0), Some(started));
        assert_eq!(due(250), Some(started + Duration::from_millis(500)));
        assert_eq!(due(500), None);
    }
}
