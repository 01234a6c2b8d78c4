use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{ids::EventId, settings::Events};

const PROVIDERS: [&str; 9] = [
    "retell",
    "vapi",
    "openphone",
    "quo",
    "twilio",
    "zoho",
    "standard_webhooks",
    "agent",
    "somebody_else",
];

fn noon() -> Timestamp {
    "2027-01-12T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

fn policy(provider: &str, event_type: &str) -> RetryPolicy {
    retry_policy(provider, event_type, &Events::default())
}

#[test]
fn the_eight_states_are_stored_by_their_codes() {
    let codes = EventState::ALL.iter().map(|state| state.code());
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [
            "received",
            "queued",
            "processing",
            "succeeded",
            "failed",
            "dead",
            "duplicate",
            "invalid"
        ]
    );
}

#[test]
fn only_these_changes_of_state_are_right() {
    use EventState::*;
    let right: [(EventState, &[EventState]); 8] = [
        (
            Received,
            &[
                Queued, Processing, Succeeded, Failed, Dead, Duplicate, Invalid,
            ],
        ),
        (
            Queued,
            &[Processing, Succeeded, Failed, Dead, Duplicate, Invalid],
        ),
        (
            Processing,
            &[Processing, Succeeded, Failed, Dead, Duplicate, Invalid],
        ),
        (Succeeded, &[Queued, Processing]),
        (Failed, &[Queued, Processing, Dead]),
        (Dead, &[Queued, Processing]),
        (Duplicate, &[]),
        (Invalid, &[Queued, Processing]),
    ];
    for (from, nexts) in right {
        for next in EventState::ALL {
            assert_eq!(
                from.may_become(*next),
                nexts.contains(next),
                "{from} to {next}"
            );
        }
    }
}

#[test]
fn a_settled_event_moves_again_only_by_an_operators_retry() {
    for state in EventState::ALL {
        let moves = EventState::ALL.iter().any(|next| state.may_become(*next));
        if state.is_settled() {
            assert_eq!(moves, state.may_be_retried(), "{state}");
        }
    }
    assert!(!EventState::Duplicate.may_be_retried());
}

#[test]
fn each_type_has_the_priority_that_its_meaning_asks_for() {
    use Priority::*;
    for (provider, event_type, priority) in [
        ("retell", "call_started", Critical),
        ("retell", "call_ended", Critical),
        ("retell", "call_analyzed", Critical),
        ("retell", "call_inbound", Critical),
        ("retell", "transfer_started", Critical),
        ("retell", "transcript_updated", Low),
        ("retell", "chat_ended", Standard),
        ("vapi", "assistant-request", Critical),
        ("vapi", "tool-calls", Critical),
        ("vapi", "transfer-destination-request", Critical),
        ("vapi", "end-of-call-report", Critical),
        ("vapi", "status-update", Critical),
        ("vapi", "conversation-update", Low),
        ("vapi", "transcript[transcriptType=\"final\"]", Low),
        ("vapi", "chat.created", Standard),
        ("openphone", "call.ringing", Critical),
        ("quo", "call.missed", Critical),
        ("quo", "call.voicemail.completed", Critical),
        ("openphone", "message.received", Critical),
        ("openphone", "message.delivered", Standard),
        ("openphone", "contact.updated", Standard),
        ("quo", "call.recording.completed", Low),
        ("quo", "call.summary.completed", Low),
        ("quo", "call.transcript.completed", Low),
        ("quo", "task.created", Low),
        ("twilio", "message.delivered", Standard),
        ("twilio", "message.received", Critical),
        ("twilio", "call.completed", Critical),
        ("twilio", "untyped", Low),
        ("zoho", "Contacts.update", Standard),
        ("zoho", "Events.delete", Critical),
        ("standard_webhooks", "appointment.cancelled", Critical),
        ("standard_webhooks", "BOOKING_CANCELLED", Critical),
        ("standard_webhooks", "invoice.paid", Low),
        ("agent", "agent.hook.SessionEnd", Low),
        ("somebody_else", "call_ended", Low),
        ("retell", "", Low),
        ("", "", Low),
    ] {
        assert_eq!(
            priority_of(provider, event_type),
            priority,
            "{provider} {event_type}"
        );
    }
}

#[test]
fn critical_goes_before_ordinary_processes_and_low_behind_them() {
    let keys: Vec<_> = Priority::ALL
        .iter()
        .map(|each| each.temporal_key())
        .collect();
    assert_eq!(keys, [1, 3, 5]);
    for kind in EventKind::ALL {
        assert!(!kind.priority_reason().is_empty() && !kind.priority_reason().ends_with('.'));
    }
}

#[test]
fn without_settings_there_are_three_tries_with_growing_pauses() {
    let policy = policy("somebody_else", "anything");
    assert_eq!(policy.tries, 3);
    let delays = [1, 2, 3, 4, 5, 100].map(|failures| policy.delay(failures).as_secs());
    assert_eq!(delays, [30, 120, 480, 1920, 3600, 3600]);
}

#[test]
fn the_policy_fits_the_source_and_the_type() {
    let tries = |provider, event_type| policy(provider, event_type).tries;
    assert_eq!(tries("retell", "call_ended"), 3);
    assert_eq!(
        policy("retell", "call_ended").first_delay,
        SignedDuration::from_secs(5)
    );
    let material = policy("quo", "call.transcript.completed");
    let delays = [1, 2, 3, 4].map(|failures| material.delay(failures).as_mins());
    assert_eq!((material.tries, delays), (5, [1, 4, 16, 60]));
    assert_eq!(tries("zoho", "Contacts.update"), 6);
}

#[test]
fn a_tenants_settings_go_before_the_built_in_policy() {
    let settings = Events {
        tries: Some(7),
        first_delay_seconds: Some(2),
        delay_factor: Some(1.0),
        longest_delay_seconds: Some(60),
    };
    let policy = retry_policy("zoho", "Contacts.update", &settings);
    assert_eq!((policy.tries, policy.delay(5).as_secs()), (7, 2));
    let only_tries = Events {
        tries: Some(1),
        ..Events::default()
    };
    let policy = retry_policy("retell", "call_ended", &only_tries);
    assert_eq!((policy.tries, policy.delay(2).as_secs()), (1, 30));
}

#[test]
fn a_failure_is_followed_by_what_its_class_deserves() {
    let policy = RetryPolicy {
        tries: 3,
        first_delay: SignedDuration::from_secs(30),
        factor: 4.0,
        longest: SignedDuration::from_hours(1),
    };
    let retry = |seconds, counted| AfterFailure::Retry {
        at: after(seconds),
        counted,
    };
    use ErrorClass::*;
    for (class, failures, follows) in [
        (Internal, 0, retry(30, true)),
        (Internal, 1, retry(120, true)),
        (Internal, 2, AfterFailure::Dead),
        (Internal, 100, AfterFailure::Dead),
        (Timeout, 0, retry(30, true)),
        (ProviderUnavailable, 1, retry(120, true)),
        (Interrupted, 2, AfterFailure::Dead),
        (Unreadable, 0, AfterFailure::Invalid),
        (RefusedByDatabase, 0, AfterFailure::Dead),
        (ProviderRefused, 0, AfterFailure::Dead),
        (ProviderDenied, 0, AfterFailure::Dead),
        (Unavailable, 2, retry(10, false)),
        (Unavailable, 1_000_000, retry(10, false)),
        (ProviderPace, 2, retry(60, false)),
        (CircuitOpen, 2, retry(60, false)),
    ] {
        assert_eq!(
            after_failure(noon(), failures, class, &policy),
            follows,
            "{class} after {failures}"
        );
    }
}

#[test]
fn a_provider_that_says_when_is_not_asked_before() {
    let step = after_failure(
        noon(),
        0,
        ErrorClass::ProviderPace,
        &policy("zoho", "Contacts.update"),
    );
    let later = AfterFailure::Retry {
        at: after(900),
        counted: false,
    };
    assert_eq!(step.not_before(Some(after(900))), later);
    assert_eq!(step.not_before(Some(after(1))), step);
    assert_eq!(step.not_before(None), step);
    assert_eq!(
        AfterFailure::Dead.not_before(Some(after(900))),
        AfterFailure::Dead
    );
}

#[test]
fn a_retry_is_described_before_it_is_made_and_never_dials() {
    let words = |scope, provider, event_type| retry_words(scope, provider, event_type).join(" ");
    assert_eq!(
        words(RetryScope::StateOnly, "retell", "call_ended"),
        "The stored event is read again, and what it says of the call is recorded anew, for the call's process to \
         take up when it looks next. No process is woken, nothing is sent, nothing is changed in another system. A retry never dials."
    );
    assert_eq!(
        words(RetryScope::StateAndEffects, "retell", "call_ended"),
        "The stored event is read again, and what it says of the call is recorded anew, for the call's process to \
         take up when it looks next. Then the call's process looks again: the call's state and outcome are found anew \
         from all that was heard, and take effect on the appointment and its reminder. A retry never dials. \
         A reminder that looks again calls only by its own plan and limits."
    );
    for scope in RetryScope::ALL {
        for provider in PROVIDERS {
            for event_type in ["call_ended", "message.received", "contact.updated", "x"] {
                assert!(words(*scope, provider, event_type).contains("A retry never dials."));
            }
        }
    }
}

#[test]
fn a_retry_promises_only_what_follows_from_the_source_and_the_type() {
    const OUTCOME: &str = "take effect on the appointment";
    const TEXT: &str = "another way is looked for";
    const NOTHING: &str = "that is all";
    for (provider, event_type, promised) in [
        ("retell", "call_ended", OUTCOME),
        ("retell", "transcript_updated", "looks again, if"),
        ("vapi", "end-of-call-report", NOTHING),
        ("vapi", "status-update", NOTHING),
        ("quo", "call.completed", NOTHING),
        ("openphone", "call.completed", NOTHING),
        ("twilio", "call.completed", NOTHING),
        ("twilio", "message.undelivered", TEXT),
        ("twilio", "message.received", NOTHING),
        ("quo", "message.delivered", NOTHING),
        ("openphone", "message.delivered", NOTHING),
        ("zoho", "Events.delete", NOTHING),
        ("standard_webhooks", "appointment.cancelled", NOTHING),
        ("agent", "agent.hook.Stop", NOTHING),
        ("somebody_else", "call_ended", NOTHING),
    ] {
        let words = retry_words(RetryScope::StateAndEffects, provider, event_type).join(" ");
        assert!(words.contains(promised), "{provider} {event_type}: {words}");
        let records_a_call = words.contains("state and outcome are found anew");
        assert_eq!(records_a_call, promised == OUTCOME, "{words}");
        let reads_a_status = words.contains("delivery status is looked at");
        assert_eq!(reads_a_status, promised == TEXT, "{words}");
    }
}

#[test]
fn every_retry_has_a_key_of_its_own() {
    let (one, other) = (EventId::generate(), EventId::generate());
    let keys = [retry_key(one, 1), retry_key(one, 2), retry_key(other, 1)];
    assert_eq!(keys[0], format!("{one}:retry:1"));
    assert!(keys[0] != keys[1] && keys[0] != keys[2]);
}

prop_compose! {
    fn any_policy()(
        tries in 0..20u32,
        first in -10..100_000i64,
        factor in prop::num::f64::ANY,
        longest in -10..100_000i64,
    ) -> RetryPolicy {
        RetryPolicy {
            tries,
            first_delay: SignedDuration::from_secs(first),
            factor,
            longest: SignedDuration::from_secs(longest),
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_policy_a_retry_lies_ahead_and_counted_ones_end(
        policy in any_policy(),
        classes in prop::collection::vec(prop::sample::select(ErrorClass::ALL), 1..60),
    ) {
        let (mut now, mut failures) = (noon(), 0);
        for class in classes {
            match after_failure(now, failures, class, &policy) {
                AfterFailure::Retry { at, counted } => {
                    prop_assert!(at > now);
                    prop_assert!(!counted || failures + 1 < policy.tries);
                    prop_assert_eq!(counted, class.worth() == Worth::ATry);
                    failures += u32::from(counted);
                    now = at;
                }
                given_up => {
                    prop_assert!(class.worth() != Worth::Waiting);
                    prop_assert!(given_up.state().is_settled());
                    break;
                }
            }
        }
    }

    #[test]
    fn any_type_has_a_priority_and_words(provider in any::<String>(), event_type in any::<String>()) {
        let provider = PROVIDERS.iter().copied().chain([provider.as_str()]);
        for provider in provider {
            priority_of(provider, &event_type);
            prop_assert!(!retry_words(RetryScope::StateAndEffects, provider, &event_type).is_empty());
        }
    }
}
