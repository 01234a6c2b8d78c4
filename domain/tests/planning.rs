//! Plans, retries and dry runs against an oracle that walks minute by minute (point 10 of the issue): over all
//! IANA zones and the years 2024–2035, never outside a window, never inside the buffer, never in the past,
//! always explained.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cases;
mod clocks;
mod oracle;

use cases::{Case, case, check, check_exactly};
use domain::{
    Reason,
    call::CallOutcome,
    hours::Hours,
    plan::{self, Adjustment},
    reminder::{Attempt, AttemptEnd, Deferral, Ending, Step, decide, dry_run, next_step},
    retry::{self, Retry, RetryRequest},
};
use jiff::{SignedDuration, Timestamp};
use oracle::{Appointment, Oracle, UnluckyCall};
use proptest::{prelude::*, sample::select};

fn with_oracle<T>(case: &Case, ask: impl FnOnce(&Oracle<'_>) -> T) -> T {
    let holidays = case.holidays();
    ask(&Oracle {
        settings: &case.settings,
        zones: &case.zones,
        holidays: &holidays,
    })
}

fn appointment(case: &Case) -> Appointment {
    Appointment {
        starts_at: case.starts_at,
        known_at: case.known_at,
        call_before_hours: case.hours_before(),
    }
}

#[test]
fn every_plan_is_permitted_explained_and_the_oracles() {
    check(6_000, case(), |case| {
        let plan = plan::plan(&case.plan_request());
        with_oracle(&case, |oracle| {
            if let Some(planned) = plan.planned {
                prop_assert!(
                    oracle.is_open(planned),
                    "outside the calling hours: {plan:?}"
                );
                prop_assert!(
                    planned <= oracle.latest(case.starts_at),
                    "inside the buffer: {plan:?}"
                );
                prop_assert!(planned >= case.known_at, "in the past: {plan:?}");
            }
            prop_assert_eq!(plan.planned.is_none(), plan.refused.is_some());
            let least = if plan.adjustment == Adjustment::None && plan.planned.is_some() {
                2
            } else {
                3
            };
            let least = if plan.refused == Some(Reason::AppointmentPast) {
                2
            } else {
                least
            };
            prop_assert!(plan.reasons.len() >= least, "not explained: {plan:?}");

            let expected = oracle.plan(&appointment(&case));
            let found = oracle::Verdict {
                ideal_at: plan.ideal_at,
                planned: plan.planned,
                adjustment: plan.adjustment,
                refused: plan.refused,
            };
            prop_assert_eq!(found, expected);
            Ok(())
        })
    });
}

#[test]
fn the_cases_reach_every_kind_of_plan() {
    let kinds = std::cell::RefCell::new(std::collections::BTreeMap::new());
    check_exactly(1_500, case(), |case| {
        let plan = plan::plan(&case.plan_request());
        *kinds
            .borrow_mut()
            .entry((plan.adjustment, plan.refused))
            .or_insert(0) += 1;
        Ok(())
    });
    let kinds = kinds.into_inner();
    for kind in [
        (Adjustment::None, None),
        (Adjustment::Forward, None),
        (Adjustment::Backward, None),
        (Adjustment::Late, None),
        (Adjustment::Late, Some(Reason::LateBooking)),
        (Adjustment::Late, Some(Reason::NoOpenTime)),
        (Adjustment::None, Some(Reason::NoOpenTime)),
        (Adjustment::None, Some(Reason::AppointmentPast)),
    ] {
        assert!(
            kinds.get(&kind).is_some_and(|seen| *seen >= 10),
            "{kind:?}: {kinds:?}"
        );
    }
}

#[test]
fn every_retry_is_permitted_and_the_oracles() {
    let outcome = select(vec![
        CallOutcome::NoAnswer,
        CallOutcome::Voicemail,
        CallOutcome::Busy,
        CallOutcome::Failed,
    ]);
    let call = (outcome, 1..=5_u32, 0..6 * 24 * 3600_i64, 0..900_i64);
    check(
        6_000,
        (case(), call),
        |(case, (outcome, retry, before, lasted))| {
            let dialed_at = case.starts_at - SignedDuration::from_secs(before + lasted);
            let ended_at = dialed_at + SignedDuration::from_secs(lasted);
            let hours = Hours::new(&case.settings, &case.zones);
            let request = RetryRequest {
                settings: &case.settings,
                hours: &hours,
                starts_at: case.starts_at,
                best_hour: case.best_hour,
                outcome,
                retry,
                dialed_at,
                ended_at,
            };
            let call = UnluckyCall {
                starts_at: case.starts_at,
                outcome,
                retry,
                dialed_at,
                ended_at,
                best_hour: case.best_hour,
            };
            let found = match retry::next(&request) {
                Retry::At(retry) => {
                    prop_assert!(!retry.words(&request).is_empty());
                    prop_assert_eq!(retry.reason(&hours).is_some(), retry.at > retry.wanted_at);
                    Ok(retry.at)
                }
                Retry::ManualReview(reason) => Err(reason),
                other => panic!("{other:?}"),
            };
            with_oracle(&case, |oracle| {
                if let Ok(at) = found {
                    prop_assert!(
                        oracle.is_open(at) && at <= oracle.latest(case.starts_at) && at > dialed_at
                    );
                }
                prop_assert_eq!(found, oracle.retry(&call));
                Ok(())
            })
        },
    );
}

#[test]
fn a_dry_run_is_the_oracles_plan_and_its_retries() {
    check(2_500, case(), |case| {
        let run = dry_run(case.known_at, &case.facts(), &case.settings);
        with_oracle(&case, |oracle| {
            let first = oracle.plan(&appointment(&case));
            let mut calls: Vec<Timestamp> = first.planned.into_iter().collect();
            let mut reason = first.refused;
            while let Some(last) = calls.last().copied()
                && reason.is_none()
            {
                let retry = calls.len() as u32;
                let call = UnluckyCall {
                    starts_at: case.starts_at,
                    outcome: CallOutcome::NoAnswer,
                    retry,
                    dialed_at: last,
                    ended_at: last,
                    best_hour: case.best_hour,
                };
                match oracle.retry(&call) {
                    Ok(next) => calls.push(next),
                    Err(why) => reason = Some(why),
                }
            }
            let found: Vec<Timestamp> = run
                .next_call
                .into_iter()
                .chain(run.retries_if_unanswered.clone())
                .collect();
            prop_assert_eq!(found, calls);
            prop_assert_eq!(run.reason, reason);
            prop_assert_eq!(
                run.ending,
                if first.planned.is_some() {
                    Ending::ManualReview
                } else {
                    Ending::Refused
                }
            );
            Ok(())
        })
    });
}

/// What may happen to a reminder between two looks: the worker sleeps too long, the gates put it off, calls end.
#[derive(Debug, Clone, Copy)]
struct Weather {
    overslept_minutes: i64,
    put_off_minutes: Option<i64>,
    outcome: CallOutcome,
    lasted_seconds: i64,
}

fn weather() -> impl Strategy<Value = Weather> {
    let outcomes = vec![
        CallOutcome::NoAnswer,
        CallOutcome::Voicemail,
        CallOutcome::Busy,
        CallOutcome::Failed,
        CallOutcome::NotPlaced,
    ];
    let overslept = prop_oneof![3 => Just(0), 2 => 0..120_i64, 1 => 0..3_000_i64];
    let put_off = prop_oneof![3 => Just(None), 1 => (1..3_000_i64).prop_map(Some)];
    (overslept, put_off, select(outcomes), 0..600_i64).prop_map(
        |(overslept_minutes, put_off_minutes, outcome, lasted_seconds)| Weather {
            overslept_minutes,
            put_off_minutes,
            outcome,
            lasted_seconds,
        },
    )
}

#[test]
fn in_any_weather_a_reminder_dials_only_when_permitted_and_ends() {
    let weathers = proptest::collection::vec(weather(), 40);
    check(2_500, (case(), weathers), |(case, weathers)| {
        let mut facts = case.facts();
        let mut now = case.known_at;
        let mut steps = 0;
        with_oracle(&case, |oracle| {
            for weather in weathers.iter().cycle() {
                steps += 1;
                prop_assert!(steps < 500, "no end: {:?}", facts);
                let decided = decide(now, &facts, &case.settings);
                prop_assert!(!decided.notes.is_empty());
                match decided.step {
                    Step::Wait { until, .. } => {
                        prop_assert!(until > now, "a wait into the past");
                        prop_assert!(
                            until <= oracle.latest(case.starts_at),
                            "a wait into the buffer"
                        );
                        now = until + SignedDuration::from_mins(weather.overslept_minutes);
                    }
                    Step::Dial { attempt } => {
                        prop_assert!(oracle.is_open(now), "dialed outside the calling hours");
                        prop_assert!(
                            now <= oracle.latest(case.starts_at),
                            "dialed inside the buffer"
                        );
                        prop_assert!(attempt <= u32::from(case.settings.retries.max_retries) + 1);
                        let cooldown = SignedDuration::from_mins(
                            case.settings.limits.same_number_cooldown_minutes.into(),
                        );
                        let last = facts
                            .attempts
                            .iter()
                            .rfind(|call| call.ended.unwrap().outcome != CallOutcome::NotPlaced);
                        prop_assert!(
                            last.is_none_or(|last| now >= last.dialed_at + cooldown),
                            "dialed too soon again"
                        );
                        facts.deferral = weather.put_off_minutes.map(|minutes| Deferral {
                            reason: Reason::LimitConcurrent,
                            until: now + SignedDuration::from_mins(minutes),
                        });
                        if facts.deferral.is_none() {
                            let dialed_at = now;
                            now += SignedDuration::from_secs(weather.lasted_seconds);
                            facts.attempts.push(Attempt {
                                dialed_at,
                                ended: Some(AttemptEnd {
                                    outcome: weather.outcome,
                                    at: now,
                                }),
                            });
                            // A call that was never placed would otherwise be tried for ever at the same instant.
                            now += SignedDuration::from_secs(1);
                        }
                    }
                    Step::Follow => prop_assert!(false, "no call is open"),
                    Step::Finish { reason, .. } => {
                        prop_assert!(reason.is_some());
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    });
}

#[test]
fn the_step_does_not_depend_on_when_it_was_asked_before() {
    check(1_000, (case(), 0..14 * 24 * 60_i64), |(case, minutes)| {
        let facts = case.facts();
        let now = case.known_at + SignedDuration::from_mins(minutes);
        let step = next_step(now, &facts, &case.settings);
        prop_assert_eq!(&step, &decide(now, &facts, &case.settings).step);
        // Asking again during a wait changes nothing about when it ends.
        if let Step::Wait { until, .. } = step {
            let halfway = now + (until.duration_since(now)) / 2;
            if let Step::Wait { until: later, .. } = next_step(halfway, &facts, &case.settings) {
                prop_assert_eq!(until, later);
            }
        }
        Ok(())
    });
}
