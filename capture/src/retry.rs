//! What becomes of an event after a round of tries, and when the next round is.

use std::time::Duration;

use jiff::Timestamp;

use crate::post::Answer;

/// The wait after each failed round; when they are used up, the event is given up.
pub(crate) const WAITS: [Duration; 5] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    /// `tries` counts the failed rounds.
    Later {
        tries: u32,
        due: Timestamp,
    },
    Failed,
}

/// `tries` rounds had failed before this one.
pub(crate) fn fate(answer: &Answer, tries: u32, now: Timestamp) -> Fate {
    match answer {
        Answer::Taken => return Fate::Sent,
        Answer::Refused(_) => return Fate::Failed,
        _ => {}
    }
    let Some(wait) = WAITS.get(tries as usize) else {
        return Fate::Failed;
    };
    let wait = answer.retry_after().unwrap_or_default().max(*wait);
    Fate::Later {
        tries: tries + 1,
        due: now.saturating_add(wait).unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn five_rounds_after_the_first_and_then_no_more() {
        let rounds: Vec<Fate> = (0..7)
            .map(|tries| fate(&Answer::Away("refused"), tries, at(0)))
            .collect();
        let later = |tries, second| Fate::Later {
            tries,
            due: at(second),
        };
        assert_eq!(
            rounds,
            [
                later(1, 60),
                later(2, 300),
                later(3, 900),
                later(4, 3600),
                later(5, 7200),
                Fate::Failed,
                Fate::Failed,
            ]
        );
    }

    #[test]
    fn what_an_answer_means() {
        let busy = |seconds| Answer::Busy {
            status: 429,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let later = |second| Fate::Later {
            tries: 1,
            due: at(second),
        };
        let table = [
            (Answer::Taken, Fate::Sent),
            (Answer::Refused(413), Fate::Failed),
            (Answer::Denied(401), later(60)),
            (Answer::Broken(500), later(60)),
            (Answer::Slow, later(60)),
            (busy(5), later(60)),
            (busy(100), later(100)),
        ];
        for (answer, expected) in table {
            assert_eq!(fate(&answer, 0, at(0)), expected, "{answer:?}");
        }
    }
}
