//! Which conditions stand, by what was measured (ALERT-3).

use jiff::SignedDuration;

use super::AlertCause;
use crate::settings::Alerts;

/// What was measured of one tenant, over the last few minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    /// The longest time from receipt to the end of processing, of those that ended or are still open.
    pub longest_processing: Option<SignedDuration>,
    pub processed: u64,
    /// Of the processed ones.
    pub failed: u64,
    /// Events that are received, queued or waiting for another try.
    pub queue_length: u64,
    /// The longest that a due reminder has been without a call although nothing forbids it.
    pub longest_not_placed: Option<SignedDuration>,
    /// The longest that an accepted event has been without a process.
    pub longest_not_started: Option<SignedDuration>,
}

/// Every condition with whether it stands. A limit itself is not over the limit.
pub fn standing(measures: &Measures, settings: &Alerts) -> [(AlertCause, bool); 5] {
    let seconds = |seconds: u32| SignedDuration::from_secs(seconds.into());
    let minutes = |minutes: u32| SignedDuration::from_mins(minutes.into());
    let over = |longest: Option<SignedDuration>, limit| longest.is_some_and(|it| it > limit);
    [
        (
            AlertCause::ProcessingSlow,
            over(
                measures.longest_processing,
                seconds(settings.processing_seconds),
            ),
        ),
        (
            AlertCause::FailuresShare,
            too_many_failures(measures, settings),
        ),
        (
            AlertCause::QueueLong,
            measures.queue_length > settings.queue_length.into(),
        ),
        (
            AlertCause::ReminderNotPlaced,
            over(
                measures.longest_not_placed,
                minutes(settings.not_placed_minutes),
            ),
        ),
        (
            AlertCause::AcceptedNotStarted,
            over(
                measures.longest_not_started,
                minutes(settings.not_started_minutes),
            ),
        ),
    ]
}

/// A share of few says nothing: one failure of three is not 33 %.
fn too_many_failures(measures: &Measures, settings: &Alerts) -> bool {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share needs no more than a float's digits"
    )]
    let share = measures.failed as f64 * 100.0 / measures.processed.max(1) as f64;
    measures.processed >= settings.failure_minimum.into() && share > settings.failure_percent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(measures: Measures) -> Vec<AlertCause> {
        let all = standing(&measures, &Alerts::default());
        all.into_iter()
            .filter_map(|(cause, stands)| stands.then_some(cause))
            .collect()
    }

    #[test]
    fn a_condition_stands_over_its_limit_and_not_at_it() {
        let secs = |seconds| Some(SignedDuration::from_secs(seconds));
        let quiet = Measures::default();
        assert_eq!(stand(quiet.clone()), []);
        for (measures, cause, stands) in [
            (
                Measures {
                    longest_processing: secs(5),
                    ..quiet.clone()
                },
                AlertCause::ProcessingSlow,
                false,
            ),
            (
                Measures {
                    longest_processing: secs(6),
                    ..quiet.clone()
                },
                AlertCause::ProcessingSlow,
                true,
            ),
            (
                Measures {
                    processed: 1000,
                    failed: 10,
                    ..quiet.clone()
                },
                AlertCause::FailuresShare,
                false,
            ),
            (
                Measures {
                    processed: 1000,
                    failed: 11,
                    ..quiet.clone()
                },
                AlertCause::FailuresShare,
                true,
            ),
            (
                Measures {
                    processed: 99,
                    failed: 99,
                    ..quiet.clone()
                },
                AlertCause::FailuresShare,
                false,
            ),
            (
                Measures {
                    processed: 100,
                    failed: 2,
                    ..quiet.clone()
                },
                AlertCause::FailuresShare,
                true,
            ),
            (
                Measures {
                    queue_length: 1000,
                    ..quiet.clone()
                },
                AlertCause::QueueLong,
                false,
            ),
            (
                Measures {
                    queue_length: 1001,
                    ..quiet.clone()
                },
                AlertCause::QueueLong,
                true,
            ),
            (
                Measures {
                    longest_not_placed: secs(300),
                    ..quiet.clone()
                },
                AlertCause::ReminderNotPlaced,
                false,
            ),
            (
                Measures {
                    longest_not_placed: secs(301),
                    ..quiet.clone()
                },
                AlertCause::ReminderNotPlaced,
                true,
            ),
            (
                Measures {
                    longest_not_started: secs(120),
                    ..quiet.clone()
                },
                AlertCause::AcceptedNotStarted,
                false,
            ),
            (
                Measures {
                    longest_not_started: secs(121),
                    ..quiet
                },
                AlertCause::AcceptedNotStarted,
                true,
            ),
        ] {
            let expected: &[AlertCause] = if stands { &[cause] } else { &[] };
            assert_eq!(stand(measures.clone()), expected, "{measures:?}");
        }
    }
}
