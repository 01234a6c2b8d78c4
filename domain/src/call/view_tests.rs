use proptest::prelude::*;

use super::*;
use crate::call::AppointmentAction as Action;

/// A call as its provider would tell it: the two or three events, and the read at the end.
fn life(disconnection: Disconnection, answered: bool, analysis: &Observation) -> Vec<Observation> {
    let ended = Observation {
        status: Some(if answered {
            ProviderStatus::Ended
        } else {
            ProviderStatus::NotConnected
        }),
        disconnection: Some(disconnection),
        disconnection_reason: Some(format!("because_{disconnection}")),
        connected: answered,
        started_at: Timestamp::from_second(1_767_225_600).ok(),
        ended_at: Timestamp::from_second(1_767_225_660).ok(),
        duration_ms: answered.then_some(60_000),
        ..Observation::bare(ObservationKind::Ended)
    };
    let analyzed = Observation {
        kind: ObservationKind::Analyzed,
        analyzed: true,
        in_voicemail: analysis.in_voicemail,
        action: analysis.action,
        unclear_action: analysis.unclear_action.clone(),
        opt_out: analysis.opt_out,
        ..ended.clone()
    };
    let fetched = Observation {
        kind: ObservationKind::Fetched,
        ..analyzed.clone()
    };
    let mut life = vec![ended, analyzed, fetched];
    if answered {
        life.push(Observation {
            status: Some(ProviderStatus::Ongoing),
            started_at: Timestamp::from_second(1_767_225_600).ok(),
            ..Observation::bare(ObservationKind::Started)
        });
    }
    life
}

fn analysis(action: Option<Action>) -> Observation {
    Observation {
        action,
        in_voicemail: Some(false),
        ..Observation::bare(ObservationKind::Analyzed)
    }
}

fn ended(disconnection: Disconnection) -> Observation {
    Observation {
        disconnection: Some(disconnection),
        ..Observation::bare(ObservationKind::Ended)
    }
}

fn outcome_of(observations: &[Observation]) -> Option<CallOutcome> {
    CallView::join(observations).outcome
}

#[test]
fn nothing_heard_is_a_queued_call() {
    let view = CallView::join(&[]);
    assert_eq!(
        (view.state, view.outcome, view.ended),
        (CallState::Queued, None, false)
    );
    assert_eq!(view.outcome_without_analysis(), CallOutcome::Uncertain);
}

#[test]
fn each_disconnection_has_its_state_and_outcome() {
    let table = [
        (
            Disconnection::NoAnswer,
            CallState::NoAnswer,
            CallOutcome::NoAnswer,
        ),
        (Disconnection::Busy, CallState::Busy, CallOutcome::Busy),
        (
            Disconnection::Machine,
            CallState::Voicemail,
            CallOutcome::Voicemail,
        ),
        (
            Disconnection::Failed,
            CallState::Failed,
            CallOutcome::Failed,
        ),
        (
            Disconnection::Unknown,
            CallState::Failed,
            CallOutcome::Failed,
        ),
        (
            Disconnection::Systemic,
            CallState::Failed,
            CallOutcome::SystemicFailure,
        ),
        (
            Disconnection::InvalidNumber,
            CallState::Failed,
            CallOutcome::InvalidNumber,
        ),
        (
            Disconnection::DoNotCall,
            CallState::Completed,
            CallOutcome::DoNotCall,
        ),
    ];
    for (disconnection, state, outcome) in table {
        let view = CallView::join(&[ended(disconnection)]);
        assert_eq!(
            (view.state, view.outcome),
            (state, Some(outcome)),
            "{disconnection}"
        );
    }
}

#[test]
fn an_answered_call_waits_for_its_analysis() {
    for disconnection in [Disconnection::Talked, Disconnection::Stopped] {
        let view = CallView::join(&[ended(disconnection)]);
        assert!(view.awaiting_analysis(), "{disconnection}");
        assert_eq!(view.outcome_without_analysis(), CallOutcome::NoClearAnswer);
    }
}

#[test]
fn a_line_that_broke_after_an_answer_waits_for_its_analysis() {
    let started = Observation::bare(ObservationKind::Started);
    let view = CallView::join(&[ended(Disconnection::Failed), started]);
    assert!(view.awaiting_analysis());
    assert_eq!(
        (view.state, view.outcome_without_analysis()),
        (CallState::Failed, CallOutcome::Failed)
    );
}

#[test]
fn a_decision_is_kept_when_the_line_broke_after_it() {
    let life = life(
        Disconnection::Failed,
        true,
        &analysis(Some(Action::Cancelled)),
    );
    let view = CallView::join(&life);
    assert_eq!(
        (view.outcome, view.state),
        (Some(CallOutcome::Cancelled), CallState::Completed)
    );
}

#[test]
fn an_opt_out_wins_and_the_cancellation_beside_it_is_kept() {
    let said = Observation {
        opt_out: true,
        ..analysis(Some(Action::Cancelled))
    };
    let view = CallView::join(&life(Disconnection::Talked, true, &said));
    assert_eq!(view.outcome, Some(CallOutcome::DoNotCall));
    assert_eq!(view.action, Some(Action::Cancelled));
    assert!(view.opt_out);
}

#[test]
fn a_greeting_on_a_machine_decides_nothing() {
    let said = Observation {
        in_voicemail: Some(true),
        ..analysis(Some(Action::Confirmed))
    };
    let view = CallView::join(&life(Disconnection::Talked, true, &said));
    assert_eq!(
        (view.outcome, view.action),
        (Some(CallOutcome::Voicemail), None)
    );
    assert_eq!(view.review, Some(CallReview::Unclear));
}

#[test]
fn a_person_mistaken_for_a_machine_is_believed_when_the_analysis_heard_a_decision() {
    let view = CallView::join(&life(
        Disconnection::Machine,
        true,
        &analysis(Some(Action::Cancelled)),
    ));
    assert_eq!(view.outcome, Some(CallOutcome::Cancelled));
}

#[test]
fn analyses_that_differ_keep_the_cancellation_and_ask_for_a_person() {
    let confirmed = analysis(Some(Action::Confirmed));
    let cancelled = analysis(Some(Action::Cancelled));
    let view = CallView::join(&[ended(Disconnection::Talked), confirmed, cancelled]);
    assert_eq!(view.outcome, Some(CallOutcome::Cancelled));
    assert_eq!(view.review, Some(CallReview::ReportsDisagree));
}

#[test]
fn an_action_that_was_not_understood_is_no_clear_answer_for_a_person_to_read() {
    let unclear = Observation {
        unclear_action: Some("peut-être".into()),
        ..analysis(None)
    };
    let view = CallView::join(&[ended(Disconnection::Talked), unclear]);
    assert_eq!(view.outcome, Some(CallOutcome::NoClearAnswer));
    assert_eq!(view.review, Some(CallReview::Unclear));
}

#[test]
fn an_end_without_a_reason_goes_by_the_status() {
    let read = |status| Observation {
        status: Some(status),
        ..Observation::bare(ObservationKind::Fetched)
    };
    assert!(CallView::join(&[read(ProviderStatus::Ended)]).awaiting_analysis());
    assert_eq!(
        outcome_of(&[read(ProviderStatus::NotConnected)]),
        Some(CallOutcome::Failed)
    );
    assert_eq!(
        outcome_of(&[read(ProviderStatus::Error)]),
        Some(CallOutcome::Failed)
    );
    assert_eq!(
        CallView::join(&[read(ProviderStatus::Error)]).review,
        Some(CallReview::Unclear)
    );
}

#[test]
fn a_read_of_a_running_call_ends_nothing() {
    let read = |status| Observation {
        status: Some(status),
        ..Observation::bare(ObservationKind::Fetched)
    };
    let states = [
        ProviderStatus::Registered,
        ProviderStatus::Ringing,
        ProviderStatus::Ongoing,
    ]
    .map(|status| CallView::join(&[read(status)]).state);
    assert_eq!(
        states,
        [
            CallState::Initiating,
            CallState::Ringing,
            CallState::Answered
        ]
    );
}

#[test]
fn an_observation_survives_its_own_json() {
    for observation in life(
        Disconnection::Talked,
        true,
        &analysis(Some(Action::Rescheduled)),
    ) {
        let text = serde_json::to_string(&observation).unwrap();
        assert_eq!(
            serde_json::from_str::<Observation>(&text).unwrap(),
            observation
        );
    }
}

fn any_life() -> impl Strategy<Value = Vec<Observation>> {
    let disconnection = prop::sample::select(Disconnection::ALL);
    let action = prop::option::of(prop::sample::select(Action::ALL));
    (
        disconnection,
        any::<bool>(),
        action,
        any::<Option<bool>>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(disconnection, answered, action, in_voicemail, opt_out, unclear)| {
                let answered = answered
                    || matches!(
                        disconnection,
                        Disconnection::Talked | Disconnection::Machine
                    );
                let unclear_action = unclear.then(|| "something else".to_owned());
                let said = Observation {
                    action,
                    in_voicemail,
                    opt_out,
                    unclear_action,
                    ..analysis(None)
                };
                life(disconnection, answered, &said)
            },
        )
}

/// Any observations, coherent or not: what a confused provider might send.
fn any_observations() -> impl Strategy<Value = Vec<Observation>> {
    prop::collection::vec(any_life(), 0..4).prop_map(|lives| lives.concat())
}

proptest! {
    #[test]
    fn order_and_doubles_do_not_matter(observations in any_observations(), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut shuffled = observations.clone();
        for pick in picks.iter().filter(|_| !observations.is_empty()) {
            let doubled = observations[pick.index(observations.len())].clone();
            let place = pick.index(shuffled.len() + 1);
            shuffled.insert(place, doubled);
            let last = shuffled.len() - 1;
            shuffled.swap(place, last);
        }
        prop_assert_eq!(CallView::join(&shuffled), CallView::join(&observations));
    }

    #[test]
    fn whatever_is_missing_one_telling_observation_is_enough(life in any_life(), kept in prop::collection::vec(any::<bool>(), 4), fetched in any::<bool>()) {
        let telling = if fetched { ObservationKind::Fetched } else { ObservationKind::Analyzed };
        let some: Vec<Observation> = life
            .iter()
            .zip(kept)
            .filter(|(each, kept)| *kept || each.kind == telling)
            .map(|(each, _)| each.clone())
            .collect();
        prop_assert_eq!(CallView::join(&some), CallView::join(&life));
    }

    #[test]
    fn hearing_more_never_goes_back(observations in any_observations()) {
        let mut ended = false;
        let mut opt_out = false;
        for heard in 0..=observations.len() {
            let view = CallView::join(&observations[..heard]);
            prop_assert!(view.ended >= ended && view.opt_out >= opt_out);
            prop_assert_eq!(view.ended, view.state.is_final());
            (ended, opt_out) = (view.ended, view.opt_out);
        }
    }

    #[test]
    fn an_analyzed_call_always_has_an_outcome(life in any_life()) {
        let view = CallView::join(&life);
        prop_assert!(view.outcome.is_some());
        prop_assert_eq!(Some(view.outcome_without_analysis()), view.outcome);
    }

    #[test]
    fn no_opt_out_is_lost(life in any_life()) {
        let asked = life.iter().any(|each| each.opt_out);
        prop_assert!(!asked || outcome_of(&life) == Some(CallOutcome::DoNotCall));
    }
}
